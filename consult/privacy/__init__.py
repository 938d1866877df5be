"""What is held on whom, why, and for how long? Periods, the file of one's own data, forgetting a person, the register of processing."""
