"""Folds: what the worker finds alike, what people decide of it, and what is read from both."""

from consult.grouping.service.choosing import join, list_choices, part
from consult.grouping.service.folding import fold, fold_chapter
from consult.grouping.service.reading import (
    Member,
    Piece,
    Resemblance,
    get_fold,
    get_fold_of,
    get_said,
    list_members,
    pieces_of,
    resemblances_of,
)

__all__ = [
    "Member", "Piece", "Resemblance", "fold", "fold_chapter", "get_fold", "get_fold_of", "get_said", "join", "list_choices",
    "list_members", "part", "pieces_of", "resemblances_of",
]
