"""The synthesis of a chapter: what it is, its figures, each point with its answer, and the traceability matrix.

Called under ``force_locale(language)``: everything that we say is in the language in force, what people wrote stays as written.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.contributions.models import ContributionState, Position
from consult.core.db import session
from consult.core.i18n import day, direction, gettext, language_name, ngettext, number, when
from consult.exports import events, matrix
from consult.exports.documents.parts import QUIET, STRONG, Annex, Composer, Paragraph, Report, Table, printable, ref
from consult.exports.matrix import MatrixRow, Signature
from consult.organisations.models import Category
from consult.synthesis import service as answers
from consult.synthesis.models import Disposition, Synthesis, SynthesisItem, SynthesisState
from consult.synthesis.service.report import PlacedItem
from consult.synthesis.service.respondents import Respondent, Respondents, by_category
from consult.synthesis.service.wordings import Rewording

SEPARATOR = " · "


@dataclass(frozen=True)
class Place:
    """A block of the text as a table of observations names it."""

    label: str
    clause: str
    kind: BlockKind


def gather(chapter: Chapter, language: str) -> Report:
    """Read everything, in a dozen queries, and compose."""
    synthesis = session.scalar(sa.select(Synthesis).where(Synthesis.chapter_id == chapter.id))
    points = answers.list_placed_items(chapter.consultation, chapter=chapter)
    rows = list(matrix.rows(chapter.consultation, language, chapter=chapter, points=points))
    way = direction(language)
    page = Composer(way)
    introduce(page, chapter, synthesis)
    participation(page, rows)
    outcomes(page, points, rows)
    everybody = by_category(respondent_of(row) for row in rows if row.first and row.state.is_public)
    by_point = rows_by_point(rows)
    for point in points:
        tell_point(page, point, by_point[point.item.id], everybody)
    without_answer(page, rows)
    without_text(page, rows)
    title = gettext("Synthesis of the contributions")
    over, name = printable(chapter.consultation.title(language)), printable(chapter_name(chapter, language))
    return Report(
        title=title, over=over, under=name, language=language, direction=way,
        running=f"{over}{SEPARATOR}{title}{SEPARATOR}{name}",
        page_words=gettext("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        moment=matrix.last_change(chapter.consultation), parts=page.parts, annex=annex(chapter, rows, language),
    )


def rows_by_point(rows: Iterable[MatrixRow]) -> dict[int, list[MatrixRow]]:
    """What each point rests on, in one pass over all; nothing for a point that gathers nothing."""
    found: dict[int, list[MatrixRow]] = defaultdict(list)
    for row in rows:
        if row.point is not None:
            found[row.point.item.id].append(row)
    return found


def chapter_name(chapter: Chapter, language: str) -> str:
    return gettext("Chapter %(number)s: %(title)s", number=chapter.number, title=chapter.title(language))


def introduce(page: Composer, chapter: Chapter, synthesis: Synthesis | None) -> None:
    consultation = chapter.consultation
    if consultation.is_example:
        page.say(gettext("Example text: titles and wording to be confirmed by the secretariat of the CSNCA."), style="mark")
    if synthesis is None or not synthesis.state.is_validated:
        page.say(gettext("Draft: this synthesis is not yet validated by the chair of the commission."), style="mark")
    page.say(gettext(
        "This document gathers what was said about this chapter during the public consultation, what the commission decides on each "
        "point and why. Every figure in it is computed from the contributions, and each point names by their reference the "
        "contributions that it rests on."
    ))
    facts: list[tuple[Any, Any]] = [(gettext("Commission"), chapter.commission.title(gettext_language(page)))]
    if consultation.round:
        facts.append((gettext("Consultation"), gettext("from %(start)s to %(end)s (Morocco time)", start=when(consultation.opens_at),
                                                       end=when(consultation.closes_at))))
    facts.append((gettext("Texts concerned"), texts_concerned(chapter)))
    facts.append((gettext("State of the synthesis"), state_of(synthesis)))
    facts.append((gettext("State of the data on"), when(matrix.last_change(consultation))))
    told = filter(None, events.chapter_facts(chapter))
    facts += [(fact.heading, page.cell(fact.said) + page.words(fact.words)) for fact in told]
    page.table([], facts, [28, 72])


def gettext_language(page: Composer) -> str:
    return "ar" if page.direction == "rtl" else "fr"


def texts_concerned(chapter: Chapter) -> str:
    return SEPARATOR.join(
        gettext("%(language)s, revision %(number)s of %(date)s", language=language_name(newest.language), number=newest.number,
                date=day(newest.published_at)) for newest in chapters.list_newest_revisions(chapter)
    )


def state_of(synthesis: Synthesis | None) -> str:
    if synthesis is None:
        return SynthesisState.DRAFT.label
    if synthesis.validated_at is None or not synthesis.state.is_validated:
        return synthesis.state.label
    chair = session.get(User, synthesis.validated_by_id) if synthesis.validated_by_id else None
    validated = gettext("validated on %(date)s", date=when(synthesis.validated_at))
    name = chair.public_name() if chair else None
    return f"{synthesis.state.label}{SEPARATOR}{validated}" + (f" ({name})" if name else "")


def participation(page: Composer, rows: list[MatrixRow]) -> None:
    """Counts by state, then published contributions by category and position."""
    page.heading(1, gettext("Participation in figures"))
    whole = [row for row in rows if row.first]
    states = Counter(row.state for row in whole)
    waiting = {row.id for row in rows if not row.is_answered}
    answered = sum(1 for row in whole if row.state.is_answerable and row.id not in waiting)
    organisations = len({row.organisation_id for row in rows if row.organisation})
    page.table([], [
        (gettext("Contributions received"), number(len(whole))),
        *(((gettext("Requests in them, each answered by itself"), number(len(rows))),) if len(whole) < len(rows) else ()),
        *((gettext(state.among), number(states[state])) for state in sorted(ContributionState, key=lambda state: not state.is_public)),
        (gettext("Published contributions answered with reasons"), number(answered)),
        (gettext("Organisations that spoke"), number(organisations)),
    ], [72, 28], numbers=[1])
    published = [row for row in whole if row.state.is_public]
    if not published:
        return
    page.say(gettext("Published contributions by category of author and position"), style="label")
    counts = Counter((row.category, row.position) for row in published)
    categories = [category for category in (*Category, None) if any(key[0] == category for key in counts)]
    lines = [[category.label if category else gettext("Persons in their own name"),
              *(figure(counts[category, position]) for position in Position),
              number(sum(counts[category, position] for position in Position))] for category in categories]
    lines.append([gettext("Total"), *(figure(sum(counts[c, position] for c in categories)) for position in Position),
                  number(len(published))])
    page.table([gettext("Category"), *(position.label for position in Position), gettext("Total")], lines, [29, 14, 19, 16, 10, 12],
               numbers=range(1, 6))


def figure(count: int) -> str:
    return number(count) if count else "–"  # noqa: RUF001 - a dash stands for nothing in a table of figures


def outcomes(page: Composer, points: list[PlacedItem], rows: list[MatrixRow]) -> None:
    """How many points and contributions got each disposition; then the list of points, which is the table of contents."""
    if not points:
        return
    page.heading(1, gettext("Points and answers"))
    gathered = Counter(item_id for _contribution, item_id in {(row.id, row.point.item.id) for row in rows if row.point})
    by_disposition: Counter = Counter(point.item.disposition for point in points)
    lines = [
        [disposition.label if disposition else gettext("No answer yet"), number(by_disposition[disposition]),
         number(sum(gathered[point.item.id] for point in points if point.item.disposition == disposition))]
        for disposition in (*Disposition, None) if by_disposition[disposition]
    ]
    page.table([gettext("Disposition"), gettext("Points"), gettext("Contributions")], lines, [60, 20, 20], numbers=(1, 2))
    page.table(
        [gettext("No."), gettext("Point"), gettext("Disposition"), gettext("Contributions")],
        [[number(point.item.number), page.words(point.item.title), answer_of(point.item), number(gathered[point.item.id])]
         for point in points], [8, 52, 24, 16], numbers=(3,),
    )


def answer_of(item: SynthesisItem) -> str:
    return item.disposition.label if item.disposition else gettext("No answer yet")


def tell_point(page: Composer, point: PlacedItem, rows: list[MatrixRow], everybody: Counter) -> None:
    """One point: what is asked, by whom, what is decided, why, and the new wording."""
    item = point.item
    page.heading(2, f"{item.number}. {item.title}")
    ground = [SEPARATOR, gettext("Ground: %(ground)s", ground=item.ground.label)] if item.ground else []
    page.say((STRONG, gettext("Disposition: %(disposition)s", disposition=answer_of(item))), *ground, style="answer")
    keys = list(dict.fromkeys([row.key for row in rows] + [change.key for change in point.changes]))
    if keys:
        page.say((QUIET, gettext("Passages concerned:") + " "), *joined([ref(key) for key in keys]), style="answer")
    page.quote(item.summary)
    if rows:
        page.say((STRONG, gettext("Who says so:") + " "), who(rows, everybody))
        page.say((QUIET, gettext("Contributions:") + " "), *joined([ref(row.name) for row in rows]))
    if item.note:
        page.say(str(item.note), style="answer")
    if item.rationale:
        page.say((STRONG, gettext("Rationale")), style="label")
        page.quote(item.rationale)
    for change in point.changes:
        page.say((STRONG, gettext("New wording:") + " "), ref(change.label), SEPARATOR,
                 (QUIET, gettext("struck through: deleted; underlined: inserted")), style="label")
        page.redline(change.segments)
        if change.is_outdated:
            page.say((QUIET, written_on(change)), style="label")
            page.quote(change.present or "")


def written_on(change: Rewording) -> str:
    """Beside a wording whose passage a later version changed: what was decided was decided on the earlier one."""
    if change.is_gone:
        return gettext("Written on version %(number)s. A later version has no such passage any more.", number=change.version)
    return gettext("Written on version %(number)s. A later version changed the passage, which now reads:", number=change.version)


def joined(parts: list) -> list:
    """References one after the other, a separator between."""
    between: list = []
    for part in parts:
        between += [SEPARATOR, part] if between else [part]
    return between


def who(rows: list[MatrixRow], everybody: Counter) -> str:
    """Counts by category, out of all who spoke about the chapter, and by position; of several points of a contribution once."""
    respondents = Respondents.among([respondent_of(row) for row in {row.id: row for row in rows}.values()], everybody)
    total = ngettext("%(num)s contribution", "%(num)s contributions", respondents.contributions)
    stances = [f"{position.label} ({number(count)})" for position, count in respondents.position_labels()]
    return gettext("%(total)s. %(categories)s. Positions: %(positions)s.", total=total,
                   categories=SEPARATOR.join(respondents.category_labels()), positions=SEPARATOR.join(stances))


def respondent_of(row: MatrixRow) -> Respondent:
    return Respondent(row.position, row.category, row.organisation_id, row.author_id)


def without_answer(page: Composer, rows: list[MatrixRow]) -> None:
    waiting = [row for row in rows if not row.is_silent and not row.is_answered]
    if waiting:
        page.heading(1, gettext("Contributions not yet answered"))
        page.say(*joined([ref(row.name) for row in waiting]))


def without_text(page: Composer, rows: list[MatrixRow]) -> None:
    withheld = [row for row in rows if row.is_silent and not row.state.is_taken_back]
    withdrawn = [row for row in rows if row.is_silent and row.state.is_taken_back]
    if withheld:
        page.heading(1, gettext("Withheld contributions"))
        page.say(gettext("Their text is not published; each was withheld for a reason of the charter, which its author was told."))
        page.table([gettext("Reference"), gettext("Passage"), gettext("Reason for withholding")],
                   [[ref(row.ref), ref(row.key), row.reason.label if row.reason else "—"] for row in withheld], [26, 30, 44])
    if withdrawn:
        page.heading(1, gettext("Contributions withdrawn by their author"))
        page.say(*joined([ref(row.ref) for row in withdrawn]))


def annex(chapter: Chapter, rows: list[MatrixRow], language: str) -> Annex:
    """The table of observations of the standards world: one line for each contribution, in the order of the text."""
    page = Composer(direction(language))
    places, codes = places_of(chapter, language), codes_of(rows)
    head = [
        gettext("MB/NC"), gettext("Line number"), gettext("Clause/ Subclause"), gettext("Paragraph/ Figure/ Table"),
        gettext("Type of comment"), gettext("Comments"), gettext("Proposed change"), gettext("Observations of the secretariat"),
    ]
    lines = [matrix_line(page, row, codes[row.id], places.get(row.key)) for row in rows]
    page.say(gettext(
        "Columns of the ISO/IEC/CEN/CENELEC commenting template. MB/NC: code of the organisation and number of its contribution on this "
        "chapter (IND: a person in their own name), then its reference and the mandate with which it "
        "was signed. Type of comment: ge = general, te = technical, ed = editorial."
    ))
    notes = [part for part in page.parts if isinstance(part, Paragraph)]
    return Annex(gettext("Annex: traceability matrix"), notes, Table(head, lines, [10, 8, 11, 8, 9, 23, 14, 17]))


def places_of(chapter: Chapter, language: str) -> dict[str, Place]:
    """Each block's label and the heading above it, in the document's language where the block stands in it, else in French."""
    newest = chapters.newest_revisions(Revision.chapter_id == chapter.id, Revision.language.in_((language, "fr")))
    blocks = (
        sa.select(Block.key, Block.label, Block.kind, Block.level, Block.lead).join(Revision, Revision.id == Block.revision_id)
        .where(Revision.id.in_(newest)).order_by(Revision.language == language, Revision.id, Block.position)
    )
    places: dict[str, Place] = {}
    above: list[tuple[int, str]] = []
    for key, label, kind, level, lead in session.execute(blocks):
        if kind in (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT):
            above = [title for title in above if title[0] < level] + [(level, lead)]
        places[key] = Place(label or key, above[-1][1] if above else "", kind)
    return places


def codes_of(rows: list[MatrixRow]) -> dict[int, str]:
    """ORG-003: the organisation's code and the number of its contribution on this chapter, in order of lodging."""
    counts: Counter = Counter()
    codes = {}
    for row in sorted((row for row in rows if row.first), key=lambda r: r.id):
        code = "—" if row.is_silent else row.organisation_code or ("ORG" if row.organisation_id else "IND")
        counts[code] += 1
        codes[row.id] = code if row.is_silent else f"{code}-{counts[code]:03}"
    return codes


def matrix_line(page: Composer, row: MatrixRow, code: str, place: Place | None) -> list:
    said = [paragraph for words in (row.body, *row.further_texts.values()) for paragraph in page.words(words)]
    if row.is_silent:
        said = page.cell((QUIET, row.state.label if row.reason is None else f"{row.state.label}: {row.reason.label}"))
    first = page.cell((STRONG, code)) + page.cell(ref(row.name)) + (page.cell((QUIET, row.author)) if row.author else [])
    if signed := signed_with(row):
        first += page.cell((QUIET, signed))
    if row.interests:
        said = said + page.cell((QUIET, gettext("Interest declared: %(words)s", words=row.interests)))
    return [
        first, page.cell(ref(place.label if place else row.key)), page.words(place.clause) if place else [],
        page.cell((place.kind if place else row.block_kind).label), page.cell("" if row.is_silent else row.type.iso), said,
        page.words(row.proposed), observations(page, row),
    ]


def signed_with(row: MatrixRow) -> str:
    """Of what was signed for an organisation: the number and the term of the mandate, or that there were none yet."""
    if row.mandate is None:
        return gettext("before mandates") if row.signature is Signature.BEFORE_MANDATES else ""
    begins, ends = day(row.mandate.begins_at), row.mandate.ends_at
    term = gettext("from %(begins)s to %(ends)s", begins=begins, ends=day(ends)) if ends else gettext("from %(begins)s on", begins=begins)
    return gettext("mandate %(number)s, %(term)s", number=row.mandate.number, term=term)


def observations(page: Composer, row: MatrixRow) -> list:
    """Disposition, ground, rationale: what the secretariat answers."""
    if row.is_silent:
        return page.cell(row.state.label)
    if row.point is None or row.point.item.disposition is None:
        return page.cell((QUIET, gettext("No answer yet")))
    item = row.point.item
    # Outside of the f-string: what stands within one is not found for the catalogues.
    point = gettext("point %(number)s", number=item.number)
    disposition = page.cell((STRONG, row.point.item.disposition.label), f" ({point})")
    ground = page.cell(item.ground.label) if item.ground else []
    note = page.cell(str(item.note)) if item.note else []
    return disposition + ground + note + page.words(item.rationale)
