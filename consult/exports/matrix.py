"""The traceability matrix: contribution → item → disposition → new wording, in text order. A query, not a table.

Rows are read in a stream with a handful of queries, whatever their number; what is small (items, reasons) is read first.
"""

import enum
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions.models import (
    Anchor,
    AnchorClass,
    Attachment,
    CommentType,
    Contribution,
    ContributionState,
    Declaration,
    Interest,
    Kind,
    Origin,
    Position,
    Reaction,
    ReactionTally,
    SuggestedAmendment,
    Support,
)
from consult.contributions.statement import FURTHER_TEXTS
from consult.core.db import session
from consult.core.i18n import DEFAULT_LANGUAGE, N_, LabelledEnum, language_name
from consult.moderation.models import ModerationDecision, Part, Reason, Verdict
from consult.organisations.models import Category, Mandate, Organisation, Region, Sector
from consult.synthesis import service as answers
from consult.synthesis.models import ItemContribution, Point, Synthesis, SynthesisItem
from consult.synthesis.service import Answerable, PlacedItem

BATCH = 500


class Audience(enum.StrEnum):
    """Who reads the rows: the staff reads what awaits moderation and what is being prepared, the public does not."""

    STAFF = "staff"
    PUBLIC = "public"


@dataclass(frozen=True)
class WrittenIn:
    """A language: its name for people, its code for machines."""

    value: str

    @property
    def label(self) -> str:
        return language_name(self.value)


@dataclass(frozen=True)
class TextVersion:
    """A version of a text in one language."""

    language: str
    number: int

    @property
    def value(self) -> str:
        return f"{self.language}-{self.number}"

    @property
    def label(self) -> str:
        return f"{language_name(self.language)} {self.number}"


class PlaceSearch(LabelledEnum):
    """In place of what a version did to a passage, while that is being worked out."""

    SOUGHT = "sought", N_("Its place is being looked for")


class Signature(LabelledEnum):
    """With what a contribution was signed."""

    OWN_NAME = "own_name", N_("In their own name")
    MANDATE = "mandate", N_("With a mandate of the organisation")
    TYPED = "typed", N_("For the organisation, as its author said: nobody signed it here with a mandate")
    BEFORE_MANDATES = "before_mandates", N_("For the organisation, before mandates were asked for")


@dataclass(frozen=True, slots=True)
class SignedWith:
    """The mandate with which a contribution was signed: its number, and its term as it was given; of nobody's person."""

    number: int
    begins_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One contribution and what became of it, or one point of a contribution that was split (``number``, with its words alone; the
    ``first`` of them counts for the contribution); words, author and organisation stay empty once it is withheld or withdrawn.

    ``organisation`` is the name with which it was signed, ``organisation_id`` the body for which it counts, and ``organisation_now`` the
    name of that where the other was merged into it. ``version`` of the text is the one that it was written on, ``present_key`` where the
    newest one shows it (empty: nowhere), and ``anchor_class`` what the newest one did to its passage (None: it is the version that it was
    written on).
    """

    id: int
    ref: str
    chapter: int
    key: str
    block_kind: BlockKind
    passage: str
    kind: Kind
    type: CommentType
    position: Position
    author_id: int
    organisation_id: int | None
    organisation: str
    organisation_code: str
    author: str
    category: Category | None
    sector: Sector | None
    region: Region | None
    language: WrittenIn
    body: str
    further_texts: dict[str, str]
    proposed: str
    submitted_at: datetime
    state: ContributionState
    reason: Reason | None
    point: PlacedItem | None
    version: TextVersion | None = None
    quoted: str = ""
    present_key: str = ""
    anchor_class: AnchorClass | PlaceSearch | None = None
    files: str = ""  # those that everybody may open: name and digest, a line each
    annexes: int = 0
    persons: int = 0
    organisations: int = 0
    organisation_now: str = ""
    signature: Signature | None = None
    mandate: SignedWith | None = None
    interest: Interest | None = None
    interests: str = ""
    origin: Origin = Origin.ONLINE
    received_at: datetime | None = None
    number: int | None = None
    first: bool = True

    @property
    def name(self) -> str:
        """Its reference, with the number of the point that it is."""
        return self.ref if self.number is None else f"{self.ref} ({self.number})"

    @property
    def is_silent(self) -> bool:
        return self.state.is_silent

    @property
    def is_answered(self) -> bool:
        return self.point is not None and self.point.item.disposition is not None


def withheld_reasons(consultation: Consultation) -> dict[int, Reason]:
    """Why each withheld contribution is: the reason of its last decision."""
    silencing = [verdict for verdict in Verdict if verdict.to.is_silent]
    decisions = (
        sa.select(ModerationDecision.contribution_id, ModerationDecision.reason)
        .join(Contribution, Contribution.id == ModerationDecision.contribution_id).join(Chapter, Chapter.id == Contribution.chapter_id)
        .where(Chapter.consultation_id == consultation.id, ModerationDecision.verdict.in_(silencing),
               Contribution.state.in_(ContributionState.where(is_silent=True, is_taken_back=False)))
        .order_by(ModerationDecision.id)
    )
    return dict(session.execute(decisions).all())


def statement(consultation: Consultation, language: str) -> sa.Select[*tuple[Any, ...]]:
    """The one select behind every row."""
    newest, here, written = aliased(Revision), aliased(Block), aliased(Revision)
    present = chapters.newest_revisions(
        Revision.chapter_id.in_(sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)),
        Revision.language == DEFAULT_LANGUAGE)
    last = chapters.newest_revision(written.chapter_id, written.language)
    body = aliased(Organisation)
    person = sa.func.coalesce(User.name_ar, User.name) if language == "ar" else User.name
    return (
        sa.select(
            Contribution.id, Contribution.files_count, Contribution.is_redacted, Contribution.ref, Chapter.number, Contribution.block_key,
            Block.kind.label("block_kind"), Block.text,
            Contribution.kind, Contribution.comment_type, Contribution.position,
            name_in(Organisation, language).label("organisation"), Organisation.short,
            sa.case((User.is_name_public, person), else_="").label("author"), Organisation.category, Organisation.sector,
            Organisation.region, Contribution.language, Contribution.body, *(getattr(Contribution, text.name) for text in FURTHER_TEXTS),
            SuggestedAmendment.replacement, Contribution.submitted_at, Contribution.state, ItemContribution.item_id,
            Contribution.author_id, Organisation.body_id.label("organisation_id"), written.language.label("text_language"),
            written.number.label("version"), Contribution.exact, Contribution.current_key, Anchor.anchor_class,
            (written.id != last).label("has_changed"), supports(Reaction.PERSON, "persons"),
            supports(Reaction.ORGANISATION, "organisations"), name_in(body, language).label("organisation_now"), Declaration.interest,
            Declaration.interests, Mandate.id.label("mandate_id"), Mandate.begins_at, Mandate.ends_at, Contribution.origin,
            Contribution.received_at,
        )
        .join(Chapter, Chapter.id == Contribution.chapter_id).join(Block, Block.id == Contribution.block_id)
        .join(User, User.id == Contribution.author_id).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(body, body.id == Organisation.merged_into_id)
        .outerjoin(Declaration, Declaration.contribution_id == Contribution.id).outerjoin(Mandate, Mandate.id == Declaration.mandate_id)
        .outerjoin(SuggestedAmendment, SuggestedAmendment.contribution_id == Contribution.id)
        .outerjoin(ItemContribution, answers.is_whole_link())
        .join(written, written.id == Block.revision_id)
        .outerjoin(Anchor, sa.and_(Anchor.contribution_id == Contribution.id, Anchor.revision_id == last))
        .outerjoin(newest, sa.and_(newest.chapter_id == Contribution.chapter_id, newest.id.in_(present)))
        .outerjoin(here, sa.and_(here.revision_id == newest.id, here.key == Contribution.provision_key))
        .where(Chapter.consultation_id == consultation.id)
        .order_by(Chapter.number, sa.func.coalesce(here.position, Block.position), Contribution.id)
    )


def name_in(organisation: Any, language: str) -> Any:
    if language == "fr":
        return organisation.name_fr
    return sa.func.coalesce(getattr(organisation, f"name_{language}"), organisation.name_fr)


def supports(reaction: Reaction, name: str) -> sa.Label[int | None]:
    """How many support a contribution, read out of the kept counts."""
    counted = sa.select(ReactionTally.count).where(ReactionTally.contribution_id == Contribution.id, ReactionTally.reaction == reaction)
    return counted.correlate(Contribution).scalar_subquery().label(name)


def rows(
    consultation: Consultation, language: str, *, chapter: Chapter | None = None, audience: Audience = Audience.STAFF,
    points: Sequence[PlacedItem] | None = None,
) -> Iterator[MatrixRow]:
    """Every contribution of the consultation, or of one chapter, each point of those that are split; the public reads the published ones
    alone, and the points once their answers are public.
    """
    wanted = statement(consultation, language)
    if chapter is not None:
        wanted = wanted.where(Contribution.chapter_id == chapter.id)
    if audience == Audience.PUBLIC:
        wanted = wanted.where(Contribution.is_public)
    if points is None:
        points = answers.list_public_items(consultation) if audience == Audience.PUBLIC else answers.list_placed_items(consultation)
    by_item = {point.item.id: point for point in points}
    reasons = withheld_reasons(consultation) if audience == Audience.STAFF else {}
    chosen = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    split = answers.list_split(Point.chapter_id.in_(chosen if chapter is None else [chapter.id]))
    for some in session.execute(wanted.execution_options(yield_per=BATCH)).partitions():
        hidden = {found.id for found in some if found.is_redacted} if audience == Audience.PUBLIC else set()
        files = files_of([found.id for found in some if found.files_count], hidden)
        for found in some:
            whole = row_of(found, by_item, reasons, files.get(found.id, []))
            told = () if whole.is_silent else split.get(whole.id, ())
            if audience == Audience.PUBLIC and not any(one.item_id in by_item for one in told):
                told = ()  # how a commission splits is its work until it is answered for
            yield from (rows_of(whole, told, by_item) if told else [whole])


def rows_of(whole: MatrixRow, points: Sequence[Answerable], by_item: dict[int, PlacedItem]) -> Iterator[MatrixRow]:
    for one in points:
        row = replace(
            whole, number=one.number, first=one is points[0], body=one.words, proposed=one.change,
            further_texts={**whole.further_texts, Part.JUSTIFICATION.value: one.support},
            point=by_item.get(one.item_id) if one.item_id is not None else None)
        place = one.point.place_key
        yield row if place is None else replace(row, key=place, passage="", present_key=place, quoted="")


def files_of(ids: Sequence[int], hidden: Collection[int] = ()) -> dict[int, list[str]]:
    """Of contributions that have some; an annex is counted and not named, and of those that are ``hidden`` nothing else is told."""
    files: dict[int, list[str]] = {}
    if ids:
        for of, name, sha256, is_confidential in session.execute(
                sa.select(Attachment.contribution_id, Attachment.name, Attachment.sha256, Attachment.is_confidential)
                .where(Attachment.contribution_id.in_(ids)).order_by(Attachment.contribution_id, Attachment.number)):
            if of in hidden and not is_confidential:
                continue
            files.setdefault(of, []).append("" if is_confidential else f"{name} (SHA-256 {sha256})")
    return files


def row_of(found, points: dict[int, PlacedItem], reasons: dict[int, Reason], files: Sequence[str] = ()) -> MatrixRow:
    silent = found.state.is_silent

    def said(words):
        return "" if silent else words or ""

    return MatrixRow(
        id=found.id, ref=found.ref, chapter=found.number, key=found.block_key, block_kind=found.block_kind, passage=found.text,
        kind=found.kind, type=found.comment_type, position=found.position, author_id=found.author_id,
        organisation_id=found.organisation_id, organisation=said(found.organisation),
        organisation_code=said(found.short), author=said(found.author), category=None if silent else found.category,
        sector=None if silent else found.sector, region=None if silent else found.region, language=WrittenIn(found.language),
        body=said(found.body), further_texts={text.name: said(getattr(found, text.name)) for text in FURTHER_TEXTS},
        proposed=said(found.replacement),
        files=said("\n".join(filter(None, files))), annexes=0 if silent else list(files).count(""),
        submitted_at=found.submitted_at, state=found.state, reason=reasons.get(found.id),
        point=None if silent else points.get(found.item_id), version=TextVersion(found.text_language, found.version),
        quoted=said(found.exact),
        persons=0 if silent else found.persons or 0, organisations=0 if silent else found.organisations or 0,
        organisation_now=said(found.organisation_now), signature=None if silent else signature_of(found),
        mandate=None if silent else mandate_of(found),
        origin=found.origin, received_at=found.received_at, interest=None if silent else found.interest, interests=said(found.interests),
        present_key=found.current_key or "", anchor_class=found.anchor_class or (PlaceSearch.SOUGHT if found.has_changed else None),
    )


def signature_of(found) -> Signature:
    if found.organisation_id is None:
        return Signature.OWN_NAME
    if found.mandate_id is not None:
        return Signature.MANDATE
    return Signature.TYPED if found.origin.is_typed else Signature.BEFORE_MANDATES


def mandate_of(found) -> SignedWith | None:
    return None if found.mandate_id is None else SignedWith(found.mandate_id, found.begins_at, found.ends_at)


def last_change(consultation: Consultation) -> datetime:
    """When anything that an export shows was last changed: the date that it bears, whatever the day it is made."""
    of_ours = Chapter.consultation_id == consultation.id
    moments = [
        session.scalar(sa.select(sa.func.max(column)).select_from(table).join(Chapter, Chapter.id == table.chapter_id).where(of_ours))
        for column, table in (
            (Contribution.submitted_at, Contribution), (Contribution.withdrawn_at, Contribution), (Synthesis.validated_at, Synthesis),
            (Revision.published_at, Revision),
        )
    ]
    moments.append(session.scalar(
        sa.select(sa.func.max(SynthesisItem.edited_at)).join(Synthesis).join(Chapter, Chapter.id == Synthesis.chapter_id).where(of_ours)
    ))
    moments += [session.scalar(
        sa.select(sa.func.max(column)).join(Contribution, Contribution.id == Support.contribution_id)
        .join(Chapter, Chapter.id == Contribution.chapter_id).where(of_ours)) for column in (Support.given_at, Support.withdrawn_at)]
    moments.append(session.scalar(
        sa.select(sa.func.max(Anchor.decided_at)).join(Revision, Revision.id == Anchor.revision_id)
        .join(Chapter, Chapter.id == Revision.chapter_id).where(of_ours)
    ))
    moments.append(session.scalar(
        sa.select(sa.func.max(ModerationDecision.decided_at)).join(Contribution, Contribution.id == ModerationDecision.contribution_id)
        .join(Chapter, Chapter.id == Contribution.chapter_id).where(of_ours)
    ))
    return max((moment for moment in moments if moment), default=consultation.created_at)
