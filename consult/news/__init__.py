"""News: what each person follows and chooses to be told, how often, and the letters and feeds that tell it."""
