"""Stakeholders: lists that are brought, letters, what becomes of them."""
