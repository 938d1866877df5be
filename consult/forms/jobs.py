"""Reading a form against the text, and making its rows drafts: in the worker, in batches, so that whoever dies leaves whole ones behind."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.core import states
from consult.core.course import share_course
from consult.core.db import reading, scalar_count, session, unit_of_work
from consult.core.errors import ConsultError
from consult.core.i18n import DEFAULT_LANGUAGE, LANGUAGES, force_locale
from consult.core.jobs import long_job
from consult.core.locks import list_locked, lock
from consult.core.permissions import Action, can
from consult.forms.models import REFUSED, FormRowState, FormState, ReceivedForm, ReceivedRow
from consult.forms.passages import Passage, Passages
from consult.forms.places import Confidence
from consult.forms.rows import FormRow, ReadForm
from consult.forms.saying import fields_of
from consult.forms.understanding import Understood, understand

BATCH, DRAFTS = 200, 40  # rows in one unit of work
LOOK_EVERY = 5  # per cent, whether it was discarded meanwhile
Progress = Callable[[int], None]


class Discarded(Exception):
    """Its author thought better of it."""


@long_job
def go_through(form_id: int, progress: Progress) -> None:
    """What its state asks for; what is done already is left alone."""
    with reading():
        state = session.scalar(sa.select(ReceivedForm.state).where(ReceivedForm.id == form_id))
    try:
        if state == FormState.READING:
            read(form_id, progress)
        elif state == FormState.DRAFTING:
            draft(form_id, progress)
    except Discarded:
        pass


# Reading


def read(form_id: int, progress: Progress) -> None:
    with reading():
        received = session.get_one(ReceivedForm, form_id)
        chapter, preface = received.chapter_number, list(received.preface)
        rows = session.scalars(sa.select(ReceivedRow).where(ReceivedRow.form_id == form_id).order_by(ReceivedRow.id)).all()
        known = [(row.id, row_of(row)) for row in rows]
        passages = passages_of(received.consultation)
    form = ReadForm("", rows=[row for _id, row in known], preface=preface)
    found = understand(form, passages, chapter=chapter, progress=watched(form_id, progress))
    pairs = [(number, one) for (number, _row), one in zip(known, found.rows, strict=True)]
    for begin in range(0, len(pairs), BATCH):
        with unit_of_work():
            hold(form_id, FormState.READING)
            settle(pairs[begin:begin + BATCH])
    conclude(form_id, FormState.READING)


def watched(form_id: int, progress: Progress) -> Progress:
    """Tells how far it is, and stops where the form was discarded."""
    told = [-LOOK_EVERY]

    def tell(percent: int) -> None:
        if percent >= told[0] + LOOK_EVERY:
            told[0] = percent
            progress(percent)
            with reading():
                if session.scalar(sa.select(ReceivedForm.state).where(ReceivedForm.id == form_id)) == FormState.DISCARDED:
                    raise Discarded
    return tell


def row_of(row: ReceivedRow) -> FormRow:
    return FormRow(number=row.number, **{name: value for name, value in row.said.items() if name not in ("language", REFUSED)})


def passages_of(consultation: Consultation) -> Passages:
    """All that its chapters now read, in each language."""
    revisions = chapters.list_published(consultation)
    blocks = sa.select(Block.revision_id, Block.key, Block.kind, Block.label, Block.text).where(
        Block.revision_id.in_([revision.id for revision in revisions.values()])).order_by(Block.revision_id, Block.position)
    of = {revision.id: place for place, revision in revisions.items()}
    return Passages(Passage(key, kind.value, label, text, *of[revision]) for revision, key, kind, label, text in session.execute(blocks))


def settle(pairs: Sequence[tuple[int, Understood]]) -> None:
    """Where each row belongs: a doubtful one waits for its author; what has no place is a remark on the chapter, where that is known."""
    rows = {row.id: row for row in list_locked(ReceivedRow, ReceivedRow.id.in_([number for number, _one in pairs]))}
    for number, one in pairs:
        row = rows[number]
        if row.state != FormRowState.UNREAD:
            continue
        row.key, row.chapter_number, row.confidence, row.why, row.others = one.passage, one.chapter, one.confidence, one.why, one.others[:5]
        if one.confidence == Confidence.SURE:
            states.move(row, FormRowState.CERTAIN)
        elif one.confidence == Confidence.NONE and one.chapter is not None:
            row.key = f"C{one.chapter}"
            states.move(row, FormRowState.GENERAL)
        else:
            states.move(row, FormRowState.DOUBTFUL)


def hold(form_id: int, state: FormState) -> ReceivedForm:
    """Raises :class:`Discarded` where it is not in this state any more."""
    received = session.get_one(ReceivedForm, form_id)
    lock(received, "state")
    if received.state != state:
        raise Discarded
    return received


def conclude(form_id: int, state: FormState) -> None:
    with unit_of_work():
        states.move(hold(form_id, state), FormState.READ)


# Drafts


def draft(form_id: int, progress: Progress) -> None:
    becoming = sa.and_(ReceivedRow.form_id == form_id, ReceivedRow.state.in_(FormRowState.where(becomes_draft=True)))
    with reading():
        total = scalar_count(sa.select(sa.func.count()).select_from(ReceivedRow).where(becoming))
    done = last = 0
    while done < total:
        with unit_of_work():
            share_course()
            author = session.get_one(User, session.get_one(ReceivedForm, form_id).author_id)
            lock(author)
            received = hold(form_id, FormState.DRAFTING)
            received.consultation.read_anew()
            if not can(author, Action.FORMS_MAKE_DRAFTS, received):  # closed meanwhile: its rows stay as they are
                states.move(received, FormState.READ)
                return
            asked = sa.select(ReceivedRow.id).where(becoming, ReceivedRow.id > last).order_by(ReceivedRow.id).limit(DRAFTS)
            rows = list_locked(ReceivedRow, ReceivedRow.id.in_(session.scalars(asked).all()))
            blocks = list_blocks(received.consultation, rows)
            for row in rows:
                try:
                    with session.begin_nested():
                        make_draft(author, received, row, blocks.get(row.id))
                except ConsultError as error:
                    put_back(row, error)
            last = rows[-1].id if rows else last
        if not rows:
            break
        done += len(rows)
        progress(100 * done // total)
    conclude(form_id, FormState.DRAFTING)


def make_draft(author: User, received: ReceivedForm, row: ReceivedRow, block: Block | None) -> None:
    """A draft of its author's, as if it had been typed; raises what refuses it. Nothing is lodged."""
    language = language_of(row)
    if block is None:
        states.move(row, FormRowState.GENERAL)
        return
    token = secrets.token_urlsafe(24)
    with force_locale(language):
        fields: dict[str, Any] = {**fields_of(row_of(row), text=block.text, lead=block.lead), "form_key": token, "block_id": str(block.id)}
    if not received.speaking.kept_as:
        contributions.offer(author, block, form_key=token, fields=fields)
    else:
        contributions.keep_draft(author, block, token=token, fields={**fields, "speak_as": received.speaking.kept_as})
    states.move(row, FormRowState.DRAFTED)


def put_back(row: ReceivedRow, error: ConsultError) -> None:
    """Doubtful, with the reason: its author shortens it elsewhere, puts it to another passage or leaves it out."""
    told = {}
    for language in LANGUAGES:
        with force_locale(language):
            told[language] = " ".join(filter(None, (str(error.message), str(error.remedy))))
    row.said = {**row.said, REFUSED: told}
    states.move(row, FormRowState.DOUBTFUL)


def language_of(row: ReceivedRow) -> str:
    return str(row.said.get("language") or DEFAULT_LANGUAGE)


def list_blocks(consultation: Consultation, rows: Sequence[ReceivedRow]) -> dict[int, Block]:
    """By the row's id, the passage that it speaks of as its language now reads; of one that was dropped, as it last stood."""
    revisions = chapters.list_published(consultation)
    asked = {row.id: revisions.get((row.chapter_number, language_of(row))) for row in rows if row.chapter_number and row.key}
    found = sa.select(Block).where(
        Block.revision_id.in_({revision.id for revision in asked.values() if revision}), Block.key.in_({row.key for row in rows}))
    present = {(block.revision_id, block.key): block for block in session.scalars(found)}
    blocks = {row.id: present.get((revision.id, row.key or "")) if (revision := asked.get(row.id)) else None for row in rows}
    return {row.id: block for row in rows if (block := blocks[row.id] or get_dropped_block(consultation, row)) is not None}


def get_dropped_block(consultation: Consultation, row: ReceivedRow) -> Block | None:
    chapter = session.scalar(sa.select(Chapter).where(
        Chapter.consultation_id == consultation.id, Chapter.number == row.chapter_number)) if row.chapter_number else None
    if chapter is None or row.key is None:
        return None
    try:
        return chapters.get_block(chapter, row.key, language_of(row))
    except ConsultError:
        return None
