"""The review of places: where a new version has each contribution, as the rapporteur confirms or chooses; what readers are told."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter, Revision
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import service
from consult.contributions.models import Anchor, AnchorClass, AnchorState, Contribution, ReviewRank
from consult.contributions.views.pages import bp
from consult.core.errors import Invalid
from consult.core.i18n import LANGUAGES, _, gettext, ngettext
from consult.core.i18n import number as format_number
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, refusal, require
from consult.core.web import actor, required_consultation, small_number

LIKELY = 0.6


@bp.app_template_global("confidence_of")
def confidence_of(anchor: Anchor) -> str:
    """How sure a place is, in a word; the number stands beside it."""
    steps = ((service.CERTAIN, _("certain")), (chapters.SURE, _("sure")), (LIKELY, _("likely")), (0, _("doubtful")))
    return next(str(word) for least, word in steps if anchor.confidence >= least)


# The review


@dataclass(frozen=True)
class AnchorFilter:
    """What the address asks to see: one text of a chapter, one class, one state."""

    chapter: Chapter
    revision: Revision
    anchor_class: AnchorClass | None
    state: AnchorState | None
    after: Cursor | None

    @property
    def values(self) -> dict:
        """The same filters in an address."""
        return {**self.filters, "after": self.after} if self.after else self.filters

    @property
    def carried(self) -> dict:
        """What the address of an act takes along, to come back to the same list."""
        return {name: value for name, value in self.values.items() if name not in ("number", "text")}

    @property
    def filters(self) -> dict:
        chosen = {"number": self.chapter.number, "text": self.revision.language, "class": self.anchor_class, "state": self.state}
        return {name: getattr(value, "value", value) for name, value in chosen.items() if value is not None}


def asked(names, value: str):
    return names(value) if value in list(names) else None


def filters(chapter: Chapter, newest: dict[str, Revision], waiting: dict[str, int]) -> AnchorFilter:
    first = next((code for code in newest if waiting.get(code)), next(iter(newest)))
    wanted = request.args.get("text", first)
    return AnchorFilter(
        chapter, newest.get(wanted, newest[first]), asked(AnchorClass, request.args.get("class", "")),
        asked(AnchorState, request.args.get("state", "")), request.args.get("after", type=Cursor.parse),
    )


@bp.get("/anchors/<int:number>")
def anchors(number: int):
    chapter = chapters.get_chapter(required_consultation(), number)
    require(actor(), Action.CONTRIBUTIONS_VIEW_ANCHORS, chapter)
    newest = {revision.language: revision for revision in chapters.list_newest_revisions(chapter)}
    undecided = {code: n for (of, code), n in service.count_undecided(actor(), chapter.consultation).items() if of.id == chapter.id}
    chosen = filters(chapter, newest, undecided)
    counts = service.count_places(actor(), chosen.revision)
    page = service.list_anchors(
        actor(), chosen.revision, anchor_class=chosen.anchor_class, state=chosen.state, after=chosen.after)
    return render_template(
        "contributions/anchors.html", chapter=chapter, revision=chosen.revision, filters=chosen, rows=page.rows, counts=by_state(counts),
        are_places_sought=chosen.revision.language in service.list_languages_sought_in(chapter),
        undecided=undecided, least_certain=service.CERTAIN,
        certain=sum(n for (_class, rank), n in counts.items() if rank == ReviewRank.CERTAIN),
        classes=AnchorClass, states=AnchorState, languages=LANGUAGES,
        texts=[revision for revision in newest.values() if revision.number > 1],
        chapters=[c for c in chapters.list_chapters(chapter.consultation) if can(actor(), Action.CONTRIBUTIONS_VIEW_ANCHORS, c)],
        refused=refusal(actor(), Action.CONTRIBUTIONS_CONFIRM_ANCHOR, chapter),
        links=page.links(partial(url_for, ".anchors", **chosen.filters)),
    )


def by_state(counts: dict[tuple[AnchorClass, ReviewRank], int]) -> dict[tuple[AnchorClass, AnchorState], int]:
    return {
        (anchor_class, state): n for anchor_class in AnchorClass for state in AnchorState
        if (n := sum(counts.get((anchor_class, rank), 0) for rank in ReviewRank.of(state)))
    }


@bp.post("/anchors/<int:number>/confirm-certain")
def confirm_certain(number: int):
    chapter = chapters.get_chapter(required_consultation(), number)
    text, version = request.form.get("text", "fr"), request.form.get("version", 0, type=small_number)
    revision = chapters.get_numbered_revision(chapter, text, version)
    confirmed = service.confirm_certain(actor(), chapter, revision=revision)
    if confirmed:
        flash(ngettext("One place is confirmed.", "%(num)s places are confirmed.", confirmed), "success")
    else:
        flash(str(_("Nothing was changed.")), "info")
    return redirect(url_for(".anchors", number=number, text=text), 303)


# One place


@bp.get("/anchor/<int:anchor_id>")
def anchor(anchor_id: int):
    return page_of(service.get_anchor(actor(), anchor_id))


def page_of(found: Anchor, error: str = "") -> str:
    """One entry with all passages of the version, the likeliest first, to choose from."""
    likely, blocks = service.list_candidates(actor(), found)
    return render_template(
        "contributions/anchor.html", anchor=found, contribution=found.contribution, likely=likely, blocks=blocks, error=error,
        back=back_url(found), is_newest=not chapters.list_later_revisions(found.revision), languages=LANGUAGES,
        refused=refusal(actor(), Action.CONTRIBUTIONS_REATTACH, found),
    )


def back_url(found: Anchor) -> str:
    """To the list as it was left, at the entry after the one decided on."""
    asked_for: dict[str, Any] = {name: request.args[name] for name in ("class", "state", "after") if name in request.args}
    following = request.args.get("next", found.id, type=small_number)
    return url_for(".anchors", number=found.contribution.chapter.number, text=found.revision.language, **asked_for, _anchor=f"a{following}")


@bp.post("/confirm-anchor/<int:anchor_id>")
def confirm_anchor(anchor_id: int):
    found = service.get_anchor(actor(), anchor_id)
    service.confirm_anchor(actor(), found, expected_counter=expected_counter())
    if found.anchor_class.is_gone:
        said = _("%(ref)s stays on the version that it was written on.", ref=found.contribution.ref)
    else:
        said = _("The place of %(ref)s is confirmed.", ref=found.contribution.ref)
    return decided(found, said)


@bp.post("/leave/<int:anchor_id>")
def leave(anchor_id: int):
    found = service.get_anchor(actor(), anchor_id)
    service.leave(actor(), found, expected_counter=expected_counter())
    said = _("%(ref)s stays on the version that it was written on; its author is told by mail.", ref=found.contribution.ref)
    return decided(found, said)


@bp.post("/reattach/<int:anchor_id>")
def reattach(anchor_id: int):
    found = service.get_anchor(actor(), anchor_id)
    key = request.form.get("likely", "") or request.form.get("key", "")
    try:
        service.reattach(actor(), found, key=key, expected_counter=expected_counter())
    except Invalid as refused:
        return page_of(found, f"{refused.message} {refused.remedy}"), 422
    place = (found.block.label or found.block.key) if found.block else key
    said = _("%(ref)s is attached to %(place)s; its author is told by mail.", ref=found.contribution.ref, place=place)
    return decided(found, said)


def expected_counter() -> int:
    """The counter that the page showed; none at all is as good as an old one."""
    return request.form.get("expected_counter", 0, type=small_number)


def decided(found: Anchor, said):
    flash(str(said), "success")
    return redirect(back_url(found), 303)


@consultations_events.dashboard_columns.fill
def dashboard_columns(consultation: Consultation) -> list[consultations_events.Column]:
    """The places that wait, chapter by chapter; no column while none does."""
    waiting: Counter = Counter()
    for (chapter, _code), count in service.count_undecided(actor(), consultation).items():
        waiting[chapter.number] += count
    cells = {number: consultations_events.Cell(format_number(n), url_for("contributions.anchors", number=number), is_waiting=True)
             for number, n in waiting.items()}
    return [consultations_events.Column(40, _("Places to confirm"), cells)] if cells else []


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """The places that they have to confirm."""
    if not consultation.current_phase.is_revising:
        return []
    by_chapter: dict[Chapter, dict[str, int]] = {}
    for (chapter, code), n in service.count_undecided(person, consultation).items():
        by_chapter.setdefault(chapter, {})[code] = n
    return [
        consultations_events.Waiting(
            f"places:{chapter.number}",
            ngettext("%(num)s place in the newest version of chapter %(number)s waits to be confirmed.",
                     "%(num)s places in the newest version of chapter %(number)s wait to be confirmed.", sum(counts.values()),
                     number=chapter.number),
            "contributions.anchors", {"number": chapter.number, "text": next(iter(counts))})
        for chapter, counts in by_chapter.items()
    ]


@consultations_events.dashboard_notes.fill
def dashboard_notes(consultation: Consultation) -> list[str]:
    """Who has not spoken."""
    silent = service.list_silent_categories(consultation)
    if not silent or not consultation.current_phase.receives_contributions:
        return []
    return [gettext("Nobody has spoken yet for: %(categories)s.", categories=" · ".join(category.label for category in silent))]


# What readers are told


@bp.app_template_global("since_written")
def since_written(contribution: Contribution) -> SimpleNamespace | None:
    """What became of the passage after a contribution was written on it; None while it is the newest version's.

    ``now`` is the block that shows it (None: it stays where it was written), ``how`` compares it with the one it was written on.
    """
    last, sought = service.get_last_place(contribution)
    if sought is not None:
        return SimpleNamespace(revision=sought, written=contribution.block.revision, old=contribution.block, now=None, how="sought")
    if last is None:
        return None
    written, now = contribution.block, last.block if contribution.current_key else None
    if now is None:
        how = "dropped" if last.anchor_class.is_gone else "left" if last.state.is_left else "unsure"
    elif last.state.is_by_hand:
        how = "reattached"
    elif now.text != written.text:
        how = "changed"
    else:
        how = "same" if now.key == written.key and now.label == written.label else "moved"
    return SimpleNamespace(anchor=last, revision=last.revision, written=written.revision, old=written, now=now, how=how)
