"""The form, empty or with drafts, to take away; and filled forms that come back: read, looked at by their author, made drafts."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions.models import ContributionDraft, OfferedDraft, OfferedState
from consult.core import states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import Job, later, latest
from consult.core.locks import list_locked, lock
from consult.core.paging import ENTRY_PAGE_SIZE, REGISTER_PAGE_SIZE, Cursor, Page, falling, get_page, in_batches, rising
from consult.core.permissions import Action, Actor, require
from consult.forms import jobs
from consult.forms.columns import folded
from consult.forms.models import MAX_FILE_NAME, FormRowState, FormState, ReceivedForm, ReceivedRow, Speaking
from consult.forms.reading import read_form_apart
from consult.forms.references import references
from consult.forms.rows import ReadForm
from consult.forms.saying import Cells, cells_of
from consult.forms.writing import Form
from consult.text.normalising import language_of, validated_line

CHUNK = 500
MAX_WAITING = 20  # forms of one person that are not discarded
SAID = ("table", "commenter", "id", "line", "chapter", "clause", "element", "page", "type", "comment", "change", "observations",
    "section", "sheet")
MAX_BEGINNING = 90
LATER = _("Look again in a minute.")


# To take away


def get_form(actor: Actor, consultation: Consultation, number: int | None, language: str, filled_with: str = "") -> Form:
    """Of one chapter, or of all: empty, with one's own drafts (``own``) or those of one's organisation (``organisation``).

    :class:`NotFound` for a chapter that has no text.
    """
    require(actor, Action.FORMS_DOWNLOAD, consultation)
    published = chapters.list_published(consultation)
    revisions = {place: published[place, spoken] for place, spoken in sorted(published)
                 if spoken == language or (spoken == "fr" and (place, language) not in published)}
    if number is not None:
        revisions = {place: revision for place, revision in revisions.items() if place == number}
        if not revisions:
            raise NotFound(_("There is no chapter %(number)s.", number=number))
    blocks = [block for part in chapters.list_blocks_of(*revisions.values()) for block in part]
    document = "; ".join(revision.title for revision in revisions.values())
    passages = [(f"{block.key}" + (f" · {number_of(block)}" if number_of(block) else ""), beginning(block.text)) for block in blocks]
    drafts = own_drafts(actor, consultation) if filled_with == "own" else offered_drafts(actor, consultation) if filled_with else []
    rows = [cells for place, cells in drafts if number is None or place == number]
    return Form(language, document, consultation.title(language), utcnow().date(), rows, passages)


def number_of(block: Block) -> str:
    """“Action 1.2.1”, of a passage that has a number."""
    first = next(iter(references(folded(block.text[:40]))), None)
    return " ".join(block.text.split()[:2]).rstrip(":.—-") if first is not None and first.start == 0 and first.kind in (
        "axis", "project", "action") else ""


def beginning(text: str) -> str:
    return text if len(text) <= MAX_BEGINNING else text[:MAX_BEGINNING].rsplit(" ", 1)[0] + " …"


def own_drafts(actor: Actor, consultation: Consultation) -> list[tuple[int, Cells]]:
    """(number of the chapter, line of the form), in text order."""
    if actor.id is None:
        return []
    chosen = sa.select(ContributionDraft, Chapter.number).join(ContributionDraft.block).join(Block.revision).join(Revision.chapter).options(
        contains_eager(ContributionDraft.block).contains_eager(Block.revision).contains_eager(Revision.chapter)).where(
        ContributionDraft.author_id == actor.id, ContributionDraft.address.is_(None), Chapter.consultation_id == consultation.id,
        ).order_by(Chapter.number, Block.position, ContributionDraft.id)
    name = getattr(actor, "name", "")
    return [(number, line_of(draft.fields, draft.block, name)) for draft, number in session.execute(chosen)]


def offered_drafts(actor: Actor, consultation: Consultation) -> list[tuple[int, Cells]]:
    """What was offered to the organisation of which the actor is a member, and is not lodged or taken back."""
    if actor.member_of_id is None:
        return []
    open_states = OfferedState.where(is_taken_back=False, is_authors_to_change=True) + OfferedState.where(is_in_position=True)
    chosen = sa.select(OfferedDraft).where(
        OfferedDraft.organisation_id == actor.member_of_id, OfferedDraft.consultation_id == consultation.id,
        OfferedDraft.state.in_(open_states)).options(
        joinedload(OfferedDraft.wording), joinedload(OfferedDraft.organisation), joinedload(OfferedDraft.block))
    rows = sorted(in_batches(chosen, OfferedDraft.__table__.c.id), key=lambda one: (one.chapter_number, one.place, one.id))
    return [(one.chapter_number, line_of(one.fields, one.block, one.organisation.name_fr)) for one in rows]


def line_of(fields: dict, block: Block, commenter: str) -> Cells:
    return cells_of(fields, key=block.key, number=number_of(block), lead=block.lead, commenter=commenter)


# That come back


def get_read_form(actor: Actor, consultation: Consultation, data: bytes) -> ReadForm:
    """What stands in a file, read where nobody waits for it; raises :class:`Invalid` (field ``file``)."""
    require(actor, Action.FORMS_RECEIVE, consultation)
    return read_form_apart(data)


@command
def receive(actor: User, consultation: Consultation, *, form: ReadForm, data: bytes, file_name: str, language: str,
            chapter: int | None = None) -> ReceivedForm:
    """Keep the file as it came; the worker looks for the passages.

    Raises :class:`Invalid` (field ``file``) where too many forms wait already, or this very one: its drafts would be made twice.
    """
    digest = hashlib.sha256(data).hexdigest()
    lock(actor)
    kept = sa.select(ReceivedForm.id).where(
        ReceivedForm.author_id == actor.id, ReceivedForm.digest == digest, ReceivedForm.state != FormState.DISCARDED)
    if session.scalars(kept.limit(1)).first() is not None:
        raise Invalid("file", _("You have brought this very file already."),
                      _("Open it in the list of your forms; to have it read anew, discard it there first."))
    waiting = session.scalar(sa.select(sa.func.count()).select_from(ReceivedForm).where(
        ReceivedForm.author_id == actor.id, ReceivedForm.state != FormState.DISCARDED)) or 0
    if waiting >= MAX_WAITING:
        raise Invalid("file", _("You have %(count)s forms here already.", count=waiting), _("Discard one of them first."))
    received = ReceivedForm(
        consultation=consultation, author=actor, chapter_number=chapter, file_name=validated_line("file", file_name,
            max_length=1000)[-MAX_FILE_NAME:],
        digest=digest, data=data, preface=form.preface[:200], rows_count=len(form.rows))
    session.add(received)
    session.flush()
    rows = [{"form_id": received.id, "number": row.number, "state": FormRowState.UNREAD, "others": [],
             "said": {**{name: asdict(row)[name] for name in SAID}, "language": language_of(row.change or row.comment, language)}}
            for row in form.rows]  # a change is one of the text in its own language, whatever the remark is written in
    for begin in range(0, len(rows), CHUNK):
        session.execute(sa.insert(ReceivedRow), rows[begin:begin + CHUNK])
    later(jobs.go_through, received)
    return received


@command
def place_row(_actor: User, row: ReceivedRow, *, chapter: Chapter, passage: str, language: str) -> ReceivedRow:
    """It speaks of this passage, or of the chapter where none is named.

    :class:`Invalid` (field ``passage``) where none is called so; :class:`Conflict` while the form is worked on, or once it is a draft.
    """
    revision = chapters.get_newest_revision(chapter, language) or chapters.get_newest_revision(chapter, "fr")
    if revision is None:
        raise Invalid("chapter", _("There is no text of this chapter yet."))
    block = chapters.get_called_block("passage", revision.id, passage) if passage.strip() else None
    hold_row(row)
    row.key, row.chapter_number = block.key if block else f"C{chapter.number}", chapter.number
    states.move(row, FormRowState.CERTAIN if block else FormRowState.GENERAL)
    return row


@command
def leave_row(_actor: User, row: ReceivedRow) -> ReceivedRow:
    """It becomes no draft; it may be put in its place later. :class:`Conflict` where it is a draft already."""
    hold_row(row)
    states.move(row, FormRowState.LEFT_OUT)
    return row


def hold_row(row: ReceivedRow) -> None:
    """:class:`Conflict` while its form is being worked on, or once it is a draft."""
    lock(row.form, "state")
    lock(row, "state")
    if not row.form.state.may_change:
        raise Conflict(_("This form is being worked on at this moment."), LATER)
    if not row.state.is_open:
        raise Conflict(_("This row is among your drafts already."), _("Change it there."))


@command
def make_drafts(actor: User, received: ReceivedForm, *, speaking: Speaking) -> ReceivedForm:
    """Rows whose passage is known become drafts; the worker does it. :class:`Conflict` while the form is being worked on.

    :class:`Invalid` (field ``speaking``) where the actor may not speak so.
    """
    actor.read_anew()
    if not speaking.may_be_said_by(actor):
        raise Invalid("speaking", _(speaking.refusal), _("Choose for whom you speak."))
    lock(received, "state")
    received.speaking = speaking
    states.move(received, FormState.DRAFTING)
    later(jobs.go_through, received)
    return received


@command
def discard(_actor: User, received: ReceivedForm) -> ReceivedForm:
    """Stop what is being done with it; its rows and its bytes go, or whoever discards and sends again fills the disk.

    What is among the drafts stays there, and so do its name and digest. :class:`Conflict` where it is discarded already.
    """
    lock(received, "state")
    states.move(received, FormState.DISCARDED)
    received.data, received.preface = b"", []
    session.execute(sa.delete(ReceivedRow).where(ReceivedRow.form_id == received.id))
    return received


def let_go(before: datetime, at_once: int) -> int:
    """Forms that came before this moment go, with their rows: as many at once. How many."""
    ids = session.scalars(sa.select(ReceivedForm.id).where(ReceivedForm.created_at < before).order_by(ReceivedForm.id).limit(at_once)).all()
    held = [form.id for form in list_locked(ReceivedForm, ReceivedForm.id.in_(ids))] if ids else []
    session.execute(sa.delete(ReceivedForm).where(ReceivedForm.id.in_(held)))  # and their rows with them
    return len(held)


# Looking


def get_received(actor: Actor, number: int) -> ReceivedForm:
    """Raises :class:`NotFound`, for those of others too."""
    received = session.scalar(sa.select(ReceivedForm).where(ReceivedForm.id == number))
    if received is None or received.author_id != actor.id:
        raise NotFound(_("There is no such form."), _("Your forms are listed on the page of forms."))
    require(actor, Action.FORMS_READ, received)
    return received


def get_row(actor: Actor, number: int) -> ReceivedRow:
    """Raises :class:`NotFound`, for those of others too."""
    row = session.scalar(sa.select(ReceivedRow).where(ReceivedRow.id == number).options(joinedload(ReceivedRow.form)))
    if row is None or row.author_id != actor.id:
        raise NotFound(_("There is no such row."), _("Its form was discarded."))
    require(actor, Action.FORMS_READ, row)
    return row


def list_received(actor: Actor, consultation: Consultation, *, after: Cursor | None = None) -> Page[ReceivedForm]:
    """One's own, newest first."""
    chosen = sa.select(ReceivedForm).where(ReceivedForm.author_id == actor.id, ReceivedForm.consultation_id == consultation.id)
    return get_page(chosen, falling(ReceivedForm.id), after=after, size=ENTRY_PAGE_SIZE)


def list_rows(actor: Actor, received: ReceivedForm, state: FormRowState | None = None, *, after: Cursor | None = None) -> Page[ReceivedRow]:
    """In the order of the file."""
    require(actor, Action.FORMS_READ, received)
    chosen = sa.select(ReceivedRow).where(ReceivedRow.form_id == received.id)
    if state is not None:
        chosen = chosen.where(ReceivedRow.state == state)
    return get_page(chosen, rising(ReceivedRow.id), after=after, size=REGISTER_PAGE_SIZE)


def count_rows(actor: Actor, received: ReceivedForm) -> dict[FormRowState, int]:
    require(actor, Action.FORMS_READ, received)
    counted = sa.select(ReceivedRow.state, sa.func.count()).where(ReceivedRow.form_id == received.id).group_by(ReceivedRow.state)
    return {**dict.fromkeys(FormRowState, 0), **dict(session.execute(counted).all())}


def get_texts(consultation: Consultation, keys: Iterable[str], language: str) -> dict[str, str]:
    """How the passages of these keys begin, as their reader has them."""
    revisions = chapters.list_published(consultation)
    wanted = [revision.id for (number, spoken), revision in revisions.items()
              if spoken == language or (spoken == "fr" and (number, language) not in revisions)]
    found = sa.select(Block.key, Block.text).where(Block.revision_id.in_(wanted), Block.key.in_(set(keys)))
    return {key: beginning(text) for key, text in session.execute(found)}


def get_progress(actor: Actor, received: ReceivedForm) -> Job | None:
    """How far the worker is with it."""
    require(actor, Action.FORMS_READ, received)
    return latest(jobs.go_through, received.id)
