"""Long lists, a page at a time: each page goes on after the last row of the one before, by that row's key.

Pages have no number, so no row is skipped or shown twice while others are added.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from consult.core.db import reading, session

PAGE_SIZE = 20  # contributions read whole, one after the other
WORK_PAGE_SIZE = 25  # contributions to be gathered: those that make one point stand on one page more often
ENTRY_PAGE_SIZE = 30  # a few lines each, all of the same making
REGISTER_PAGE_SIZE = 40  # one line each
BATCH = 200  # what no page shows

MAX_NUMBER = 2**31 - 1  # what the database can hold
TYPED = re.compile(r"\d{1,10}(?:-\d{1,10}){0,3}", re.ASCII)
Row = TypeVar("Row")


@dataclass(frozen=True)
class Cursor:
    """The key of the row that a page goes on after; in an address its numbers are joined by hyphens."""

    key: tuple[int, ...]

    def __str__(self) -> str:
        return "-".join(map(str, self.key))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor that an address holds; :class:`ValueError` for anything else, which ``request.args.get`` takes for none."""
        key = tuple(map(int, text.split("-"))) if TYPED.fullmatch(text) else ()
        if not key or max(key) > MAX_NUMBER:
            raise ValueError(f"{text[:20]!r} is no place in a list")
        return cls(key)


@dataclass(frozen=True)
class Order:
    """The columns by which a list is ordered, which no two of its rows have in common; all of them rising, or all falling."""

    key: tuple[sa.ColumnElement[Any], ...]
    is_rising: bool

    def reversed(self) -> "Order":
        return replace(self, is_rising=not self.is_rising)

    def after(self, chosen: sa.Select, cursor: Cursor | None) -> sa.Select:
        """What is chosen, in this order, from behind the cursor on; all of it when there is none, or one of another list."""
        if fitting := self.fitting(cursor):
            chosen = chosen.where(self._behind(self.key, fitting.key))
        return chosen.order_by(*(column.asc() if self.is_rising else column.desc() for column in self.key))

    def fitting(self, cursor: Cursor | None) -> Cursor | None:
        return cursor if cursor and len(cursor.key) == len(self.key) else None

    def _behind(self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[int]) -> sa.ColumnElement[bool]:
        column, value = columns[0], values[0]
        further, here = (column > value, column >= value) if self.is_rising else (column < value, column <= value)
        # The first column by itself too: an index is entered there.
        return sa.and_(here, sa.or_(further, self._behind(columns[1:], values[1:]))) if columns[1:] else further


def rising(*key: Any) -> Order:
    return Order(key, is_rising=True)


def falling(*key: Any) -> Order:
    return Order(key, is_rising=False)


@dataclass(frozen=True)
class PageLinks:
    """The addresses of a pager: None where it leads nowhere."""

    older: str | None
    newest: str | None


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows in the order of their list, the cursor that they come after (None: from the beginning on), and the one that the next page
    goes on after (None: there are no more).
    """

    rows: list[Row]
    after: Cursor | None
    older: Cursor | None

    def links(self, address: Callable[..., str], name: str = "after") -> PageLinks:
        """``address`` makes the list's own; the cursor stands in it under ``name``."""
        return PageLinks(address(**{name: self.older}) if self.older else None, address() if self.after else None)


def get_page(chosen: sa.Select, order: Order, *, after: Cursor | None, size: int) -> Page[Any]:
    """One page of what is chosen: objects where one thing is selected, rows where there are several."""
    width = len(order.key)
    found = session.execute(order.after(chosen.add_columns(*order.key), after).limit(size + 1)).all()
    page = cut(found, lambda row: tuple(row[-width:]), after=order.fitting(after), size=size)
    rows: list[Any] = [row[0] if len(row) == width + 1 else row[:-width] for row in page.rows]
    return Page(rows, page.after, page.older)


def cut(found: Sequence[Row], key_of: Callable[[Row], tuple[int, ...]], *, after: Cursor | None, size: int) -> Page[Row]:
    """The page of what was found with one row more than it holds, if there is one more."""
    return Page(list(found[:size]), after, Cursor(key_of(found[size - 1])) if len(found) > size else None)


def each_row(page_after: Callable[[Cursor | None], Page[Row]]) -> Iterator[Row]:
    """All rows of a list, a page of them in memory at a time.

    Each page is a reading of its own, and what it read stands by itself: nothing is held while a slow reader takes what came before.
    """
    after, is_read = None, False
    while after or not is_read:
        with reading():
            page = page_after(after)
            session.expunge_all()
        yield from page.rows
        after, is_read = page.older, True


def in_batches(chosen: sa.Select[Any], *key: sa.Column[Any]) -> Iterator[Any]:
    """Objects by rising key, :data:`BATCH` of them in memory at a time, all within the reading of whoever asks."""
    chosen, last = chosen.order_by(None).order_by(*key), None
    while rows := session.scalars((chosen if last is None else chosen.where(sa.tuple_(*key) > last)).limit(BATCH)).unique().all():
        yield from rows
        last = sa.tuple_(*(sa.literal(getattr(rows[-1], column.key), column.type) for column in key))
