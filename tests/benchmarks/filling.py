"""A consultation of any size: the demonstration's texts and people, and as many contributions as are asked for, by bulk inserts.

At each size text, staff, organisations and items are the same; what was said, decided and gathered grows, and who said it. ``consult
verify`` finds all of it well: contributions have their receipts, every lodging, decision and withdrawal its sealed event. What nobody
reads on a page is left out: the events of items and of anchors, and all letters but the receipts.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, NamedTuple

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations import service as consultations
from consult.consultations.models import Appointment, Role
from consult.contributions.jobs import RECEIPT, send_receipt
from consult.contributions.models import (
    Anchor,
    CommentType,
    Contribution,
    ContributionDraft,
    ContributionState,
    ContributionWord,
    DraftRemark,
    DraftWording,
    Kind,
    OfferedDraft,
    OfferedState,
    Origin,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.contributions.service.anchoring import rank_of
from consult.contributions.service.indexing import MOST_WORDS, argument_of, telling_words
from consult.core import audit, jobs, tallies
from consult.core.audit import AuditEvent, AuditSeal, Checkpoint
from consult.core.db import session, unit_of_work
from consult.core.i18n import MOROCCO, utcnow
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM, Action
from consult.demonstration import Story
from consult.moderation.models import ModerationDecision, ModerationNotice, Verdict
from consult.organisations.models import (
    Category,
    Mandate,
    Membership,
    MembershipState,
    Organisation,
    OrganisationState,
    Region,
    Sector,
)
from consult.synthesis import service as synthesis
from consult.text import retrieval
from tests.benchmarks.begun import put_draft
from tests.benchmarks.bulk import Bulk, settle
from tests.benchmarks.cutting import gather
from tests.benchmarks.folds import Folds
from tests.benchmarks.indexed import Indexed
from tests.benchmarks.points import items_of, put_items
from tests.benchmarks.reactions import Reactions
from tests.benchmarks.spots import Spot, Text

SEED, BATCH = 20261129, 20_000
GATHERED = 0.8  # of what is published
OWN_ACCOUNT: dict[str, Any] = {"is_entered": False, "person_id": None, "has_claimed": False}
REPRESENTATIVE = "filled-representative@people.example"
DRAFTED, ACCEPTED = 10, 5  # of so few contributions each was drafted inside an organisation, later each tenth; so many wait to be lodged
REVISED = 3  # the chapter that has later versions
PUBLIC = 5  # the chapter whose synthesis everybody reads
# Of so few there is one of everything: each state on the text that was revised, and one that is answered for all to read.
FIRST = {**dict.fromkeys(range(1, 10), REVISED), 10: PUBLIC}
STATES = {3: ContributionState.SUBMITTED, 6: ContributionState.WITHHELD, 9: ContributionState.WITHDRAWN, 35: ContributionState.SUBMITTED}
MOST_PEOPLE, ORGANISATIONS = 200_000, 200
KINDS, TYPES, POSITIONS = list(Kind), list(CommentType), list(Position)
SENTENCES = {
    "fr": ("Nous partageons cette orientation.", "Il faudrait en dire le coût et le calendrier.",
           "Les petites entreprises n’ont pas ces moyens.", "Un indicateur annuel permettrait d’en juger.",
           "Le texte devrait nommer l’organisme qui en répond.",
           "Les régions éloignées de Casablanca et de Rabat sont oubliées.", "Cette action existe déjà dans un autre programme."),
    "ar": ("نؤيد هذا التوجه.", "ينبغي بيان الكلفة والجدول الزمني.", "لا تتوفر المقاولات الصغرى على هذه الإمكانات.",
           "يتيح مؤشر سنوي تقييم ذلك.", "على النص أن يسمي الهيئة المسؤولة.", "أُغفلت الجهات البعيدة عن المركز."),
}
NAMES = (("Amina", "Youssef", "Khadija", "Omar", "Salma", "Hamza", "Nadia", "Rachid", "Imane", "Karim"),
         ("Alaoui", "Bennani", "Tazi", "Idrissi", "Amrani", "Chraibi", "Fassi", "Berrada", "Lahlou", "Naciri"))


class Quiet(Story):
    """The demonstration in which nobody has said anything yet, and few people are there."""

    def add_person(self, row: dict, with_password: bool) -> User | None:
        return super().add_person(row, with_password) if with_password else None

    def plan_chapter(self, number: int) -> None:
        pass

    def plan_reactions(self) -> None:
        pass


def tell_quietly() -> None:
    """Texts with their revisions, the next one of them in preparation, staff and people, in a database that is empty."""
    with jobs.muted(), unit_of_work():
        Quiet(utcnow().astimezone(MOROCCO).date()).tell()
    with unit_of_work():
        chapter = chapters.get_chapter(consultations.get_current(), REVISED)
        source = chapters.get_revisions(chapter, "fr")[0].source.replace("Publier", "Rendre public", 3)
        chapters.keep_working_draft(in_charge(chapter, Role.RAPPORTEUR), chapter.consultation, data=source.encode())


def fill(total: int) -> None:
    """Until ``total`` contributions are there; all that is kept of them is true at the end."""
    with unit_of_work():
        put_sections()
    with unit_of_work():
        audit.seal_all()
        present = session.scalar(sa.select(sa.func.count()).select_from(Contribution)) or 0
        filling = Filling(total - present)
        filling.seal_acts()
    for first in range(1, filling.number + 1, BATCH):
        with unit_of_work():
            for number in range(first, min(first + BATCH, filling.number + 1)):
                filling.lodge(number)
            filling.bulk.write()
    with unit_of_work():
        filling.end()
        tallies.recount_all()
        for chapter in session.scalars(sa.select(Chapter)):
            chapters.mark_changed(chapter)
        settle()
        put_draft(REVISED, " ".join(SENTENCES["fr"]))


class Lodged(SimpleNamespace):
    """What a contribution's digest and event are made from."""

    content, digest, audit_details = Contribution.content, Contribution.digest, Contribution.audit_details
    declaration, files_count = None, 0  # as before mandates
    lodged_body, lodged_justification = property(attrgetter("body")), property(attrgetter("justification"))


class Event(SimpleNamespace):
    content = AuditEvent.content


class Unsealed(NamedTuple):
    """Of the events of one lodging, of which the last tells of all rows."""

    action: Action
    actor_id: int | None
    subject: str
    subject_id: int
    at: datetime
    details: dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A chapter as its commission has it."""

    chapter_id: int
    number: int
    text: Text
    rapporteur_id: int
    items: list[int]

    @property
    def is_public(self) -> bool:
        return self.number == PUBLIC


class People:
    """Those who speak, each for an organisation or for themselves; some say much."""

    def __init__(self, bulk: Bulk, dice: random.Random, number: int) -> None:
        self.dice = dice
        self.organisations = [add_organisation(bulk, n) for n in range(1, ORGANISATIONS + 1)]
        self.people = [self.add(bulk, n) for n in range(1, max(1, min(number // 5, MOST_PEOPLE)) + 1)]
        self.representative = self.add_representative(bulk)

    def add(self, bulk: Bulk, n: int) -> tuple[int, int | None]:
        first, last = NAMES
        now = utcnow()
        user_id = bulk.add(
            User, **OWN_ACCOUNT, email=f"filled-{n}@people.example", name=f"{first[n % 10]} {last[n // 10 % 10]} {n}", name_ar=None,
            function=None, language="ar" if n % 4 == 0 else "fr", is_name_public=n % 10 != 0, is_told_of_work=True,
            is_demonstration=True, created_at=now, password=None, active=True, fs_uniquifier=f"filled-{n:024}", confirmed_at=now,
            us_totp_secrets=None, us_phone_number=None, salt=f"{n:032}")
        if n % 3:
            return user_id, None
        organisation_id = self.dice.choice(self.organisations)
        bulk.add(Membership, user_id=user_id, organisation_id=organisation_id, joined_at=now, left_at=None, state=MembershipState.MEMBER,
                 statement="")
        bulk.add(Mandate, user_id=user_id, organisation_id=organisation_id, begins_at=now, ends_at=None, ended_at=None)
        return user_id, organisation_id

    def add_representative(self, bulk: Bulk) -> int:
        """Of the first organisation, for whom its members draft."""
        now = utcnow()
        user_id = bulk.add(
            User, **OWN_ACCOUNT, email=REPRESENTATIVE, name="Rkia Lahlou", name_ar=None, function=None, language="fr", is_name_public=True,
            is_told_of_work=True, is_demonstration=True, created_at=now, password=None, active=True, fs_uniquifier="filled-representative",
            confirmed_at=now, us_totp_secrets=None, us_phone_number=None, salt="0" * 32)
        bulk.add(Membership, user_id=user_id, organisation_id=self.organisations[0], joined_at=now, left_at=None,
                 state=MembershipState.MEMBER, statement="")
        bulk.add(Mandate, user_id=user_id, organisation_id=self.organisations[0], begins_at=now, ends_at=None, ended_at=None)
        return user_id

    def draw(self) -> tuple[int, int | None]:
        user_id, organisation_id = self.people[int(len(self.people) * self.dice.random() ** 1.5)]
        return user_id, organisation_id if self.dice.random() < 0.8 else None


def add_organisation(bulk: Bulk, n: int) -> int:
    def one_of(enum):
        return list(enum)[n % len(enum)]
    return bulk.add(
        Organisation, slug=f"filled-{n}", short=f"OR{n}", name_fr=f"Organisme {n} de la qualité", name_ar=f"هيئة الجودة {n}", name_en=None,
        category=one_of(Category), sector=one_of(Sector), region=one_of(Region), ecosystem=None, size=None, website=None,
        state=OrganisationState.CONFIRMED, confirmed_at=utcnow(), merged_into_id=None, created_at=utcnow(), row_counter=1)


class Filling:
    """One run: who speaks, where, and what becomes of it."""

    def __init__(self, number: int) -> None:
        self.number, self.bulk, self.dice = number, Bulk(), random.Random(SEED)
        consultation = consultations.get_current()
        self.acts: list[Unsealed] = []
        self.record(Action.CONSULTATIONS_EDIT, None, "consultation", consultation.id, utcnow(), {})
        self.opened_at = consultation.opens_at
        self.step = (utcnow() - timedelta(days=1) - self.opened_at) / (number + 1)
        self.people = People(self.bulk, self.dice, number)
        self.indexed = Indexed(self.bulk)
        self.reactions = Reactions(self.bulk, self.indexed)
        self.folds = Folds(self.bulk, SEED)
        self.consultation_id, self.first_draft = consultation.id, 0
        own = chapters.list_chapters(consultation)
        self.sections = [self.section(chapter) for chapter in own]
        self.refs = {chapter.id: chapter.last_ref for chapter in own}
        self.position, self.link = audit.head()

    def section(self, chapter: Chapter) -> Section:
        return Section(chapter.id, chapter.number, Text(chapter), in_charge(chapter, Role.RAPPORTEUR).id,
                       items_of(synthesis.get_or_new(chapter)))

    def lodge(self, number: int) -> None:
        """One contribution with all that belongs to it."""
        section = self.sections[FIRST[number] - 1] if number in FIRST else self.dice.choice(self.sections)
        spot = section.text.draw(self.dice, earlier=number in FIRST)
        said, replacement = self.statement(number, section, spot)
        details = said.audit_details()
        self.record(Action.CONTRIBUTIONS_LODGE, said.author_id, "contribution", said.id, said.submitted_at, details)
        said.state = state_of(number, section)
        said.current_key, steps = self.anchor(said, section, spot)
        self.decide(said, section)
        said.row_counter = 1 + steps + (said.state != ContributionState.SUBMITTED)
        self.bulk.add(Contribution, **{name: value for name, value in vars(said).items() if name != "amendment"})
        if replacement:
            self.bulk.add(SuggestedAmendment, contribution_id=said.id, replacement=replacement)
        self.confirm_receipt(said, details["sha256"])
        if number % 10 == 0:
            self.bulk.add(ContributionDraft, token=f"filled-{said.id:024}", author_id=said.author_id, address=None, browser=None,
                          block_id=spot.block_id, fields={"body": said.body}, updated_at=said.submitted_at, row_counter=1, saved_by=None,
                          network="", size=0)
        if said.state.is_public:
            for word in telling_words(retrieval.bag(argument_of(said)), (), MOST_WORDS):
                self.bulk.add(ContributionWord, chapter_id=said.chapter_id, word=word, contribution_id=said.id)
            self.indexed.add("said", said.id, [said.body, said.justification, said.exact, replacement])
        if said.state.is_answerable and (section.is_public or self.dice.random() < GATHERED):
            place = spot.rank if self.dice.random() < 0.85 else self.dice.randrange(len(section.items))
            gather(self.bulk, said, number, section, place)
        self.folds.add(said, number, section.rapporteur_id)
        self.reactions.react(said, number, section.rapporteur_id, self.people.people)
        if number <= DRAFTED or number % 10 == 0:
            self.draft(said, number, section)
        self.seal_acts()

    def draft(self, said: Lodged, number: int, section: Section) -> None:
        """What a member offered to the first organisation, and somebody said of the first such draft."""
        state = OfferedState.ACCEPTED if number <= ACCEPTED else OfferedState.LODGED if number % 2 else OfferedState.OFFERED
        at, member = said.submitted_at, self.people.representative
        draft_id = self.bulk.add(
            OfferedDraft, form_key=f"drafted-{number}", organisation_id=self.people.organisations[0], author_id=member,
            consultation_id=self.consultation_id, block_id=said.block_id, chapter_number=section.number, place=number % 97, state=state,
            last_wording=1, contribution_id=said.id if state == OfferedState.LODGED else None, offered_at=at, changed_at=at, told_at=at,
            row_counter=1)
        self.bulk.add(DraftWording, offered_draft_id=draft_id, number=1, author_id=member, written_at=at,
                      fields={"body": said.body, "position": said.position.value, "replacement": "", "justification": "", "exact": ""})
        self.first_draft = self.first_draft or draft_id
        self.bulk.add(DraftRemark, form_key=f"drafted-{number}", offered_draft_id=self.first_draft, author_id=member, moved_to=None,
                      body=said.body, written_at=at)

    def statement(self, number: int, section: Section, spot: Spot) -> tuple[Lodged, str]:
        """What the author says, and the words that they would have instead."""
        dice, author = self.dice, self.people.draw()
        self.refs[section.chapter_id] += 1
        wording = f"{spot.lead} ({number})" if dice.random() < 0.3 else ""
        sentences = SENTENCES[spot.language]
        return Lodged(
            id=self.bulk.next_id(Contribution), ref=f"PNQ-C{section.number}-{self.refs[section.chapter_id]:04}",
            form_key=f"filled-{number:024}", chapter_id=section.chapter_id, block_id=spot.block_id, block_key=spot.key,
            current_key=spot.key, exact=spot.quote.exact, prefix=spot.quote.prefix, suffix=spot.quote.suffix, author_id=author[0],
            organisation_id=author[1], language=spot.language, kind=dice.choice(KINDS), comment_type=dice.choice(TYPES),
            position=dice.choice(POSITIONS), body=" ".join([*dice.choices(sentences, k=dice.randint(1, 6)), f"({number})"]),
            justification=dice.choice(sentences) if dice.random() < 0.3 else "", state=ContributionState.SUBMITTED,
            submitted_at=self.opened_at + number * self.step, withdrawn_at=None, row_counter=1, origin=Origin.ONLINE, received_at=None,
            amendment=SimpleNamespace(replacement=wording, lodged_replacement=wording) if wording else None,
        ), wording

    def anchor(self, said: Lodged, section: Section, spot: Spot) -> tuple[str | None, int]:
        """Where the later revisions have it: the key that shows it now, and how often that was written."""
        key, steps = said.current_key, 0
        for place in spot.places:
            is_decided = said.id != 1 and self.dice.random() < (0.97 if place.is_same_text else 0.8)
            columns = dict(place.columns, state=place.decided if is_decided else place.columns["state"])
            by = section.rapporteur_id if is_decided else None
            columns["rank"] = rank_of(columns["anchor_class"], columns["confidence"], columns["state"])
            self.bulk.add(Anchor, **columns, contribution_id=said.id, decided_by_id=by, decided_at=utcnow() if is_decided else None)
            found = place.decided_key if is_decided else place.proposed_key
            key, steps = found, steps + (found != key)
        return key, steps

    def decide(self, said: Lodged, section: Section) -> None:
        """The decision that its state tells of; every second withdrawal comes after one."""
        at = said.submitted_at + timedelta(hours=2)
        if said.state == ContributionState.WITHDRAWN:
            said.withdrawn_at = at + timedelta(hours=9)
            details = {**said.audit_details(), "state": said.state.value}
            self.record(Action.CONTRIBUTIONS_WITHDRAW, said.author_id, "contribution", said.id, said.withdrawn_at, details)
            verdict = Verdict.PUBLISH if said.id % 2 else None
        else:
            verdict = {ContributionState.PUBLISHED: Verdict.PUBLISH, ContributionState.WITHHELD: Verdict.WITHHOLD}.get(said.state)
        if verdict:
            reason = verdict.reasons[said.id % len(verdict.reasons)]
            words = "Ce passage vise une personne." if verdict.needs_words else ""
            decision_id = self.bulk.add(ModerationDecision, contribution_id=said.id, verdict=verdict, reason=reason, words=words,
                                        moderator_id=section.rapporteur_id, decided_at=at)
            self.bulk.add(ModerationNotice, decision_id=decision_id, written_at=at)
            self.record(verdict.action, section.rapporteur_id, "moderation_decision", decision_id, at,
                        {"ref": said.ref, "verdict": verdict.value, "reason": reason.value})

    def confirm_receipt(self, said: Lodged, digest: str) -> None:
        """The receipt, the letter and the job that posted it."""
        at = said.submitted_at
        self.bulk.add(Receipt, contribution_id=said.id, digest=digest, chain_position=self.position, chain_digest=self.link, issued_at=at,
                      written_at=at)
        self.bulk.add(Job, name=jobs.name_of(send_receipt), subject_id=said.id, state=JobState.DONE, attempts=1, progress=100, run_at=at,
                      queued_at=at, beat_at=at, finished_at=at, error=None)
        self.bulk.add(OutgoingMail, recipient="filled@people.example", subject=f"Accusé de réception {said.ref}", body=said.body, html=None,
                      created_at=at, sent_at=at, kind=RECEIPT.name, subject_id=said.id, facts=[[said.id, "submitted"]], expires_at=None,
                      dropped_at=None, drop_reason=None)

    def record(self, action: Action, actor_id: int, subject: str, subject_id: int, at: datetime, details: dict[str, Any]) -> None:
        self.acts.append(Unsealed(action, actor_id, subject, subject_id, at, details))

    def seal_acts(self) -> None:
        """Write the events since the last time, sealed; the last one tells of all rows that were added meanwhile, as they are."""
        told = self.bulk.digests_since()
        for act in self.acts:
            values = {"at": act.at, "action": act.action.value, "actor": "user", "actor_id": act.actor_id, "subject": act.subject,
                      "subject_id": act.subject_id, "details": act.details, "records": told if act is self.acts[-1] else {}}
            event_id = self.bulk.add(AuditEvent, **values)
            self.position, self.link = self.position + 1, audit.link(self.link, Event(id=event_id, **values).content())
            self.bulk.add(AuditSeal, position=self.position, event_id=event_id, digest=self.link, sealed_at=utcnow())
            if self.position % audit.BATCH == 0:
                self.bulk.add(Checkpoint, chain_position=self.position, chain_digest=self.link, at=utcnow())
        self.acts.clear()

    def end(self) -> None:
        for chapter_id, last in self.refs.items():
            session.execute(sa.update(Chapter).where(Chapter.id == chapter_id).values(last_ref=last))


def put_sections() -> None:
    """What the commissions have begun in each chapter."""
    for chapter in chapters.list_chapters(consultations.get_current()):
        rapporteur, chair = (in_charge(chapter, role) for role in (Role.RAPPORTEUR, Role.CHAIR))
        put_items(chapter, rapporteur, chair, utcnow(), is_public=chapter.number == PUBLIC)
    audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, consultations.get_current())


def state_of(number: int, section: Section) -> ContributionState:
    """Of fifty 46 published; nothing waits where the synthesis is submitted."""
    state = STATES.get(number % 50, ContributionState.PUBLISHED)
    return ContributionState.PUBLISHED if section.is_public and state.awaits_moderation else state


def in_charge(chapter: Chapter, role: Role) -> User:
    appointed = sa.select(User).join(Appointment, Appointment.user_id == User.id)
    return session.scalars(appointed.where(Appointment.role == role, Appointment.commission_id == chapter.commission_id)).first()
