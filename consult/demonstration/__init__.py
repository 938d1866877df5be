"""The demonstration: a consultation three weeks after its opening, told through the same commands as the real one.

Everybody in it is invented. The same files and the same day give the same database, whatever the machine.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from importlib import resources
from typing import Any

import sqlalchemy as sa
import yaml

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.consultations import service as consultations
from consult.consultations.models import Consultation, Role
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, Interest, Kind, OfferedDraft, Position, Receipt
from consult.core import audit, jobs
from consult.core.config import resource_dir
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict
from consult.core.i18n import MOROCCO, clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.demonstration import asking, belonging
from consult.demonstration.revising import revised
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.organisations import service as organisations
from consult.organisations.models import Category, Organisation, Region, Sector
from consult.synthesis import service as synthesis
from consult.synthesis.models import Disposition, Ground

# The C parser reads the 400 contributions ten times faster, where the wheel has it.
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PASSWORD = "demonstration-pnq"  # noqa: S105 - printed at every start, and valid in a demonstration database alone
DAYS_OPEN_SO_FAR = 24
DAYS_TO_COME = 15
WEIGHING = timedelta(days=45)
COMMISSIONS = (
    ("Commission de la normalisation", "لجنة التقييس", "Commission on standardisation"),
    ("Commission de la certification de conformité", "لجنة الشهادة بالمطابقة", "Commission on conformity certification"),
    ("Commission de la métrologie", "لجنة المترولوجيا", "Commission on metrology"),
    ("Commission de l’accréditation", "لجنة الاعتماد", "Commission on accreditation"),
    ("Commission de la promotion de la qualité", "لجنة النهوض بالجودة", "Commission on the promotion of quality"),
)


def is_empty() -> bool:
    return session.scalar(sa.select(sa.func.count()).select_from(Consultation)) == 0 and not session.scalar(sa.select(User.id).limit(1))


def fill(today: date | None = None) -> None:
    """Fill an empty database as of ``today``; raises :class:`Conflict` when there is anything in it already."""
    with unit_of_work():
        if not is_empty():
            raise Conflict(
                "This database is not empty: the demonstration is made in a new one.", "Set CONSULT_DATA_DIR or CONSULT_DATABASE_URL."
            )
    with jobs.muted(), unit_of_work():
        Story(today or utcnow().astimezone(MOROCCO).date()).tell()
    with unit_of_work():
        audit.seal_all()


def accounts_to_print() -> list[tuple[str, str, str]]:
    """(role, name, address) of the accounts that a visitor of the demonstration may use."""
    people = read("people")
    by_id = {p["id"]: p for p in people["people"] + people["staff"]}
    return [(a["as"].replace("_", " "), by_id[a["id"]]["name"]["latin"], by_id[a["id"]]["email"]) for a in people["demo_accounts"]]


def read(name: str) -> dict[str, Any]:
    return yaml.load(resources.files(__name__).joinpath(f"{name}.yml").read_text("utf-8"), Loader=SafeLoader)  # noqa: S506 - the safe one


def part_of_day(name: str, hours: float) -> timedelta:
    """A moment within ``hours``, always the same for the same name."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
    return timedelta(seconds=int(share * hours * 3600))


class Story:
    """What happened, in the order in which it happened."""

    def __init__(self, today: date) -> None:
        self.opens_at = datetime.combine(today - timedelta(days=DAYS_OPEN_SO_FAR), time(9), MOROCCO)
        self.closes_at = datetime.combine(today + timedelta(days=DAYS_TO_COME), time(23, 59, 59), MOROCCO)
        self.now = datetime.combine(today, time(0, 5), MOROCCO)
        self.organisations: dict[str, Organisation] = {}
        self.users: dict[str, User] = {}
        self.staff: dict[tuple[Role, int | None], User] = {}
        self.lodged: dict[str, Contribution] = {}
        self.bodies: dict[str, Any] = {}
        self.acts: list[tuple[datetime, str, Callable[[], Any]]] = []

    def tell(self) -> None:
        with clock_at(self.opens_at - timedelta(days=7)):
            self.prepare()
        with clock_at(self.opens_at):
            consultations.open(SYSTEM, self.consultation)
        for number in range(1, 6):
            self.plan_chapter(number)
        self.plan_reactions()
        for row in read("revisions")["revisions"]:
            at = self.opens_at + timedelta(days=row["day"] - 1, hours=12)
            self.acts.append((at, f"revision-{row['chapter']}-{row['language']}", partial(self.revise, row)))
        for moment, _name, act in sorted(self.acts, key=lambda planned: planned[:2]):
            with clock_at(min(moment, self.now)):
                act()
        session.execute(sa.update(Receipt).values(written_at=Receipt.issued_at))
        session.execute(sa.update(OfferedDraft).where(OfferedDraft.told_at.is_(None)).values(told_at=OfferedDraft.offered_at))
        session.execute(sa.update(OutgoingMail).values(sent_at=OutgoingMail.created_at))  # to nobody: no letter waits for a server

    def prepare(self) -> None:
        self.consultation = consultations.add(
            SYSTEM, None, slug="pnq", title_fr="Projet de politique nationale de la qualité", title_ar="مشروع السياسة الوطنية للجودة",
            title_en="Draft national quality policy", controller="Ministère chargé de l’industrie, secrétariat du CSNCA (exemple)",
            recipients="Commissions du CSNCA et secrétariat (exemple)", contact_email="secretariat@csnca.example",
            cndp_number="D-000/2026 (exemple)", is_example=True, **read("home"),
            submission_planned_for=(self.closes_at + WEIGHING).date(), decision_planned_for=(self.closes_at + 2 * WEIGHING).date(),
            commissions=[{"number": n, "title_fr": fr, "title_ar": ar, "title_en": en} for n, (fr, ar, en) in enumerate(COMMISSIONS, 1)],
        )
        people, self.bodies = read("people"), read("bodies")
        for row in people["organisations"]:
            self.add_organisation(row)
        shown = {account["id"] for account in people["demo_accounts"]}
        for row in people["people"]:
            self.add_person(row, row["id"] in shown)
        for row in people["staff"]:
            self.add_staff(row)
        for path in sorted(resource_dir("policy_drafts").glob("*.md")):
            chapters.import_chapter(SYSTEM, self.consultation, data=path.read_bytes())
        consultations.schedule(SYSTEM, self.consultation, opens_at=self.opens_at, closes_at=self.closes_at)

    def add_organisation(self, row: dict) -> None:
        self.organisations[row["id"]] = organisations.add(
            SYSTEM, None, slug=row["id"], short=row["short"], name_fr=row["name"]["fr"], name_ar=row["name"].get("ar"),
            name_en=row["name"].get("en"), category=Category(row["category"]), sector=Sector(row["sector"]), region=Region(row["region"]),
            ecosystem=row.get("ecosystem"), is_another=True,
        )

    def add_person(self, row: dict, with_password: bool) -> User:
        user = accounts.add(
            SYSTEM, None, email=row["email"], name=row["name"]["latin"], name_ar=row["name"].get("ar"), language=row["language"],
            function=(row.get("function") or {}).get("fr"), is_name_public=row.get("is_name_public", True), is_demonstration=True,
            password=PASSWORD if with_password else None,
        )
        self.users[row["id"]] = user
        if row["id"] == self.bodies["double"]["person"]:
            belonging.list_double(self, self.bodies["double"])
        elif row.get("organisation"):
            membership = organisations.join(user, user, organisation=self.organisations[row["organisation"]])
            organisations.accept(SYSTEM, membership)
            organisations.mandate(SYSTEM, membership)
        return user

    def add_staff(self, row: dict) -> None:
        user = self.add_person(row, True)
        number = row.get("commission")
        commission = consultations.get_commission(self.consultation, number) if number else None
        consultations.appoint(SYSTEM, self.consultation, user=user, role=Role(row["role"]), commission=commission)
        self.staff.setdefault((Role(row["role"]), number), user)
        session.refresh(user, ["appointments"])

    def plan_reactions(self) -> None:
        """What people do beside contributions, organisations with their members, and the secretariat with those whom it asks."""
        belonging.plan(self, self.bodies)
        asking.plan(self, read("asking"))

    # One chapter

    def plan_chapter(self, number: int) -> None:
        plan, chapter = read(f"chapter_{number}"), chapters.get_chapter(self.consultation, number)
        for row in plan["contributions"]:
            lodged_at = self.opens_at + timedelta(days=row["day"] - 1) + part_of_day(row["id"], 11)
            self.acts.append((lodged_at, row["id"], partial(self.lodge, chapter, row)))
            handle = {"published": self.publish, "withheld": self.withhold, "withdrawn": self.withdraw}.get(row["state"])
            if handle:
                at = lodged_at + timedelta(hours=2) + part_of_day(row["id"] + "-handled", 26)
                self.acts.append((at, row["id"] + "-handled", partial(handle, number, row)))
        for place, row in enumerate(plan.get("items") or [], 1):
            at = self.opens_at + timedelta(days=DAYS_OPEN_SO_FAR - 1, hours=6, minutes=place)
            self.acts.append((max(at, self.now - timedelta(minutes=1)), f"z{row['id']}", partial(self.gather, chapter, plan, row)))

    def lodge(self, chapter, row: dict) -> None:
        author = self.users[row["author"]]
        language = row["language"] if row["language"] in ("fr", "ar") else "fr"
        signed_for = None if row.get("personal") else author.organisation
        interests = self.bodies["interests"].get(row["id"], "") if signed_for else ""
        self.lodged[row["id"]] = contributions.lodge(
            author, chapters.get_block(chapter, row["block"], language), form_key=f"demonstration-{row['id']}", kind=Kind(row["kind"]),
            comment_type=CommentType(row["type"]), position=Position(row["position"]), body=row["body"].strip(),
            justification=(row.get("justification") or "").strip(), replacement=(row.get("proposed_change") or "").strip(),
            exact=row.get("exact") or "", as_organisation=signed_for, language=row["language"],
            interest=Interest.SOME if interests else Interest.NONE, interests=interests,
        )

    def revise(self, row: dict) -> None:
        """A rapporteur prepares the next version, the chair publishes it; the places that are certain are confirmed, the others wait."""
        chapter, rapporteur = chapters.get_chapter(self.consultation, row["chapter"]), self.rapporteur(row["chapter"])
        present = chapters.get_revisions(chapter, row["language"])[1]
        source = revised(present.source, row["note"], row["edits"])
        draft = chapters.keep_working_draft(rapporteur, self.consultation, data=source.encode())
        for key in row.get("continue_none", ()):
            chapters.correct(rapporteur, draft, new_key=key, old_key="", expected_counter=draft.row_counter)
        revision = chapters.publish(self.staff[(Role.CHAIR, row["chapter"])], draft, expected_counter=draft.row_counter)
        contributions.confirm_certain(rapporteur, chapter, revision=revision)

    def rapporteur(self, number: int) -> User:
        return self.staff[(Role.RAPPORTEUR, number)]

    def publish(self, number: int, row: dict) -> None:
        lodged = self.lodged[row["id"]]
        moderation.publish(self.rapporteur(number), lodged, expected_counter=lodged.row_counter)

    def withhold(self, number: int, row: dict) -> None:
        lodged = self.lodged[row["id"]]
        moderation.withhold(
            self.rapporteur(number), lodged, expected_counter=lodged.row_counter, reason=Reason(row["withheld_reason"]),
            words=row["withheld_words"]
        )

    def withdraw(self, number: int, row: dict) -> None:
        contributions.withdraw(self.users[row["author"]], self.lodged[row["id"]])

    def gather(self, chapter, plan: dict, row: dict) -> None:
        gathered = [self.lodged[c["id"]] for c in plan["contributions"] if c.get("item") == row["id"] and c["state"] == "published"]
        rapporteur = self.rapporteur(chapter.number)
        item = synthesis.add_item(
            rapporteur, synthesis.get_or_new(chapter), title=row["title"].strip(), summary=row["summary"].strip(), contributions=gathered
        )
        synthesis.edit_item(
            rapporteur, item, expected_counter=item.row_counter, title=item.title, summary=item.summary,
            disposition=Disposition(row["disposition"]),
            ground=Ground(row["ground"]) if row["disposition"] == "not_accepted" else None, rationale=row["rationale"].strip(),
            changes=row.get("new_wording") or {},
        )

