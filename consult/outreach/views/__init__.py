"""Pages of stakeholders: those of the secretariat, and the one that a letter leads to."""

from consult.outreach.views import answering, lists
from consult.outreach.views.pages import bp

__all__ = ["answering", "bp", "lists"]
