"""What other rooms' pages show of contributions: beside the text, on a passage's own page, on the home, in menus."""

from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from flask import render_template, request, url_for

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.chapters import events as chapters_events
from consult.chapters.models import Chapter, Revision
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import events, service
from consult.contributions.models import Anchor, Contribution, Position
from consult.core import events as core_events
from consult.core.db import Base
from consult.core.i18n import _, gettext
from consult.core.markup import excerpt, trusted
from consult.core.paging import Cursor
from consult.core.permissions import Action, can
from consult.core.web import actor, language
from consult.text import normalising
from consult.text.quotes import Quote

MAX_SHOWN = 140  # characters of quoted words in the margin


# Where other pages lead


@core_events.personal_menu.fill
def personal_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(10, "contributions.mine", _("My contributions"))]


@consultations_events.own_contributions_endpoint.fill
def own_contributions_endpoint() -> str:
    return "contributions.mine"


@chapters_events.comment_urls.fill
def comment_urls(chapter: Chapter, keys: Sequence[str]) -> dict[str, str]:
    if not can(actor(), Action.CONTRIBUTIONS_WRITE, chapter):
        return {}
    return {key: url_for("contributions.lodge", number=chapter.number, key=key) for key in keys}


@chapters_events.discussion_url.fill
def discussion_url(chapter: Chapter, key: str) -> str:
    return url_for("contributions.discussion", number=chapter.number, key=key)


# Beside the text


@chapters_events.own_lines_url.fill
def own_lines_url(chapter: Chapter) -> str:
    return url_for("contributions.own_lines", number=chapter.number)


@chapters_events.waiting_places.fill
def waiting_places(chapter: Chapter, language: str) -> chapters_events.WaitingPlaces:
    are_sought, passages = service.list_waiting_passages(chapter, language)
    return chapters_events.WaitingPlaces(are_sought, [chapters_events.PlacesToConfirm(one.key, one.label, one.count) for one in passages])


@chapters_events.margin.fill
def margin(chapter: Chapter, blocks: Sequence[int]) -> dict[str, list[chapters_events.MarginEntry]]:
    lines = service.list_margin_lines(chapter, language(), blocks)
    return {key: [margin_entry(line) for line in at] for key, at in lines.items()}


def stance(position: Position, words: str) -> chapters_events.Stance:
    return chapters_events.Stance(position.tone, position.sign, words)


@chapters_events.key_of_signs.fill
def key_of_signs() -> list[chapters_events.Stance]:
    return [stance(position, gettext(position.in_key)) for position in Position]


def margin_entry(line: service.MarginLine) -> chapters_events.MarginEntry:
    return chapters_events.MarginEntry(
        ref=line.ref, url=url_for("contributions.show", ref=line.ref), position=stance(line.position, line.position.label),
        organisation=line.signature or str(_("A participant")), language=line.language, excerpt=line.excerpt,
        quote=margin_quote(line.quote), note=note_on(line), persons=line.reactions.persons,
        organisations=line.reactions.organisations, replies=line.reactions.replies,
    )


def note_on(line: service.MarginLine) -> str:
    if line.is_sought:
        return str(_("its place is being looked for"))
    return str(_("on version %(number)s", number=line.version)) if line.version else ""


def margin_quote(quote: Quote) -> chapters_events.MarginQuote | None:
    if not quote.exact:
        return None
    shown = excerpt(quote.exact, MAX_SHOWN)
    return chapters_events.MarginQuote(
        words=shown, exact=quote.exact if shown != quote.exact else "", prefix=quote.prefix, suffix=quote.suffix,
        language=normalising.language_of(quote.exact, "fr"),
    )


@chapters_events.earlier_counts.fill
def earlier_counts(revision: Revision) -> dict[str, int]:
    return service.count_earlier(revision)


@chapters_events.earlier_margin.fill
def earlier_margin(revision: Revision, blocks: Sequence[int]) -> dict[str, list[chapters_events.MarginEntry]]:
    found = service.list_earlier_lines(revision, language(), blocks)
    return {key: [earlier_entry(line) for line in lines] for key, lines in found.items()}


def earlier_entry(line: service.EarlierLine) -> chapters_events.MarginEntry:
    return chapters_events.MarginEntry(
        ref=line.ref, url=url_for("contributions.show", ref=line.ref), position=stance(line.position, line.position.label),
        organisation=line.signature or str(_("A participant")), language=line.language, excerpt=line.excerpt,
        note=str(_("left on this version")) if line.is_left else "",
    )


@chapters_events.provision_parts.fill
def provision_part(chapter: Chapter, key: str) -> chapters_events.ProvisionPart:
    """All that was said about a passage, with the version that each spoke of; twenty at a time."""
    only_amendments = request.args.get("said") == "amendments"
    here = partial(url_for, "chapters.provision", number=chapter.number, key=key, _anchor="said")
    count, amendments = service.count_about_provision(chapter, key)
    page = service.list_about_provision(
        chapter, key, after=request.args.get("after", type=Cursor.parse), only_amendments=only_amendments)
    words = render_template(
        "contributions/_provision.html", chapter=chapter, key=key, said=page, count=count, amendments=amendments, here=here,
        only_amendments=only_amendments, links=page.links(partial(here, said="amendments") if only_amendments else here),
    )
    return chapters_events.ProvisionPart(order=1, id="said", title=_("Contributions"), count=count, words=trusted(words))


@chapters_events.impact.fill
def impact(chapter: Chapter) -> dict[str, int]:
    return service.count_by_provision(actor(), chapter)


# Elsewhere


@core_events.told_with.fill
def places_told(thing: Base) -> core_events.ToldWith | None:
    """What was decided about the place of a contribution."""
    if not isinstance(thing, Contribution):
        return None
    return core_events.ToldWith(Anchor.__tablename__, sa.select(Anchor.id).where(Anchor.contribution_id == thing.id))


@chapters_events.figures.fill
def figures(consultation: Consultation) -> chapters_events.Figures:
    counted = service.count_figures(consultation)
    return chapters_events.Figures(
        contributions=counted.contributions, organisations=counted.organisations, participants=counted.participants,
        answered=events.answered(consultation),
    )


@accounts_events.my_data.fill
def my_data(person: User) -> dict:
    return service.get_data(person)
