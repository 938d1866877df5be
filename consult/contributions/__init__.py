"""What participants say about a block, and the proof that they said it."""
