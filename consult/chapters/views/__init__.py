"""Pages of the text: reading it, preparing and publishing revisions, comparing them, keeping its languages in step."""

from consult.chapters.views import history, passport, preparing, twins
from consult.chapters.views.pages import bp

__all__ = ["bp", "history", "passport", "preparing", "twins"]
