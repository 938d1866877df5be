"""Pages of the text: reading it, preparing and publishing revisions, comparing them, keeping its languages in step."""

from consult.chapters.views import history, preparing, provision, translations
from consult.chapters.views.pages import bp

__all__ = ["bp", "history", "preparing", "provision", "translations"]
