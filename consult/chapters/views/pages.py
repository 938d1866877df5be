"""The home of the consultation, and a chapter to read."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from types import SimpleNamespace

from flask import render_template, url_for

from consult.chapters import events, reading, service
from consult.chapters.models import Chapter, OutdatedTranslation, Revision
from consult.chapters.views import passages
from consult.chapters.views.ready import chapter_here, chapter_stamp, chapters_here, home_stamp, kept, look_stamp
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation, Phase
from consult.core import events as core_events
from consult.core.extension_points import flat
from consult.core.i18n import LANGUAGE_NAMES, _, day
from consult.core.languages import language_urls
from consult.core.pages import parts
from consult.core.permissions import Action, can
from consult.core.web import actor, consultation, language, required_consultation, room


@dataclass(frozen=True)
class Step:
    """One step of what happens to a contribution, what its author gets from it, and when; ``turn`` is done, current or next."""

    title: str
    gives: str
    days: str
    turn: str


@dataclass(frozen=True)
class StaleNote:
    """Which language changed alone, when, and where both are compared."""

    name: str
    date: datetime
    is_translation: bool
    url: str


bp = room("chapters", prefix="")
LIVELIEST = 3  # passages that the first view of a chapter leads to
GROUND = _("Model followed: decree 2-08-229 on the publication of draft texts; law 12-06, article 4, on the Council.")


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


@bp.get("/chapters/<int:number>/margin/<int:part>")
def margin(number: int, part: int):
    """What was said about some passages, for whoever reads as far as there."""
    return kept(lambda: (*chapter_stamp(number), "margin", part), lambda: render_margin(number, part))


# Home


def render_home() -> str:
    shown = consultation()
    chapters = chapter_rows(shown)
    return render_template(
        "chapters/home.html", chapters=chapters, round=shown.round if shown else None, steps=steps(shown) if shown else [],
        lead=_((shown.current_phase if shown else Phase.PREPARATION).lead),
        outcome=flat(consultations_events.outcome_links(shown)) if shown else [],
        brief=brief(shown) if shown else [], figures=events.figures(shown) if shown else None,
        written=written_in(chapters_here()) if chapters else [],
        legal=SimpleNamespace(controller=shown.controller, ground=GROUND) if shown else None,
    )


def chapter_rows(shown: Consultation | None) -> list[SimpleNamespace]:
    """One for each chapter; those that have changed are asked for, all of them at once."""
    stamps = {chapter.id: (*look_stamp(shown), chapter.activity) for chapter in chapters_here()}
    rows = {key: row for key, stamp in stamps.items() if (row := parts.get(("row", key, language()), stamp)) is not None}
    changed = [chapter for chapter in chapters_here() if chapter.id not in rows]
    for chapter, counts, keys, tallies in service.overview(changed) if changed else ():
        row = chapter_row(chapter, counts, keys, tallies)
        rows[chapter.id] = parts.keep(("row", chapter.id, language()), stamps[chapter.id], row)
    return [rows[chapter.id] for chapter in chapters_here()]


def chapter_row(chapter: Chapter, counts: dict[str, int], keys: list[str], tallies: dict[str, int]) -> SimpleNamespace:
    return SimpleNamespace(
        number=chapter.number, title=chapter.title(language()), commission_name=chapter.commission.title(language()),
        counts=SimpleNamespace(**{kind: counts.get(kind, 0) for kind in ("axis", "project", "action")}),
        contributions=sum(tallies.values()), heat=reading.strip(tallies, keys),
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


def render_chapter(number: int) -> bytes:
    chapter = chapter_here(number)
    may_comment = bool(events.comment_urls(chapter, [f"C{number}"]))
    revision, text = text_here(chapter, may_comment=may_comment)
    blocks = spoken_of(chapter, text)
    shell = render_template(
        "chapters/read.html", revision=revision, contents=reading.contents(blocks), coverage=text.coverage,
        chapter=SimpleNamespace(number=number, title=chapter.title(language()), commission_name=chapter.commission.title(language())),
        last=len(chapters_here()), links=links_of(chapter), follow_url=events.follow_url(chapter), stances=events.key_of_signs(),
        written=written_in([chapter]), waiting=events.waiting_places(chapter, revision.language),
        debate=debate_of(blocks, sum(service.tallies(chapter).values()), may_comment=may_comment),
        margin_url=url_for("chapters.margin", number=number, part=0), part_size=reading.PART, own_url=events.own_lines_url(chapter),
    )
    shown = passages.with_lines(blocks, lambda ids: events.margin(chapter, ids))
    return passages.put_in(shell, passages.render(("chapter", chapter.id, language()), shown, chapter=chapter))


def render_margin(number: int, part: int) -> str:
    chapter = chapter_here(number)
    wanted = passages.of_part(spoken_of(chapter, text_here(chapter, may_comment=False)[1]), part)
    lines = events.margin(chapter, [b.id for b in wanted])
    return render_template("chapters/margin.html", blocks=[passages.beside(b, lines) for b in wanted], chapter=chapter)


def text_here(chapter: Chapter, *, may_comment: bool) -> tuple[Revision, reading.Text]:
    """The text in the reader's language with the revision that it is read in, laid out once."""
    french, own = service.get_revisions(chapter, language())

    def lay_out() -> reading.Text:
        french_blocks, own_blocks = service.list_blocks_of(french, own)
        keys = {block.key for block in (*french_blocks, *own_blocks)}
        comment_urls = events.comment_urls(chapter, list(keys)) if may_comment else {}
        urls = reading.Addresses(lambda key: comment_urls.get(key, ""), lambda key: events.discussion_url(chapter, key))
        return reading.text_of(french_blocks, own_blocks if own.language != "fr" else [], urls)
    return own, parts.get_or_make(("text", chapter.id, language(), may_comment), (french.id, own.id), lay_out)


def spoken_of(chapter: Chapter, text: reading.Text) -> list[reading.ReadBlock]:
    """The text with how much was said of each passage, and what is out of date."""
    tallies = service.tallies(chapter)
    stale = {(mark.key, mark.language): stale_note(mark) for mark in service.list_outdated_translations(chapter)}
    return [
        replace(b, count=tallies.get(b.key, 0), stale=stale.get((b.key, b.language)))
        if tallies.get(b.key) or (b.key, b.language) in stale else b for b in text.blocks
    ]


def debate_of(blocks: list[reading.ReadBlock], count: int, *, may_comment: bool) -> SimpleNamespace:
    """What the first view says of a chapter: how to take part, how much was said (on passages of other languages too), where most."""
    said = [b for b in blocks if b.count]
    liveliest = sorted(said, key=lambda b: -b.count)[:LIVELIEST]
    return SimpleNamespace(
        may_comment=may_comment, lead=_(required_consultation().current_phase.lead), contributions=count,
        spoken_of=len(said), passages=len(blocks), liveliest=[(b.key, b.label, b.count) for b in liveliest],
        heat=reading.strip({b.key: b.count for b in said}, [b.key for b in blocks]),
    )


def written_in(shown: list[Chapter]) -> list[tuple[str, str]]:
    """(code, this page there) of the languages that the texts are in, where none of them is in the reader's."""
    titles = {"fr": "title_fr", "ar": "title_ar", "en": "title_en"}
    found = {code for code, title in titles.items() if any(getattr(chapter, title) for chapter in shown)}
    return [] if language() in found else [(code, url) for code, _name, url in language_urls() if code in found]


def stale_note(mark: OutdatedTranslation) -> StaleNote:
    beside = mark.language if mark.language != "fr" else mark.since.language
    return StaleNote(
        name=str(LANGUAGE_NAMES[mark.since.language]), date=mark.since.published_at, is_translation=mark.language != "fr",
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
