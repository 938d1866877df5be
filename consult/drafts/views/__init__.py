"""Pages of the text: reading it, preparing and publishing revisions, comparing them, keeping its languages in step."""

from consult.drafts.views import history, passport, preparing, twins
from consult.drafts.views.pages import bp

__all__ = ["bp", "history", "passport", "preparing", "twins"]
