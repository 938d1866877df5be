"""Pages of contributions: writing and reading them, what others do beside them, and the review of their places."""

from consult.contributions.views import anchors, attachments, extensions, listing, offered, position, reactions, saving, similar, waiting
from consult.contributions.views.pages import bp

__all__ = ["anchors", "attachments", "bp", "extensions", "listing", "offered", "position", "reactions", "saving", "similar", "waiting"]
