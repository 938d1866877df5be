"""The whole exercise: its phases, dates, commissions and the people in charge."""
