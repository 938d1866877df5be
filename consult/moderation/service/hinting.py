"""Hints: looked for by the worker in what awaits moderation, shown with the words that made them, put aside by somebody for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.commands import command
from consult.core.db import add_new, session
from consult.core.errors import NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import every_second
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, require
from consult.moderation.models import HintKind, ModerationHint
from consult.moderation.service.redacting import Moderated, on_subject, texts_of
from consult.text.hints import hints_in

BATCH = 50  # texts that are looked at in one second
_looked_to: dict[type[Moderated], int] = {}  # how far this worker has looked


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
        waiting = model.state.in_(ContributionState.where(awaits_moderation=True))
        unseen = sa.select(model).where(waiting, model.id > _looked_to.get(model, 0)).order_by(model.id).limit(BATCH)
        found: Sequence[Any] = session.scalars(unseen).all()
        keep_hints(found)
        if found:
            _looked_to[model] = found[-1].id


def keep_hints(subjects: Sequence[Moderated]) -> None:
    """What is found in the texts of these, once."""
    for subject in subjects:
        of = {"contribution_id": None, "reply_id": None, ("reply_id" if isinstance(subject, Reply) else "contribution_id"): subject.id}
        add_new(ModerationHint, [
            {**of, "kind": HintKind(one.hint.value), "part": part, "begins": one.begins, "ends": one.ends}
            for part, row in texts_of(subject).items() for one in hints_in(getattr(row, f"lodged_{part}"), subject.language)
        ], ModerationHint.begins)


def list_hints(actor: Actor, subject: Moderated) -> list[ShownHint]:
    """Those that nobody has put aside, in the order of the text; of words that nobody reads any more there are none."""
    require(actor, Action.MODERATION_VIEW, subject)
    if subject.is_redacted or subject.state.is_silent:
        return []
    rows = texts_of(subject)
    standing = sa.select(ModerationHint).where(on_subject(ModerationHint, subject), ModerationHint.dismissed_at.is_(None))
    found = session.scalars(standing.order_by(ModerationHint.part, ModerationHint.begins).options(
        orm.lazyload(ModerationHint.dismissed_by)))
    return [ShownHint(one.id, one.kind, getattr(rows[one.part], f"lodged_{one.part}")[one.begins:one.ends]) for one in found
            if one.part in rows]


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
