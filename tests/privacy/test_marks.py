"""Marked words in every place where something of one person is kept: after they are forgotten none is found anywhere."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.accounts.models import Registration, User
from consult.chapters import service as chapters
from consult.consultations import service as consultations
from consult.consultations.models import Role, StaffLetter, StaffNews
from consult.contributions.models import Contribution, ContributionDraft
from consult.core import jobs, mail
from consult.core.audit import seal_all
from consult.core.course import hold_course
from consult.core.db import Base, db, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState
from consult.core.permissions import SYSTEM
from consult.core.refused import KeptForm
from consult.core.verification import verify_database
from consult.exports import registry
from consult.exports import service as exports
from consult.exports.models import Export, ExportKind
from consult.moderation import service as moderation
from consult.organisations import service as organisations
from consult.privacy import service
from tests import factories
from tests.conftest import make_app

NAME, ARABIC, FUNCTION = "Zarqwen Belmarkou", "زرقون بلمرقو", "Fonctionmarquou"
ADDRESS, TELEPHONE, NETWORK, AGENT = "zarqwen@marquou.example", "0661997755", "203.0.113.77", "Marquagent/1.0 (X11; Linux) Firefox/140.0"
PASSWORD = "une phrase tres longue"  # noqa: S105 - of a person of this test
MARKS = (NAME, ARABIC, FUNCTION, ADDRESS, "zarqwen", "marquou", TELEPHONE, NETWORK, "Marquagent")
PAGES = ("/", "/chapters/1", "/chapters/1/provisions/{key}", "/contributions/", "/contributions/{ref}", "/contributions/discussion/1/{key}",
         "/moderation/register", "/exports/open-data", "/exports/open-data/contributions",
         "/journal", "/journal/feed", "/privacy", "/consultations/legal-notice")
STAFF_PAGES = (
    "/moderation/", "/moderation/?state=published", "/moderation/{ref}?state=published", "/consultations/dashboard",
    "/consultations/appoint", "/journal/events", "/journal/events/file", "/exports", "/privacy/register", "/privacy/register/file",
    "/privacy/forget-on-request", "/synthesis/overview/1", "/chapters/working-drafts", "/contributions/receipt/{ref}",
)


@pytest.fixture
def site(databases, migrated, tmp_path):
    """A platform with commits of its own, that counts attempts."""
    url = databases.new_database(migrated)
    if databases.kind == "sqlite":
        (tmp_path / "database").mkdir()
        url = f"sqlite:///{shutil.move(url.removeprefix('sqlite:///'), tmp_path / 'database')}"
    app = make_app(url, tmp_path / "data", RATELIMIT_ENABLED=True)
    with app.app_context():
        yield app
        session.remove()
        db.engine.dispose()


class People:
    """Whom the test speaks of, by their numbers: rows are read anew in each unit of work."""

    def __init__(self) -> None:
        with unit_of_work():
            hold_course()  # to appoint
            consultation = factories.a_consultation()
            chapter = factories.a_chapter(consultation, number=1)
            self.key = "C1-A1-P1-a1"
            accounts.add(SYSTEM, None, email=ADDRESS, name=NAME, password=PASSWORD, name_ar=ARABIC, function=FUNCTION)
            accounts.add(SYSTEM, None, email="secretariat@example.org", name="Secrétaire", password=PASSWORD)
            consultations.appoint(SYSTEM, consultation, user=self.secretary, role=Role.SECRETARIAT)
            organisation = organisations.add(SYSTEM, None, name_fr="Fédération Témoin", **{
                name: getattr(factories.new_organisation(1), name) for name in ("category", "sector", "region")})
            organisations.join(self.person, self.person, organisation=organisation)
            organisations.leave(self.person, self.person)
            accounts.edit_profile(self.person, self.person, name=NAME, language="ar", name_ar=ARABIC, function=FUNCTION,
                                  is_name_public=True)
            self.ref = factories.a_published_contribution(block=factories.block_of(chapter, self.key), author=self.person).ref
            consultations.appoint(SYSTEM, consultation, user=self.person, role=Role.MODERATOR, commission=consultation.commissions[0])
            self.judge(factories.a_contribution(block=factories.block_of(chapter, self.key)))
        self.id = self.person.id

    @property
    def person(self) -> User:
        return session.scalars(sa.select(User).where(User.email == ADDRESS)).one()

    @property
    def secretary(self) -> User:
        return session.scalars(sa.select(User).where(User.email == "secretariat@example.org")).one()

    def judge(self, contribution: Contribution) -> None:
        moderation.publish(self.person, contribution, expected_counter=contribution.row_counter)


def plant(people: People) -> None:
    """What no act of this test leaves by itself."""
    person = people.person
    person.us_phone_number = TELEPHONE
    block = factories.block_of(chapters.get_chapter(consultations.get_current(), 1), people.key)
    said = {"body": f"Je suis {NAME}, {TELEPHONE}."}
    session.add_all([
        ContributionDraft(token="a", author_id=person.id, block_id=block.id, fields=said),
        ContributionDraft(token="b", address=ADDRESS, browser="x", block_id=block.id, fields=said),
        KeptForm(token="c", address="/fr/accounts/register", came_from="/", fields=json.dumps([["email", ADDRESS], ["name", NAME]])),
        Registration(user_id=person.id, browser_key="d", name=NAME, language="fr", password="x"),
        StaffLetter(user_id=person.id, day=utcnow().date()), StaffNews(user_id=person.id, key="appointed"),
    ])
    mail.post(ADDRESS, f"Bonjour {NAME}", f"{NAME}, {ADDRESS}", sent_at=utcnow())
    waiting = mail.post(ADDRESS, f"Bonjour {NAME}", f"{NAME}, {ADDRESS}")
    session.flush()
    session.execute(sa.update(Job).where(Job.name == "core.mail.deliver", Job.subject_id == waiting.id).values(
        state=JobState.FAILED, error=f"SMTPRecipientsRefused: {NAME}"))
    jobs.later(mail.deliver, waiting)
    session.execute(sa.update(Job).where(Job.name == "consultations.tell_waiting").values(error=f"refused: {ADDRESS}"))


def make_files(secretary: User) -> None:
    """Every format of what can be asked for of the whole consultation."""
    consultation = consultations.get_current()
    definitions = [registry.get(ExportKind.CONTRIBUTIONS), registry.get(ExportKind.DOSSIER)]
    for definition in definitions:
        for format_ in definition.formats:
            exports.request(secretary, consultation, kind=definition.kind, format=format_, language="fr")


def in_database() -> list[str]:
    found = []
    for table in Base.metadata.sorted_tables:
        for row in session.execute(sa.select(*(sa.cast(column, sa.Text) for column in table.columns))):
            found += [f"{table.name}: {value}" for value in map(str, row) if bears(value.encode())]
    return found


def bears(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace")
    escaped = [json.dumps(mark)[1:-1] for mark in MARKS]
    return [mark for mark in (*MARKS, *escaped) if mark.casefold() in text.casefold()]


def in_file(name: str, data: bytes) -> list[str]:
    """What a file holds, and what the files in it hold."""
    found = [f"{name}: {mark}" for mark in bears(data)]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for inside in archive.namelist():
                found += in_file(f"{name}/{inside}", archive.read(inside))
    return found


def in_folder(*folders) -> list[str]:
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [line for path in paths for line in in_file(path.name, path.read_bytes())]


def in_pages(client, people: People, pages: tuple[str, ...]) -> list[str]:
    found = []
    for page in pages:
        for language in ("fr", "ar"):
            response = client.get(f"/{language}{page.format(ref=people.ref, key=people.key)}", follow_redirects=True)
            assert response.status_code == 200, page
            found += in_file(page, response.data)
    return found


def folders_of(app) -> list[Path]:
    """Of the data, and on SQLite of the database, where nobody else has anything."""
    folder = app.extensions["consult_config"].folder
    database = db.engine.url.database or ""
    return [folder, Path(database).parent] if db.engine.dialect.name == "sqlite" else [folder]


def test_no_mark_of_a_forgotten_person_is_found_anywhere(site):
    people = People()
    visitor, theirs, staff = site.test_client(), site.test_client(), site.test_client()
    for passcode in ("faux", PASSWORD):
        theirs.post("/fr/accounts/login", data={"identity": ADDRESS, "passcode": passcode}, environ_base={"REMOTE_ADDR": NETWORK},
                    headers={"User-Agent": AGENT})
    with unit_of_work():
        plant(people)
    with unit_of_work():
        make_files(people.secretary)
    jobs.run_pending()
    with unit_of_work():
        session.add(mail.OutgoingMail(recipient=ADDRESS, subject=NAME, body=NAME))
    staff.sign_in(people.secretary)
    for found in (in_database(), in_pages(visitor, people, PAGES), in_pages(staff, people, STAFF_PAGES), in_folder(*folders_of(site))):
        assert found, "the marks are there to be found before"
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) > 3
    seal_in_unit()
    faults = verify_database()
    sent = len(site.extensions["mailman"].outbox)

    response = theirs.post("/fr/privacy/forget", data={"is_sure": "y"})
    assert response.status_code == 303
    jobs.run_pending()
    jobs.tick()
    jobs.run_pending()

    assert in_database() == []
    assert in_folder(*folders_of(site)) == [], "SQLite’s log beside the database included"
    assert in_pages(visitor, people, PAGES) == []
    assert in_pages(staff, people, STAFF_PAGES) == []
    with unit_of_work():
        make_files(people.secretary)
    jobs.run_pending()
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) > 3
    seal_in_unit()
    assert verify_database() == faults
    assert [letter for letter in site.extensions["mailman"].outbox[sent:] if bears(str(letter.message()).encode())] == []
    session.remove()
    db.engine.dispose()
    assert in_folder(*folders_of(site)) == []
    with unit_of_work():
        session.execute(sa.update(User).where(User.id == people.id).values(name="Quelqu’un"))
    assert any("user" in fault for fault in set(verify_database()) - set(faults)), "a change by hand is still found"


def seal_in_unit() -> None:
    with unit_of_work():
        seal_all()


def test_what_the_person_wrote_stays_under_participant(site):
    people = People()
    with unit_of_work():
        service.forget(people.person, people.person)
    page = site.test_client().get(f"/fr/contributions/{people.ref}").get_data(as_text=True)
    assert session.scalars(sa.select(Contribution).where(Contribution.ref == people.ref)).one().body[:20] in page
    assert "articipant" in page
