"""Words out of the public's sight: where they stand in what was lodged, and what everybody reads in its place."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.contributions.models import Contribution, Reply, SuggestedAmendment
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _
from consult.moderation.models import (
    MAX_PHRASES,
    AnswerKind,
    Decision,
    ModerationDecision,
    Part,
    Redaction,
    RephrasingAnswer,
    ReplyDecision,
    hiding,
)
from consult.text import masking, normalising
from consult.text.masking import Span

MOST_PHRASES = 100  # each is looked for in every text
Moderated = Contribution | Reply  # what a moderator decides on, alike
TextRow = Contribution | Reply | SuggestedAmendment


def texts_of(subject: Moderated) -> dict[Part, TextRow]:
    """Each text of which words may be hidden, by its part: the row that has it."""
    if isinstance(subject, Reply):
        return {Part.BODY: subject}
    texts: dict[Part, TextRow] = {Part.BODY: subject, Part.JUSTIFICATION: subject}
    return texts if subject.amendment is None else {**texts, Part.REPLACEMENT: subject.amendment}


def lodged_texts(subject: Moderated) -> dict[Part, str]:
    return {part: getattr(row, f"lodged_{part}") for part, row in texts_of(subject).items()}


def standing_texts(subject: Moderated) -> dict[Part, str]:
    """What its author says of each part as things stand: as it was lodged, or as they rephrased it last."""
    answer = last_rewording(subject) if subject.rephrased_at is not None else None
    return lodged_texts(subject) if answer is None else {part: answer.text_of(part) for part in texts_of(subject)}


def last_rewording(subject: Moderated) -> RephrasingAnswer | None:
    with_words = RephrasingAnswer.kind.in_(AnswerKind.where(has_words=True))
    return session.scalars(
        sa.select(RephrasingAnswer).where(on_subject(RephrasingAnswer, subject), with_words).order_by(RephrasingAnswer.id.desc())
        .limit(1)).first()


def named_words(phrases: str) -> list[str]:
    """A phrase on each line, each once; :class:`Invalid` (field ``phrases``) for what cannot be kept."""
    said = normalising.validated_text("phrases", phrases, max_length=MAX_PHRASES)
    return list(dict.fromkeys(" ".join(line.split()) for line in said.split("\n") if not normalising.is_blank(line)))


def places_in(subject: Moderated, phrases: str) -> dict[Part, list[Span]]:
    """Where the words stand, a phrase on each line, in every text of it; :class:`Invalid` (field ``phrases``) names one that does not."""
    wanted = named_words(phrases)
    if not wanted:
        raise Invalid("phrases", _("No words are chosen."),
                      _("Select them in the text, or copy them here exactly as they stand, a phrase on each line."))
    if len(wanted) > MOST_PHRASES:
        raise Invalid("phrases", _("That is more than %(most)s phrases at once.", most=MOST_PHRASES),
                      _("Hide these in several decisions, or withhold the whole text."))
    said = standing_texts(subject)
    found: dict[Part, list[Span]] = {part: [] for part in said}
    for phrase in wanted:
        places = {part: masking.places_of(phrase, text) for part, text in said.items()}
        if not any(places.values()):
            raise Invalid("phrases", _("These words are not in the text: “%(words)s”.", words=phrase.strip()),
                          _("Copy them exactly as they stand; they are hidden wherever they stand in it."))
        for part, spans in places.items():
            found[part] += spans
    return {part: masking.merged(spans) for part, spans in found.items() if spans}


def hide(decision: Decision, places: dict[Part, list[Span]]) -> None:
    """What this decision, which is written already, takes out of the public's sight."""
    of = {"reply_decision_id" if isinstance(decision, ReplyDecision) else "decision_id": decision.id}
    session.add_all([Redaction(part=part, begins=begin, ends=end, **of) for part, spans in places.items() for begin, end in spans])
    session.flush()


def spans_in_force(decisions: Sequence[Decision]) -> dict[Part, list[Span]]:
    """What is hidden after all decisions on one contribution, or reply, oldest first."""
    found: dict[Part, list[Span]] = {}
    if wanted := hiding(decisions):
        of = Redaction.reply_decision_id if isinstance(decisions[0], ReplyDecision) else Redaction.decision_id
        for one in session.scalars(sa.select(Redaction).where(of.in_(wanted)).order_by(Redaction.id)):
            found.setdefault(one.part, []).append((one.begins, one.ends))
    return found


def shown_texts(subject: Moderated, spans: dict[Part, list[Span]]) -> dict[Part, str | None]:
    """What is shown in place of each text that was lodged; None where that one is."""
    mark, said = masking.mark_in(subject.language), standing_texts(subject)
    shown: dict[Part, str | None] = {}
    for part, row in texts_of(subject).items():
        text = masking.masked(said[part], spans[part], mark) if spans.get(part) else said[part]
        shown[part] = None if text == getattr(row, f"lodged_{part}") else text
    return shown


def show(subject: Moderated, decisions: Sequence[Decision]) -> None:
    """Have everybody read what the decisions leave."""
    rows, spans = texts_of(subject), spans_in_force(decisions)
    subject.is_redacted = bool(spans)
    for part, text in shown_texts(subject, spans).items():
        if getattr(rows[part], f"shown_{part}") != text:
            setattr(rows[part], f"shown_{part}", text)


@command
def read_original(_actor: User, subject: Moderated) -> Moderated:
    """That somebody in charge reads what is not shown leaves its event; :class:`Conflict` when all of it is shown."""
    if not subject.is_redacted:
        raise Conflict(_("Nothing of it is out of the public’s sight: what is shown is what was lodged."), _("Go back to its page."))
    return subject


def decisions_on(subject: Moderated) -> tuple[type[Any], sa.ColumnElement[bool]]:
    """The table of its decisions, and which of them are."""
    if isinstance(subject, Reply):
        return ReplyDecision, ReplyDecision.reply_id == subject.id
    return ModerationDecision, ModerationDecision.contribution_id == subject.id


def on_subject(model: Any, subject: Moderated) -> sa.ColumnElement[bool]:
    """Of a table whose rows are of a contribution or of a reply: those of this one."""
    return model.reply_id == subject.id if isinstance(subject, Reply) else model.contribution_id == subject.id


def list_all(subject: Moderated) -> list[Decision]:
    """Every decision on it, oldest first."""
    decided, which = decisions_on(subject)
    return list(session.scalars(sa.select(decided).where(which).order_by(decided.id)))


def list_hidden(contribution_ids: Sequence[int]) -> dict[int, dict[Part, list[Span]]]:
    """By contribution id, what is hidden of its texts as they were lodged, after all decisions on it; two queries."""
    of: dict[int, list[Decision]] = {}
    for decision in session.scalars(sa.select(ModerationDecision).where(
            ModerationDecision.contribution_id.in_(contribution_ids)).order_by(ModerationDecision.id)):
        of.setdefault(decision.contribution_id, []).append(decision)
    by_decision = {decision_id: id_ for id_, decisions in of.items() for decision_id in hiding(decisions)}
    found: dict[int, dict[Part, list[Span]]] = {}
    for one in session.scalars(sa.select(Redaction).where(Redaction.decision_id.in_(by_decision)).order_by(Redaction.id)):
        of_it = found.setdefault(by_decision[one.decision_id or 0], {})
        of_it.setdefault(one.part, []).append((one.begins, one.ends))
    return found
