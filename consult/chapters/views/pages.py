"""The home of the consultation, and a chapter to read."""

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

from flask import current_app, g, render_template, request, session, url_for

from consult.chapters import events, reading, service
from consult.chapters.models import Chapter, OutdatedTranslation
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation, Phase
from consult.core import audit
from consult.core import events as core_events
from consult.core.config import this_app
from consult.core.db import reading as reading_unit
from consult.core.errors import NotFound
from consult.core.extension_points import flat
from consult.core.i18n import LANGUAGE_NAMES, _, day, utcnow
from consult.core.languages import language_urls
from consult.core.pages import Page, pages
from consult.core.permissions import Action, can
from consult.core.web import actor, consultation, headers, language, required_consultation, room


@dataclass(frozen=True)
class Step:
    """One step of what happens to a contribution, what its author gets from it, and when; ``turn`` is done, current or next."""

    title: str
    gives: str
    days: str
    turn: str


bp = room("chapters", prefix="")
LIVELIEST = 3  # passages that the first view of a chapter leads to
GROUND = _("Model followed: decree 2-08-229 on the publication of draft texts; law 12-06, article 4, on the Council.")
PAGE_HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Vary", "Cookie, Accept-Encoding"), ("Cache-Control", "no-cache")]


@core_events.home_endpoint.fill
def home_endpoint() -> str:
    return "chapters.home"


@core_events.main_menu.fill
def main_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(10, "chapters.home", _("Chapters"))]


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(30, "chapters.working_drafts", _("Texts"), Action.CHAPTERS_VIEW_WORKING_DRAFT)]


@consultations_events.dashboard_links.fill
def dashboard_links(consultation: Consultation) -> list[core_events.Link]:
    if not can(actor(), Action.CHAPTERS_IMPORT_CHAPTER, consultation):
        return []
    return [core_events.Link(_("Import a chapter"), url_for("chapters.import_chapter"))]


@bp.get("/")
def home():
    return kept(home_stamp, render_home)


@bp.get("/chapters/<int:number>")
def read(number: int):
    return kept(lambda: chapter_stamp(number), lambda: render_chapter(number))


# Pages kept ready


def kept(ask, render):
    """Answer with the page kept ready for the present stamp, making it when there is none; the account part is the reader's own."""
    if "_flashes" in session:
        return render()
    stamp = ask()
    page = pages.get(stamp)
    if page is None:
        g.as_visitor = True
        try:
            page = pages.keep(stamp, Page(render().encode(), [*PAGE_HEADERS, *headers().items()]))
        finally:  # a page that is refused is the reader's own
            g.as_visitor = False
    if not request.query_string:
        app, path = this_app(), request.path
        pages.serve(path, stamp, lambda: asked(app, path, ask))
    if actor().is_authenticated:
        part = render_template(core_events.account_template()).encode()
        current_app.extensions["consult_readers"].keep(session.get("_user_id"), request.path, session.get("csrf_token"), part)
        return current_app.response_class(page.with_account(part), headers=PAGE_HEADERS)
    response = current_app.response_class(page.body, headers=[*page.headers, ("ETag", page.etag)])
    return response.make_conditional(request)


def asked(app, path: str, ask):
    """The present stamp of a page, asked outside of any request."""
    with app.app_context(), app.test_request_context(path), reading_unit():
        app.preprocess_request()
        return ask()


def look_stamp(shown: Consultation | None) -> tuple:
    """What every page shows of the consultation itself."""
    if shown is None:
        return (language(), None)
    said = (shown.title(language()), shown.purpose(language()), shown.audience(language()), shown.controller)
    days = (shown.opens_at, shown.closes_at, shown.submission_planned_for, shown.decision_planned_for)
    return (language(), shown.id, shown.current_phase, *said, *days)


def chapters_here() -> list[Chapter]:
    """The chapters of the consultation that is shown; read once a request."""
    if "chapters" not in g:
        g.chapters = service.list_chapters(consultation()) if consultation() else []
    return g.chapters


def chapter_here(number: int) -> Chapter:
    required_consultation()
    for chapter in chapters_here():
        if chapter.number == number:
            return chapter
    raise NotFound(_("There is no chapter %(number)s.", number=number))


def home_stamp() -> tuple:
    shown = consultation()
    activity = tuple((c.id, c.activity) for c in chapters_here())
    return ("home", *look_stamp(shown), activity, utcnow().date())


def chapter_stamp(number: int) -> tuple:
    chapter = chapter_here(number)
    # Names stand in the margin: whoever corrects theirs, or no longer agrees to be named, is heard at once.
    return ("chapter", *look_stamp(consultation()), chapter.id, chapter.activity, audit.newest(Action.ACCOUNTS_EDIT_PROFILE))


# Home


def render_home() -> str:
    shown = consultation()
    chapters = [chapter_row(*row) for row in service.overview(chapters_here())]
    return render_template(
        "chapters/home.html", chapters=chapters, round=shown.round if shown else None, steps=steps(shown) if shown else [],
        lead=_((shown.current_phase if shown else Phase.PREPARATION).lead),
        outcome=flat(consultations_events.outcome_links(shown)) if shown else [],
        brief=brief(shown) if shown else [], figures=events.figures(shown) if shown else None,
        written=written_in(chapters_here()) if chapters else [],
        legal=SimpleNamespace(controller=shown.controller, ground=GROUND) if shown else None,
    )


def chapter_row(chapter: Chapter, counts: dict[str, int], keys: list[str], tallies: dict[str, int]) -> SimpleNamespace:
    return SimpleNamespace(
        number=chapter.number, title=chapter.title(language()), commission_name=chapter.commission.title(language()),
        counts=SimpleNamespace(**{kind: counts.get(kind, 0) for kind in ("axis", "project", "action")}),
        voices=sum(tallies.values()), heat=reading.strip(tallies, keys),
        links=flat(events.links(chapter)),
    )


def brief(shown: Consultation) -> list[tuple[str, str]]:
    """What whoever arrives asks first, with its answer; what nobody wrote yet is left out."""
    back = _("A receipt at once. A reasoned answer to each contribution, by mail and in public. What your words changed, up to the "
             "decision of the Council.")
    asked = [(_("Why this policy"), shown.purpose(language())), (_("Who is asked"), shown.audience(language())),
             (_("What you get back"), back)]
    return [(str(words), str(said)) for words, said in asked if said]


def steps(shown: Consultation) -> list[Step]:
    """What happens to a contribution; the last step is done once it is reached."""
    order = list(Phase)
    here = order.index(shown.current_phase)

    def turn(phase: Phase) -> str:
        at = order.index(phase)
        if at < here or (at == here and not phase.leads_to):
            return "done"
        return "current" if at == here else "next"
    told = [(phase, *step) for phase in order for step in phase.steps]
    return [Step(str(_(title)), str(_(gives)), str(days), turn(phase))
            for (phase, title, gives), days in zip(told, days_of_steps(shown), strict=True)]


def days_of_steps(shown: Consultation) -> list[str]:
    """When each step is, was or is planned for; a step whose day nobody knows says so."""
    began = {phase: at for some in consultations_events.milestones(shown) for phase, at in some.items()}
    after = [day_after(began.get(phase), shown.planned(phase)) for phase in Phase if phase.planned_by]
    if not shown.round:
        return [_("day not announced yet")] * 3 + after
    opening, closing = day(shown.opens_at), day(shown.closes_at)
    ends = [began.get(phase) or shown.planned(phase) for phase in Phase if phase.planned_by][0]
    weighing = _("from %(first)s to %(last)s", first=closing, last=day(ends)) if ends else _("from %(date)s on", date=closing)
    lodging = _("from %(first)s to %(last)s", first=opening, last=closing)
    return [lodging, _("as they come, from %(date)s on", date=opening), weighing, *after]


def day_after(began: date | None, planned: date | None) -> str:
    """Of what no date of the consultation begins."""
    if began:
        return _("on %(date)s", date=day(began))
    return _("planned for %(date)s", date=day(planned)) if planned else _("day not announced yet")


# A chapter


def render_chapter(number: int) -> str:
    chapter = chapter_here(number)
    french, own = service.get_revisions(chapter, language())
    french_blocks, own_blocks = service.list_blocks_of(french, own)
    laid = reading.together(french_blocks, own_blocks if own.language != "fr" else [])
    tallies = service.tallies(chapter)
    margin = events.margin(chapter)
    frames = reading.frames([b for b, _at in laid], french_blocks, own_blocks)
    blocks = [
        reading.read_block(b, at, frame, tallies.get(b.key, 0), margin.get(b.key, [])) for (b, at), frame in zip(laid, frames, strict=True)
    ]
    stale = {(mark.key, mark.language): stale_note(mark) for mark in service.list_outdated_translations(chapter)}
    comment_urls = events.comment_urls(chapter, [block.key for block, _at in laid])
    for b in blocks:
        b.stale = stale.get((b.key, b.language))
        b.url_discussion = events.discussion_url(chapter, b.key) if b.count else ""
        b.url_contribute = comment_urls.get(b.key, "")
    share = reading.coverage(french_blocks, own_blocks) if language() != "fr" else None
    return render_template(
        "chapters/read.html", revision=own, blocks=blocks, contents=reading.contents(blocks), coverage=share or None,
        chapter=SimpleNamespace(number=number, title=chapter.title(language()), commission_name=chapter.commission.title(language())),
        last=len(chapters_here()), links=links_of(chapter), stances=events.key_of_signs(),
        written=written_in([chapter]), waiting=events.places_to_confirm(chapter, own.language),
        debate=debate_of(blocks, tallies, may_comment=bool(comment_urls)),
    )


def debate_of(blocks: list[reading.ReadBlock], tallies: dict[str, int], *, may_comment: bool) -> SimpleNamespace:
    """What the first view says of a chapter: how to take part, how much was said, where most."""
    spoken_of = [b for b in blocks if b.count]
    liveliest = sorted(spoken_of, key=lambda b: -b.count)[:LIVELIEST]
    return SimpleNamespace(
        may_comment=may_comment, lead=_(required_consultation().current_phase.lead), voices=sum(tallies.values()),
        spoken_of=len(spoken_of), passages=len(blocks), liveliest=[(b.key, b.label, b.count) for b in liveliest],
        heat=reading.strip(tallies, [b.key for b in blocks]),
    )


def written_in(shown: list[Chapter]) -> list[tuple[str, str]]:
    """(code, this page there) of the languages that the texts are in, where none of them is in the reader's."""
    titles = {"fr": "title_fr", "ar": "title_ar", "en": "title_en"}
    found = {code for code, title in titles.items() if any(getattr(chapter, title) for chapter in shown)}
    return [] if language() in found else [(code, url) for code, _name, url in language_urls() if code in found]


def stale_note(mark: OutdatedTranslation) -> SimpleNamespace:
    """Which language changed alone, when, and where both are compared."""
    beside = mark.language if mark.language != "fr" else mark.since.language
    return SimpleNamespace(
        name=LANGUAGE_NAMES[mark.since.language], date=mark.since.published_at, is_translation=mark.language != "fr",
        url=url_for("chapters.translations", number=mark.chapter.number, text_language=beside, _anchor=mark.key),
    )


def links_of(chapter: Chapter) -> list[tuple[str, str]]:
    """What the head of a chapter leads to: its past, its other languages, and what higher rooms have about it."""
    beside = {"ar": (chapter.title_ar, _("French and Arabic side by side")), "en": (chapter.title_en, _("French and English side by side"))}
    translations = [
        (words, url_for("chapters.translations", number=chapter.number, text_language=code))
        for code, (title, words) in beside.items() if title
    ]
    return [(_("All versions"), url_for("chapters.revisions", number=chapter.number)), *translations,
            *flat(events.links(chapter))]
