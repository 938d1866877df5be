"""Pages of a synthesis, and what other rooms show of it."""

from consult.synthesis.views import extensions, overview, points, reading
from consult.synthesis.views.pages import bp

__all__ = ["bp", "extensions", "overview", "points", "reading"]
