"""Hints: looked for by the worker in what awaits moderation, shown with the words that made them, put aside by somebody for good."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.commands import command
from consult.core.db import add_new, scalar_count, session
from consult.core.errors import NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import every_second
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, require
from consult.moderation.models import HintKind, ModerationHint
from consult.moderation.service.redacting import Moderated, on_subject, texts_of
from consult.text.hints import hints_in

BATCH = 50  # texts that are looked at in one second
SPAN = 10_000  # numbers that are gone through in one second to find them
LOOK_BACK = 500  # numbers that are gone through again: PostgreSQL gives them before it commits, and not in that order
MOST_READ = LOOK_BACK + BATCH


@dataclass
class Looked:
    """How far this worker has looked, whatever waits there, and at which of the last :data:`LOOK_BACK`."""

    up_to: int = 0
    at: set[int] = field(default_factory=set)


_looked: dict[type[Moderated], Looked] = {}


@dataclass(frozen=True)
class ShownHint:
    """A hint with the words that made it."""

    id: int
    kind: HintKind
    words: str


@every_second
def look_for_hints() -> None:
    """In what awaits moderation: each worker looks once at each, and what another one found is there already."""
    models: tuple[type[Moderated], ...] = (Contribution, Reply)
    for model in models:
        looked = _looked.setdefault(model, Looked())
        if found := _next_ids(model, looked):
            texts: Sequence[Any] = session.scalars(sa.select(model).where(model.id.in_(found)).order_by(model.id)).all()
            keep_hints(texts)


def _next_ids(model: type[Moderated], looked: Looked) -> list[int]:
    """Of those that wait the next to look at; they count as looked at. What is gone through is a range of the primary key, never all."""
    last, begin = scalar_count(sa.select(sa.func.max(model.id))), max(0, looked.up_to - LOOK_BACK)
    end = looked.up_to + SPAN
    waiting = sa.or_(model.state.in_(ContributionState.where(awaits_moderation=True)), model.awaits_reading)
    these = sa.select(model.id).where(model.id > begin, model.id <= end, waiting).order_by(model.id)
    within = session.scalars(these.limit(MOST_READ)).all()
    found = [one for one in within if one not in looked.at][:BATCH]
    looked.up_to = max(looked.up_to, found[-1] if len(found) == BATCH else min(last, end))
    looked.at = {one for one in looked.at.union(found) if one > looked.up_to - LOOK_BACK}
    return found


def keep_hints(subjects: Sequence[Moderated]) -> None:
    """What is found in the texts of these, once."""
    for subject in subjects:
        of = {"contribution_id": None, "reply_id": None, ("reply_id" if isinstance(subject, Reply) else "contribution_id"): subject.id}
        add_new(ModerationHint, [
            {**of, "kind": HintKind(one.hint.value), "part": part, "begins": one.begins, "ends": one.ends}
            for part, row in texts_of(subject).items() for one in hints_in(getattr(row, f"lodged_{part}"), subject.language)
        ], ModerationHint.begins)


def list_hints(actor: Actor, subject: Moderated) -> list[ShownHint]:
    """Those that nobody has put aside, in the order of the text; none of words that are no longer there, or that nobody reads any more."""
    require(actor, Action.MODERATION_VIEW, subject)
    if subject.is_redacted or not (subject.state.awaits_moderation or subject.awaits_reading):
        return []
    shown = {part: getattr(row, part.value) for part, row in texts_of(subject).items()}
    rows = texts_of(subject)
    standing = sa.select(ModerationHint).where(on_subject(ModerationHint, subject), ModerationHint.dismissed_at.is_(None))
    found = session.scalars(standing.order_by(ModerationHint.part, ModerationHint.begins).options(
        orm.lazyload(ModerationHint.dismissed_by)))
    hints = [(one, getattr(rows[one.part], f"lodged_{one.part}")[one.begins:one.ends]) for one in found if one.part in rows]
    return [ShownHint(one.id, one.kind, words) for one, words in hints if words in shown[one.part]]


@command
def dismiss_hint(actor: User, subject: Moderated, *, hint_id: int) -> ModerationHint:
    """Nobody is shown it again; :class:`NotFound` for one that is not of this text. Twice is once."""
    lock(subject.chapter)
    hint = session.scalar(sa.select(ModerationHint).where(on_subject(ModerationHint, subject), ModerationHint.id == hint_id))
    if hint is None:
        raise NotFound(_("This hint is no longer there."), _("Go back to the queue."))
    if hint.dismissed_at is None:
        hint.dismissed_at, hint.dismissed_by_id = utcnow(), actor.id
    return hint
