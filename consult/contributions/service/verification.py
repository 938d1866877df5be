"""Whether each contribution, and each position, is still what its author lodged, and has its place in each later version."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import (
    Anchor,
    Anchoring,
    AnchorState,
    Attachment,
    Contribution,
    Declaration,
    DraftFile,
    PositionEntry,
    PositionReceipt,
    Receipt,
    ReviewRank,
    SuggestedAmendment,
    digest_of_position,
)
from consult.contributions.models.contribution import content_of
from consult.core import audit
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.db import scalar_count, session
from consult.core.permissions import Action
from consult.core.stores import Missing, digest_of_file, store

AT_ONCE = 1000
LODGED = AuditEvent.action.in_([*audit.names_of(Action.CONTRIBUTIONS_LODGE), Action.CONTRIBUTIONS_ENTER,
                                 Action.CONTRIBUTIONS_ENTER_AGAIN])
TABLE, AMENDMENT, DECLARATION = Contribution.__table__, SuggestedAmendment.__table__, Declaration.__table__
NAMES = tuple(TABLE.c.keys())


@core_events.faults.fill
def verify_contributions() -> Iterator[str]:
    """Each contribution as its receipt and the event of its lodging say, and each one that the journal saw lodged still there."""
    declared = (DECLARATION.c.id, DECLARATION.c.interest, DECLARATION.c.interests)
    rows = sa.select(*TABLE.c, AMENDMENT.c.id, AMENDMENT.c.replacement, *declared, Receipt.digest).select_from(TABLE).outerjoin(
        AMENDMENT, AMENDMENT.c.contribution_id == TABLE.c.id).outerjoin(
        DECLARATION, DECLARATION.c.contribution_id == TABLE.c.id).outerjoin(Receipt, Receipt.contribution_id == TABLE.c.id)
    with session.connection().execute(rows.order_by(TABLE.c.id).execution_options(yield_per=AT_ONCE)) as found:
        for some in found.partitions():
            digests: dict[int, str] = {}
            files = _files([row.id for row in some if row.files_count])
            for row in some:
                digests[row[0]] = digest = audit.digest_of(content_of(_lodged(row, files.get(row[0], ()))))
                yield from _told_by_receipt(row, digest)
            yield from _told_by_events(digests)
    gone = sa.select(AuditEvent.id, AuditEvent.details).outerjoin(Contribution, Contribution.id == AuditEvent.subject_id).where(
        LODGED, Contribution.id.is_(None))
    for event_id, details in session.execute(gone.order_by(AuditEvent.id)):
        yield f"{details['ref']} was lodged (event {event_id}) and is not there any more"


def _files(of: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    if of:
        for row in session.connection().execute(sa.select(Attachment.__table__).where(
                Attachment.contribution_id.in_(of)).order_by(Attachment.contribution_id, Attachment.number)):
            found.setdefault(row.contribution_id, []).append(row)
    return found


def _lodged(row: Sequence[Any], files: Sequence[Any]) -> Any:
    """As its digest is made from; an object for each of the rows would take longer than all the rest."""
    *columns, amendment_id, replacement, declaration_id, interest, interests, _digest = row
    amendment = None if amendment_id is None else SimpleNamespace(lodged_replacement=replacement)
    declaration = None if declaration_id is None else SimpleNamespace(interest=interest, interests=interests)
    said = dict(zip(NAMES, columns, strict=True))
    return SimpleNamespace(**said, lodged_body=said["body"], lodged_justification=said["justification"], amendment=amendment,
                           declaration=declaration, attachments=files)


def _told_by_receipt(row: Any, digest: str) -> Iterator[str]:
    told = row[-1]
    if told is None:
        yield f"{row.ref} has lost its receipt"
    elif digest != told:
        yield f"{row.ref} no longer matches its receipt"


def _told_by_events(digests: dict[int, str]) -> Iterator[str]:
    """Those of a run of contributions, by their ids."""
    said = AuditEvent.details
    lodged = sa.select(AuditEvent.id, AuditEvent.subject_id, said["sha256"].as_string(), said["ref"].as_string()).where(
        LODGED, AuditEvent.subject == Contribution.__tablename__, AuditEvent.subject_id.between(min(digests), max(digests)))
    for event_id, contribution_id, digest, ref in session.execute(lodged):
        if digests.get(contribution_id, digest) != digest:
            yield f"{ref} is not what was lodged (event {event_id})"


@core_events.faults.fill
def verify_positions() -> Iterator[str]:
    """Each position is made of the contributions that its receipt tells of."""
    rows = (
        sa.select(PositionReceipt, Contribution.ref, Receipt.digest)
        .outerjoin(PositionEntry, PositionEntry.position_receipt_id == PositionReceipt.id)
        .outerjoin(Contribution, Contribution.id == PositionEntry.contribution_id)
        .outerjoin(Receipt, Receipt.contribution_id == Contribution.id).order_by(PositionReceipt.id, PositionEntry.id)
    )
    with session.execute(rows.execution_options(yield_per=AT_ONCE)) as found:
        for receipt, entries in groupby(found, key=lambda row: row[0]):
            lodged = [(ref, digest) for _receipt, ref, digest in entries]
            if digest_of_position(receipt.ref, receipt.author_id, receipt.lodged_at, lodged) != receipt.digest:
                yield f"{receipt.ref} no longer matches its receipt"


@core_events.faults.fill
def verify_files() -> Iterator[str]:
    """Each file that was lodged is in the store, as it was, and those of drafts too."""
    called = Contribution.ref + " (" + sa.cast(Attachment.number, sa.String) + ")"
    lodged = sa.select(Attachment.sha256, called).join(Attachment.contribution)
    drafted = sa.select(DraftFile.sha256, sa.literal("a file of a draft"))
    last = fault = ""
    for sha256, of in session.execute(sa.union_all(lodged, drafted).order_by("sha256")):
        if sha256 != last:
            last, fault = sha256, _fault_of(sha256)
        if fault:
            yield f"{of}: its file {fault}"


def _fault_of(sha256: str) -> str:
    try:
        with store().open(sha256) as file:
            return "" if digest_of_file(file) == sha256 else f"is not what was kept (SHA-256 {sha256})"
    except Missing:
        return f"is missing from the store (SHA-256 {sha256})"


@core_events.faults.fill
def verify_places() -> Iterator[str]:
    """Each contribution has its place in every later version of its text, but for those that are still to find it in the newest."""
    written, later = orm.aliased(Revision), orm.aliased(Revision)
    is_waiting = sa.and_(Anchoring.finished_at.is_(None), Anchoring.reached < Contribution.id)
    missing = (
        sa.select(Chapter.number, later.language, later.number, sa.func.count(), sa.func.min(Contribution.ref))
        .select_from(later).join(Chapter, Chapter.id == later.chapter_id)
        .join(written, sa.and_(written.chapter_id == later.chapter_id, written.language == later.language, written.number < later.number))
        .join(Block, Block.revision_id == written.id).join(Contribution, Contribution.block_id == Block.id)
        .outerjoin(Anchor, sa.and_(Anchor.contribution_id == Contribution.id, Anchor.revision_id == later.id))
        .outerjoin(Anchoring, Anchoring.revision_id == later.id)
        .where(Anchor.id.is_(None), sa.func.coalesce(is_waiting, sa.false()).is_(False))
        .group_by(Chapter.number, later.language, later.number).order_by(Chapter.number, later.language, later.number)
    )
    decided = Anchor.state.in_(AnchorState.where(awaits_decision=False))
    misplaced = scalar_count(sa.select(sa.func.count()).select_from(Anchor).where(decided != (Anchor.rank > ReviewRank.CERTAIN)))
    if misplaced:
        yield f"{misplaced} places stand in the review as if they were decided, or were not"
    for number, language, version, count, ref in session.execute(missing):
        yield f"{count} contributions, {ref} first, have no place in version {version} of chapter {number} ({language})"
