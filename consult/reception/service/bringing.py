"""Many at once: a table, or what another platform exports, brought into a batch, its columns named, its rows entered by the worker."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from consult.accounts.models import User
from consult.contributions.models import CommentType, Kind, Position
from consult.core import states
from consult.core.commands import command
from consult.core.config import derived_key, this_app
from consult.core.confinement import Limits, confined
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _
from consult.core.locks import list_locked, lock
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category
from consult.reception.models import MAX_PLACE, Batch, BroughtTable, TableState
from consult.reception.reading import FIELDS, ReadTable, read_table
from consult.reception.service.batches import require_in_time
from consult.reception.service.entries import enter, get_block, says_another
from consult.text.normalising import is_blank, validated_line

LIMITS = Limits(cpu=20, wall=40, memory=768)
SHOWN_TABLES = 20


def get_read_table(actor: Actor, batch: Batch, data: bytes, file_name: str) -> ReadTable:
    """What stands in a file, read where nobody waits for it; raises :class:`Invalid` (field ``file``)."""
    require(actor, Action.RECEPTION_BRING, batch)
    return confined(read_table, data, file_name, limits=LIMITS)


@command
def bring(actor: User, batch: Batch, *, table: ReadTable, data: bytes, file_name: str) -> BroughtTable:
    """Keep a table beside the batch; nothing of it is entered before its columns are named. :class:`Conflict` where the batch is closed,
    :class:`Invalid` (field ``file``) where it has more rows than the batch has left, or the same file was brought already.
    """
    lock(batch)
    require_in_time(batch)
    digest = hashlib.sha256(data).hexdigest()
    if session.scalar(sa.select(BroughtTable.id).where(BroughtTable.batch_id == batch.id, BroughtTable.digest == digest)) is not None:
        raise Invalid("file", _("This very file was brought into this batch already."), _("It stands on the page of the batch."))
    if len(table.rows) > batch.left:
        raise Invalid("file", _("The table has %(rows)s rows, and %(left)s of this batch are left.", rows=len(table.rows), left=batch.left),
                      _("Register another batch with its number."))
    name = validated_line("file", file_name, max_length=1000)[-MAX_PLACE:] or "table"
    brought = BroughtTable(batch=batch, brought_by_id=actor.id, file_name=name, digest=digest, columns=table.columns, rows=table.rows,
                           rows_count=len(table.rows), mapping=None, refused=[])
    session.add(brought)
    session.flush()
    return brought


@command
def enter_table(actor: User, brought: BroughtTable, *, mapping: Mapping[str, int], passage: str, language: str) -> BroughtTable:
    """The worker enters its rows, each once. ``mapping`` says in which column each of :data:`~consult.reception.reading.FIELDS` stands;
    ``passage`` is that of rows which name none.

    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where it is being entered, or was, already.
    """
    kept = {name: place for name, place in mapping.items() if name in FIELDS and 0 <= place < len(brought.columns)}
    if "body" not in kept:
        raise Invalid("body", _("Choose the column that holds what people said."))
    if "passage" not in kept and is_blank(passage):
        raise Invalid("passage", _("Say of which passage it speaks."), _("Choose a column, or type one passage for all rows."))
    if not is_blank(passage):
        get_block(actor, brought.consultation, passage, language)
    lock(brought, "state")
    if not brought.state.may_become(TableState.ENTERING):
        raise Conflict(_("The rows of this table are entered already, or being entered."))
    require_in_time(brought.batch)
    brought.mapping = {**kept, "for_all": passage, "language": language, "by": actor.id}
    states.move(brought, TableState.ENTERING)
    return brought


def enter_brought(actor: User, brought: BroughtTable, number: int, row: Sequence[str], mapping: Mapping[str, Any]) -> None:
    """One of its rows, as if it had been typed; :class:`Invalid` and :class:`Conflict` as :func:`enter` raises them."""
    def cell(name: str) -> str:
        place = mapping.get(name)
        return row[place].strip() if isinstance(place, int) and place < len(row) else ""
    passage = cell("passage") or mapping["for_all"]
    title, body = cell("title"), cell("body")
    said = body if not title or body.partition("\n")[0] == title else f"{title}\n\n{body}"
    block = get_block(actor, brought.consultation, passage, mapping["language"])
    who = {"name": f"{cell('name')} {cell('last_name')}".strip(), "organisation": cell("organisation")}
    enter(actor, brought.batch, form_key=row_key(brought, number), block=block, **who,
          is_another=says_another(brought.batch, body=said, **who), contact=cell("contact"),
          category=Category.OTHER if who["organisation"] else None, body=said, replacement=cell("replacement"),
          justification=cell("justification"), kind=Kind.COMMENT, comment_type=CommentType.GENERAL, position=Position.NEUTRAL,
          language=mapping["language"])


def row_key(brought: BroughtTable, number: int) -> str:
    """The same for the same row; of a key of the settings, so that nobody takes it beforehand with a form of their own."""
    key = derived_key(this_app().config["SECRET_KEY"], "table rows").encode()
    return f"table-{hmac.digest(key, f'{brought.id} {number}'.encode(), 'sha256').hex()[:48]}"


def get_table(actor: Actor, batch: Batch, number: int) -> BroughtTable:
    """With its rows; raises :class:`NotFound`."""
    require(actor, Action.RECEPTION_VIEW, batch)
    found = session.scalar(sa.select(BroughtTable).where(BroughtTable.id == number, BroughtTable.batch_id == batch.id)
                           .options(undefer(BroughtTable.rows)))
    if found is None:
        raise NotFound(_("There is no such table."), _("It stood here for thirty days."))
    return found


def list_tables(actor: Actor, batch: Batch) -> list[BroughtTable]:
    require(actor, Action.RECEPTION_VIEW, batch)
    return list(session.scalars(
        sa.select(BroughtTable).where(BroughtTable.batch_id == batch.id).order_by(BroughtTable.id.desc()).limit(SHOWN_TABLES)))


def let_go_of_tables(before: datetime, at_once: int) -> int:
    """Tables that came before this moment go: as many at once. How many."""
    ids = session.scalars(sa.select(BroughtTable.id).where(BroughtTable.created_at < before).order_by(BroughtTable.id).limit(at_once)).all()
    held = [table.id for table in list_locked(BroughtTable, BroughtTable.id.in_(ids))] if ids else []
    session.execute(sa.delete(BroughtTable).where(BroughtTable.id.in_(held)))
    return len(held)
