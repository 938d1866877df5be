"""The queue with text and decision side by side, and the decisions."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import SimpleNamespace

from flask import flash, redirect, render_template, request, url_for

from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.errors import Invalid
from consult.core.i18n import _, ngettext, utcnow
from consult.core.paging import Cursor
from consult.core.permissions import refusal
from consult.core.web import actor, asked_values, put_refusal, required_consultation
from consult.moderation import service
from consult.moderation.forms import SeveralForm, VerdictForm, WithholdSeveralForm
from consult.moderation.models import Verdict
from consult.moderation.views.filters import QueueFilter, bp, filters
from consult.text.redline import redline


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
    original: SimpleNamespace | None = None,
) -> str:
    """With what was typed in the form of a verdict; ``anyway`` was pressed while a message was written beside its button."""
    before, following = service.around(actor(), chosen.chapters, subject, states=[chosen.state])
    return render_template(
        "moderation/show.html", rows=[*before, subject, *following],
        **desk(chosen, subject, behind=before[-1:], ahead=following[:1], typed=typed), anyway=anyway, original=original,
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
        "now": utcnow(), "undoable": service.get_last_own(actor(), chosen.chapters, chosen.model),
    }


def reading_of(subject: service.Moderated) -> dict:
    decisions = service.list_decisions(actor(), subject)
    appeal = service.get_appeal(actor(), subject) if decisions else None
    possible = service.list_verdicts(actor(), subject, decisions, appeal)
    kept = service.reserved(actor(), decisions, appeal)
    refusals = {verdict: refusal(actor(), verdict.action, subject) or (kept and kept.message) for verdict in possible}
    verdicts = [verdict for verdict in possible if not refusals[verdict]]
    return {
        "appeal": appeal, "is_appeal_open": service.is_open(appeal, decisions),
        "flags": service.list_flags(actor(), subject), "hints": service.list_hints(actor(), subject),
        "decisions": decisions, "verdicts": verdicts, "beside": beside(verdicts),
        "rephrasings": service.list_rephrasings(actor(), subject) if any(one.verdict.asks_author for one in decisions) else [],
        "redline": redline_of(subject), "refused": next(iter(refusals.values()), None) if not verdicts else None,
    }


def redline_of(subject: service.Moderated):
    if isinstance(subject, Reply) or subject.amendment is None:
        return None
    return redline(subject.block.lead, subject.amendment.replacement)


@bp.post("/dismiss-hint/<string:ref>/<int:hint_id>")
def dismiss_hint(ref: str, hint_id: int):
    """It is put aside for good, and its contribution stays open."""
    chosen = filters(ref)
    subject = service.get_subject(actor(), required_consultation(), ref)
    service.dismiss_hint(actor(), subject, hint_id=hint_id)
    return redirect(url_for(".show", ref=subject.ref, **chosen.values), 303)


@bp.route("/read-original/<string:ref>", methods=["GET", "POST"])
def read_original(ref: str):
    """What is out of the public's sight, for this once: each reading leaves its event."""
    if request.method == "GET":
        return redirect(url_for(".show", **{**asked_values(), "ref": ref}), 303)
    subject = service.get_subject(actor(), required_consultation(), ref)
    service.read_original(actor(), subject)
    return page_of(subject, filters(ref), original=subject.as_lodged)


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
    if subject.state.awaits_moderation:  # its decision was taken back
        return url_for(".show", ref=subject.ref, **{**chosen.values, "state": subject.state.value})
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
    form, chosen = SeveralForm(), filters()
    expected = form.expected_counter()
    if not expected:
        flash(str(_("Tick what to publish first.")), "warning")
        return list_of(chosen), 422
    bulk = service.decide_several(actor(), required_consultation(), Verdict.PUBLISH, expected_counter=expected, model=chosen.model)
    return told(bulk, Verdict.PUBLISH, chosen)


@bp.route("/withhold-several", methods=["GET", "POST"])
def withhold_several():
    """First what will be done, to which, with the reason to be given; then each is withheld by a decision of its own."""
    chosen = filters()
    if request.method == "GET":  # a reload, or a change of language
        return redirect(url_for(".queue", **chosen.values), 303)
    form = WithholdSeveralForm() if "reason" in request.form else WithholdSeveralForm(formdata=None)
    form.choice.data = request.form.getlist("choice")
    expected = form.expected_counter()
    if not expected:
        flash(str(_("Tick what to withhold first.")), "warning")
        return list_of(chosen), 422
    if "reason" in request.form and form.validate():
        try:
            bulk = service.decide_several(
                actor(), required_consultation(), Verdict.WITHHOLD, expected_counter=expected, model=chosen.model, **form.values())
        except Invalid as refused:
            put_refusal(form, refused)
        else:
            return told(bulk, Verdict.WITHHOLD, chosen)
    page = render_template("moderation/withhold_several.html", form=form, expected=expected, filters=chosen)
    return page, 422 if form.errors else 200


def told(bulk: service.Bulk, verdict: Verdict, chosen: QueueFilter):
    """All are decided on, or a page says which are not, and why."""
    back = url_for(".queue", **chosen.values)
    if bulk.refused:
        page = render_template("moderation/decided_several.html", bulk=bulk, verdict=verdict, back=back, filters=chosen)
        return page, 200 if bulk.decided else 409
    flash(told_of(len(bulk.decided), verdict, of_replies=chosen.of_replies), "success")
    return redirect(back, 303)


def told_of(decided: int, verdict: Verdict, *, of_replies: bool) -> str:
    if verdict.to.is_silent:
        return ngettext("One is withheld; its author is told by mail, with your message.",
                        "%(num)s are withheld; their authors are told by mail, with your message.", decided)
    if of_replies:
        return ngettext("One reply is published; its author is told by mail.",
                        "%(num)s replies are published; their authors are told by mail.", decided)
    return ngettext("One contribution is published; its author is told by mail.",
                    "%(num)s contributions are published; their authors are told by mail.", decided)
