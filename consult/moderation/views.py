"""The moderator's bench, the decisions, and the public register."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions.models import REPLY_REF, Contribution, ContributionState, Reply
from consult.core import events as core_events
from consult.core.db import Base
from consult.core.errors import Invalid
from consult.core.i18n import _, ngettext
from consult.core.i18n import number as format_number
from consult.core.paging import Cursor
from consult.core.permissions import Action, Actor, can, refusal
from consult.core.web import actor, asked_values, put_refusal, required_consultation, room, small_number
from consult.core.web import consultation as shown_consultation
from consult.moderation import service
from consult.moderation.forms import PublishSeveralForm, VerdictForm
from consult.moderation.models import ModerationDecision, Verdict
from consult.text.redline import redline

bp = room("moderation")
OF_REPLIES = "replies"  # in an address


@dataclass(frozen=True)
class QueueFilter:
    """What the address asks to see: one chapter or all of one's own, in one state; contributions, or replies to them."""

    mine: list[Chapter]
    chapter: Chapter | None
    state: ContributionState
    of_replies: bool = False

    @property
    def model(self) -> type[service.Moderated]:
        return Reply if self.of_replies else Contribution

    @property
    def chapters(self) -> list[Chapter]:
        return [self.chapter] if self.chapter else self.mine

    @property
    def values(self) -> dict:
        """The same filters in an address."""
        chosen = {"of": OF_REPLIES if self.of_replies else None, "chapter": self.chapter.number if self.chapter else None,
                  "state": self.state.value}
        return {name: value for name, value in chosen.items() if value is not None}


def asks_for_replies() -> bool:
    return request.args.get("of") == OF_REPLIES


def filters(ref: str = "") -> QueueFilter:
    """Of a page about one of them, its reference says which they are."""
    consultation = required_consultation()
    number = request.args.get("chapter", type=small_number)
    wanted = request.args.get("state", "")
    return QueueFilter(
        mine=service.list_chapters(actor(), consultation),
        chapter=chapters.get_chapter(consultation, number) if number is not None else None,
        state=ContributionState(wanted) if wanted in list(ContributionState) else ContributionState.where(awaits_moderation=True)[0],
        of_replies=REPLY_REF in ref.upper() if ref else asks_for_replies(),
    )


@bp.get("/")
def queue():
    """The list, with its first contribution open beside it where the screen is wide enough."""
    return list_of(filters())


def list_of(chosen: QueueFilter) -> str:
    page = service.queue(actor(), chosen.chapters, states=[chosen.state], after=request.args.get("after", type=Cursor.parse),
                         model=chosen.model)
    rows = page.rows
    selected = service.get_subject(actor(), required_consultation(), rows[0].ref) if rows else None
    return render_template(
        "moderation/queue.html", rows=rows, **desk(chosen, selected, ahead=rows[1:2]),
        links=page.links(partial(url_for, ".queue", **chosen.values)),
    )


@bp.get("/<string:ref>")
def show(ref):
    """One contribution, or reply, with what surrounds it in the queue."""
    chosen = filters(ref)
    return page_of(service.get_subject(actor(), required_consultation(), ref), chosen)


def page_of(
    subject: service.Moderated, chosen: QueueFilter, *, typed: Mapping[Verdict, VerdictForm] = {}, anyway: Verdict | None = None,
):
    """With what was typed in the form of a verdict; ``anyway`` was pressed while a message was written beside its button."""
    before, following = service.around(actor(), chosen.chapters, subject, states=[chosen.state])
    return render_template(
        "moderation/show.html", rows=[*before, subject, *following],
        **desk(chosen, subject, behind=before[-1:], ahead=following[:1], typed=typed), anyway=anyway,
    )


def desk(chosen: QueueFilter, selected: service.Moderated | None, *, behind=(), ahead=(), typed=None) -> dict:
    """What both pages show: counts, the contribution or reply read, its history, and the forms that its state allows."""
    counts, others = (service.count_by_state(actor(), chosen.mine, model)
                      for model in (chosen.model, Contribution if chosen.of_replies else Reply))
    return {
        "others": sum(others[c.id][state] for c in chosen.chapters for state in ContributionState.where(awaits_moderation=True)),
        "filters": chosen, "selected": selected,
        "waiting": {chapter.id: sum(n for state, n in counts[chapter.id].items() if state.awaits_moderation) for chapter in chosen.mine},
        "totals": {state: sum(counts[c.id][state] for c in chosen.chapters) for state in ContributionState},
        "previous_url": url_for(".show", ref=behind[0].ref, **chosen.values) if behind else None,
        "following_url": url_for(".show", ref=ahead[0].ref, **chosen.values) if ahead else None,
        **(reading_of(selected) if selected else {}), "forms": forms_of(typed or {}),
    }


def reading_of(subject: service.Moderated) -> dict:
    possible = Verdict.possible(subject.state)
    refusals = {verdict: refusal(actor(), verdict.action, subject) for verdict in possible}
    verdicts = [verdict for verdict in possible if not refusals[verdict]]
    return {
        "decisions": service.list_decisions(actor(), subject), "verdicts": verdicts, "beside": beside(verdicts),
        "redline": redline_of(subject), "refused": next(iter(refusals.values()), None) if not verdicts else None,
    }


def redline_of(subject: service.Moderated):
    if isinstance(subject, Reply) or subject.amendment is None:
        return None
    return redline(subject.block.lead, subject.amendment.replacement)


def beside(verdicts: Sequence[Verdict]) -> Verdict | None:
    """In whose form a message may have been written while another one's button is pressed."""
    return next((verdict for verdict in verdicts if verdict.needs_words), None)


def forms_of(typed: Mapping[Verdict, VerdictForm]) -> dict[Verdict, VerdictForm]:
    """A form that was refused comes back as it was typed; the others are fresh."""
    return {verdict: typed.get(verdict) or VerdictForm(verdict, formdata=None) for verdict in Verdict}


def decide(verdict: Verdict, ref: str):
    """Take one decision and go on to the next that waits; a refused form comes back as it was typed."""
    if request.method == "GET":  # a reload or a change of language after a refused form
        return redirect(url_for(".show", **{**asked_values(), "ref": ref}), 303)
    chosen, form = filters(ref), VerdictForm(verdict)
    subject = service.get_subject(actor(), required_consultation(), ref)
    other = beside(Verdict.possible(subject.state))
    if not verdict.needs_words and other and request.form.get("words", "").strip():
        # The button belongs to the form beside it, so that a message written there is not lost by pressing it.
        return page_of(subject, chosen, typed={other: VerdictForm(other)}, anyway=verdict), 422
    if form.validate():
        try:
            service.ACTS[verdict](actor(), subject, **form.values())
        except Invalid as refused:
            put_refusal(form, refused)
        else:
            flash(verdict.done(subject.ref), "success")
            return redirect(next_url(subject, chosen), 303)
    return page_of(subject, chosen, typed={verdict: form}), 422


def next_url(subject: service.Moderated, chosen: QueueFilter) -> str:
    following = service.get_next(actor(), chosen.chapters, subject)
    asked = {name: value for name, value in chosen.values.items() if name != "state"}
    if following is None:
        return url_for(".queue", **asked)
    return url_for(".show", ref=following.ref, **asked, state=following.state.value)


def add_address(verdict: Verdict) -> None:
    """``/withhold/<ref>``, under the name of the verdict."""
    def act(ref: str):
        return decide(verdict, ref)
    act.__name__ = verdict.value
    bp.add_url_rule(f"/{verdict.value.replace('_', '-')}/<string:ref>", view_func=act, methods=["GET", "POST"])


for each in Verdict:
    add_address(each)


@bp.post("/publish-several")
def publish_several():
    """Publish those that were ticked; a page says which could not be, and why."""
    form, chosen = PublishSeveralForm(), filters()
    back = url_for(".queue", **chosen.values)
    expected = form.expected_counter()
    if not expected:
        flash(str(_("Tick what to publish first.")), "warning")
        return list_of(chosen), 422
    bulk = service.publish_several(actor(), required_consultation(), expected_counter=expected, model=chosen.model)
    if bulk.refused:
        page = render_template("moderation/publish_several.html", bulk=bulk, back=back, filters=chosen)
        return page, 200 if bulk.published else 409
    flash(told_of(len(bulk.published), of_replies=chosen.of_replies), "success")
    return redirect(back, 303)


def told_of(published: int, *, of_replies: bool) -> str:
    if of_replies:
        return ngettext("One reply is published; its author is told by mail.",
                        "%(num)s replies are published; their authors are told by mail.", published)
    return ngettext("One contribution is published; its author is told by mail.",
                    "%(num)s contributions are published; their authors are told by mail.", published)


@bp.get("/register")
def register():
    """Who decided what on which reference, and why: without the texts."""
    consultation = required_consultation()
    number = request.args.get("chapter", type=small_number)
    chapter = chapters.get_chapter(consultation, number) if number is not None else None
    of, listed = (OF_REPLIES, service.list_reply_register) if asks_for_replies() else (None, service.list_register)
    page = listed(consultation, chapter=chapter, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "moderation/register.html", decisions=page.rows, chapters=chapters.list_chapters(consultation), chapter=chapter, of=of,
        links=page.links(partial(url_for, ".register", chapter=number, of=of)),
    )


# What other rooms show of moderation


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(10, "moderation.queue", _("Moderation"), Action.MODERATION_VIEW, has_room=True)]


@accounts_events.arrival.fill
def arrival(person: Actor) -> str | None:
    """Once the answers are being concluded, only while something waits here."""
    consultation = shown_consultation()
    if not can(person, Action.MODERATION_VIEW, consultation):
        return None
    counts = service.count_by_state(person, service.list_chapters(person, consultation))
    is_waiting = any(of[state] for of in counts.values() for state in ContributionState.where(awaits_moderation=True))
    return url_for("moderation.queue") if is_waiting or not consultation.current_phase.is_concluding else None


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """What they have to moderate."""
    replies = [
        consultations_events.Waiting(
            f"replies:{chapter.number}",
            ngettext("%(num)s reply in chapter %(number)s awaits moderation.", "%(num)s replies in chapter %(number)s await moderation.", n,
                     number=chapter.number),
            "moderation.queue", {"chapter": chapter.number, "of": OF_REPLIES})
        for chapter, n in service.count_awaiting(person, consultation, Reply).items()
    ]
    return replies + [
        consultations_events.Waiting(
            f"moderation:{chapter.number}",
            ngettext("%(num)s contribution to chapter %(number)s awaits moderation.",
                     "%(num)s contributions to chapter %(number)s await moderation.", n, number=chapter.number),
            "moderation.queue", {"chapter": chapter.number})
        for chapter, n in service.count_awaiting(person, consultation).items()
    ]


@consultations_events.dashboard_columns.fill
def dashboard_columns(consultation: Consultation) -> list[consultations_events.Column]:
    if not can(actor(), Action.MODERATION_VIEW, consultation):
        return []
    watched = service.list_chapters(actor(), consultation)
    counts = service.count_by_state(actor(), watched)
    waiting = {c.number: sum(counts[c.id][state] for state in ContributionState.where(awaits_moderation=True)) for c in watched}
    cells = {number: consultations_events.Cell(format_number(n), url_for("moderation.queue", chapter=number), is_waiting=n > 0)
             for number, n in waiting.items()}
    return [consultations_events.Column(20, _("Awaiting moderation"), cells)]


@consultations_events.dashboard_counts.fill
def dashboard_counts(consultation: Consultation) -> list[consultations_events.Count]:
    """How many are in each state, with the way to them."""
    if not can(actor(), Action.MODERATION_VIEW, consultation):
        return []
    counts = service.count_by_state(actor(), service.list_chapters(actor(), consultation)).values()
    totals = {state: sum(of[state] for of in counts) for state in ContributionState}
    return [consultations_events.Count(state.counted(n), n, url_for("moderation.queue", state=state.value)) for state, n in totals.items()]


@core_events.told_with.fill
def decisions_told(thing: Base) -> core_events.ToldWith | None:
    if not isinstance(thing, Contribution):
        return None
    decisions = sa.select(ModerationDecision.id).where(ModerationDecision.contribution_id == thing.id)
    return core_events.ToldWith(ModerationDecision.__tablename__, decisions)
