"""Who takes part: users, and how they sign in."""
