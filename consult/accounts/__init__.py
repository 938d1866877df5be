"""Who takes part: users, and the organisations they speak for."""
