"""What a commission makes of the contributions on its chapter."""
