"""Stakeholders: who was asked to say something, and who stays silent."""
