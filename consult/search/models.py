"""The index: which words stand in what everybody reads, and by what those words are looked up."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base
from consult.text.searching import MAX_WORD

MAX_KIND, MAX_KEY, MAX_WRITTEN = 8, MAX_WORD + 1, 60


def _in_bytes(length: int) -> sa.types.TypeEngine:
    """Compared sign by sign on both engines, whatever the language of the server."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


class SearchPosting(Base):
    """One word of one thing that everybody reads. ``weight`` is what the word's frequency there is worth, in hundredths; all columns are
    the key, so that a search reads the index alone.
    """

    __tablename__ = "search_posting"
    __append_only__ = False  # made of the words of what is published, and gone with them
    __recorded__ = False  # what it is made of is
    __table_args__ = (sa.Index("ix_search_posting_subject_id_kind", "subject_id", "kind"), {"sqlite_with_rowid": False})

    word: Mapped[str] = mapped_column(_in_bytes(MAX_WORD), primary_key=True)
    kind: Mapped[str] = mapped_column(_in_bytes(MAX_KIND), primary_key=True)
    subject_id: Mapped[int] = mapped_column(
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False)
    weight: Mapped[int] = mapped_column(sa.SmallInteger(), primary_key=True, autoincrement=False)


class SearchWord(Base):
    """A word that stands in something that everybody reads, as it was first ``written`` there."""

    __tablename__ = "search_word"
    __append_only__ = False
    __recorded__ = False
    __table_args__ = {"sqlite_with_rowid": False}

    word: Mapped[str] = mapped_column(_in_bytes(MAX_WORD), primary_key=True)
    written: Mapped[str] = mapped_column(sa.String(MAX_WRITTEN))


class SearchKey(Base):
    """By what such a word is looked up (:mod:`consult.text.searching`): its stems, what related words share, its misspellings."""

    __tablename__ = "search_key"
    __append_only__ = False
    __recorded__ = False
    __table_args__ = {"sqlite_with_rowid": False}

    key: Mapped[str] = mapped_column(_in_bytes(MAX_KEY), primary_key=True)
    word: Mapped[str] = mapped_column(_in_bytes(MAX_WORD), primary_key=True, index=True)
