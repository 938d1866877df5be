"""Pages of contributions: writing and reading them, and the review of their places."""

from consult.contributions.views import anchors, extensions, listing, waiting
from consult.contributions.views.pages import bp

__all__ = ["anchors", "bp", "extensions", "listing", "waiting"]
