"""One member more in an enum, while a test asks what the program makes of a state that nobody has thought of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from consult.core.db import Base, session
from consult.core.states import MeaningEnum


@contextmanager
def another(enum: type[MeaningEnum], value: str, label: str, **meaning: Any) -> Iterator[MeaningEnum]:
    """The member, which the database takes too: until the end its CHECK is not asked."""
    member = enum.__new_member__(enum, value, label, meaning)
    member._name_, member._sort_order_ = value.upper(), len(enum)
    columns = [c for table in Base.metadata.tables.values() for c in table.columns if getattr(c.type, "enum_class", None) is enum]
    enum._member_map_[member._name_] = enum._value2member_map_[value] = member
    enum._member_names_.append(member._name_)
    try:
        teach(enum, columns)
        unchecked(columns, "ON")
        yield member
    finally:
        enum._member_names_.remove(member._name_)
        del enum._member_map_[member._name_], enum._value2member_map_[value]
        unchecked(columns, "OFF")
        teach(enum, columns)


def teach(enum: type[MeaningEnum], columns: list[sa.Column]) -> None:
    """The types of the columns, and what the dialect has made of them, know the members of this moment."""
    made = session.get_bind().dialect._type_memos
    types = [column.type for column in columns]
    for known in (*types, *(memo["impl"] for kind, memo in list(made.items()) if kind in types and "impl" in memo)):
        known._setup_for_values([member.value for member in enum], list(enum), {})
        known._valid_lookup[None] = known._object_lookup[None] = None  # a column may hold nothing, and a part of a union none of them


def unchecked(columns: list[sa.Column], state: str) -> None:
    """On PostgreSQL the test's own transaction brings the constraints back."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text(f"PRAGMA ignore_check_constraints={state}"))
    elif state == "ON":
        for column in columns:
            session.execute(sa.text(f"ALTER TABLE {column.table.name} DROP CONSTRAINT ck_{column.table.name}_{column.name}"))
