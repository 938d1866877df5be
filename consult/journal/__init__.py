"""The journal for people: who did what and when, where its chain stood, and whether a receipt still holds."""
