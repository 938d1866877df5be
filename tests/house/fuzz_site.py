"""A small site with one of everything that a form can be about, where whatever is sent is taken back; a watch over what is written."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import parse_qsl, quote

import lxml.html
import sqlalchemy as sa
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from werkzeug.datastructures import ImmutableMultiDict

from consult.accounts.models import User
from consult.accounts.service import hash_password, open_session, prove_session, token_hash
from consult.chapters import service as chapters
from consult.chapters.models import Block
from consult.consultations import service as consultations
from consult.consultations.models import COMMISSION_ROLES, Appointment, Consultation, Role
from consult.contributions import service as contributions
from consult.contributions.models import Anchor, AnchorState, AttachmentKind, ContributionState, DraftFile
from consult.core.db import db, session
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.news import Topic
from consult.core.pages import pages
from consult.core.permissions import SYSTEM
from consult.core.stores import store
from consult.forms.models import FormRowState, FormState, ReceivedForm, ReceivedRow
from consult.forms.places import Confidence, Why
from consult.grouping import service as grouping
from consult.moderation import service as moderation
from consult.moderation.models import Part, Reason
from consult.moderation.service.hinting import keep_hints
from consult.news import service as news
from consult.news.signing import token_of
from consult.organisations import service as organisations
from consult.organisations.models import Category, Region, Sector
from consult.outreach.models import Doubt, RowState, StakeholderRow, StakeholderState
from consult.reception import service as reception
from consult.reception.reading import ReadTable
from consult.synthesis import service as synthesis
from tests import factories
from tests.adoption import cases
from tests.contributions.revising import ELSEWHERE, REWORDED, TRAIN, source
from tests.house.fuzz_places import A1, A2, PART, PARTS, PARTS_OF, PASSWORD, PLACES, Place, as_built
from tests.house.fuzzing import Form, filled, forms_of
from tests.outreach.material import a_letter_to, a_list, a_stakeholder
from tests.reception.typing import a_batch, slip

WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')


def with_stakeholders(consultation: Consultation) -> dict[str, str]:
    """A list that was looked at, one who waits for a letter, one who is to be sent one, and one who got theirs."""
    brought = a_list(consultation)
    rows = [factories.saved(StakeholderRow(list=brought, number=n, typed={"organisation": "Coopérative", "address": "no"}, state=state,
                                           doubts=doubts)) for n, (state, doubts) in enumerate(
        ((RowState.CLEAR, []), (RowState.DOUBTFUL, [Doubt.NO_ADDRESS.value])), 2)]
    a_stakeholder(consultation, list=brought)
    a_stakeholder(consultation, list=brought, state=StakeholderState.QUEUED)
    letter = a_letter_to(consultation, "asked", list=brought)
    return {"stakeholder_list": str(brought.id), "stakeholder_row": str(rows[1].id), "stakeholder": str(letter.stakeholder_id),
            "asked_by_letter": "asked"}


def with_batches(consultation: Consultation, clerk: User, block: Block) -> dict[str, str]:
    """One of which two are typed, the first drawn to be compared, and one that balances."""
    batch, balanced = (a_batch(clerk, consultation, announced=count) for count in (12, 1))
    first, _second = (reception.enter(clerk, batch, **slip(block, body=body)) for body in ("Un avis sur papier.", "Un autre avis."))
    first.is_sampled = True
    session.flush()
    reception.set_aside(clerk, balanced, count=1, reason="Blanc")
    code = next(stub.code for stub in reception.list_stubs(clerk, batch).rows if stub.entry is first)
    table = reception.bring(
        clerk, batch, table=ReadTable(["Passage", "Contribution"], [[A1, "Un avis de plus."]]), data=b"x", file_name="a.csv")
    return {"table": str(table.id), "batch": str(batch.number), "balanced": str(balanced.number), "code": code}


def with_a_form(consultation: Consultation, author: User) -> dict[str, str]:
    """One that was brought and looked at: a row that has its passage, and a doubtful one."""
    said = {"clause": A1, "element": "", "comment": "Trop vague.", "change": "", "commenter": "CGEM", "type": "te", "table": 1}
    received = factories.saved(ReceivedForm(
        consultation=consultation, author=author, file_name="formulaire.csv", digest="a" * 64, data=b"Article;Commentaires", preface=[],
        rows_count=2, state=FormState.READ))
    rows = [factories.saved(ReceivedRow(form=received, number=n, said=said, state=state, key=A1, chapter_number=1,
        confidence=Confidence.SURE,
                                        why=Why.KEY)) for n, state in enumerate((FormRowState.CERTAIN, FormRowState.DOUBTFUL), 2)]
    return {"received_form": str(received.id), "received_row": str(rows[1].id)}


class Site:
    """One of everything that a form can be about, and somebody of each role."""

    def __init__(self, app, consultation: Consultation) -> None:
        self.app, self.consultation_id = app, consultation.id
        self.asked_names: set[str] = set()
        app.request_class = type("Watched", (app.request_class,), {"args": property(lambda request: Asked(request, self.asked_names))})
        self.client = app.test_client(use_cookies=False)
        self.people: dict[str, User] = {}
        self.pages: dict[tuple[str, str, str], tuple[str, str]] = {}
        chapter = self.with_people(consultation)
        self.values = self.with_things(chapter)
        self.values.update(email=self.people["participant"].email, today=cases.today().isoformat())
        self.cookies = {"visitor": "", **{role: self.cookie_of(person) for role, person in self.people.items()}}
        session.commit()

    def with_people(self, consultation: Consultation):
        chapter = chapters.get_chapter(consultation, 1)
        self.people["participant"] = factories.a_user(organisation=factories.an_organisation(), password=hash_password(PASSWORD))
        for role in Role:
            commission = chapter.commission if role in COMMISSION_ROLES else None
            self.people[role.value] = factories.a_user(role=role, commission=commission, password=hash_password(PASSWORD))
        factories.saved(Appointment(user=self.people["chair"], role=Role.CHAIR, commission=consultation.commissions[1]))
        session.refresh(self.people["chair"], ["appointments"])
        return chapter

    def with_things(self, chapter) -> dict[str, str]:
        consultation, participant, secretary = chapter.consultation, self.people["participant"], self.people["secretariat"]
        first, second = (factories.block_of(chapter, key) for key in (A1, A2))
        published = [factories.a_published_contribution(block=block, replacement=words) for block, words in (
            (first, "Publier chaque mois la liste."), (second, None), (first, None))]
        alike = [factories.a_published_contribution(block=second, body="Le délai d’un an est trop court pour nos ateliers.")
                 for _time in range(3)]
        unlike = factories.a_published_contribution(block=second, body="Publiez la liste des normes au début de chaque année civile.")
        grouping.fold(chapter.id, [said.id for said in (*alike, unlike)])
        waiting, _more = factories.a_contribution(block=first), factories.a_contribution(block=second)
        withheld = factories.a_contribution(block=first, state=ContributionState.WITHHELD)
        own = factories.a_contribution(block=first, author=participant)
        annexed = factories.a_published_contribution(block=first, files_count=2, attachments=[
            factories.a_file(b"a note"), factories.a_file(b"an annex", number=2, is_confidential=True)])
        own_withheld, appealed = factories.a_contribution(block=first, author=participant), factories.a_contribution(block=first)
        for one in (own_withheld, appealed):
            moderation.withhold(self.people["rapporteur"], one, reason=Reason.OFF_TOPIC, words="Sans rapport.",
                                expected_counter=one.row_counter)
        moderation.appeal(appealed.author, appealed, words="Je ne suis pas d’accord.")
        flagged = factories.a_published_contribution(block=first, body="Voici un texte signalé.")
        moderation.flag(participant, flagged, reason=Reason.OFF_TOPIC, words="Sans rapport avec le texte.")
        unread = factories.a_published_contribution(block=first, body="Paru aussitôt.", awaits_reading=True)
        own_asked = factories.a_contribution(block=first, author=participant)
        moderation.ask_to_rephrase(self.people["rapporteur"], own_asked, reason=Reason.INSULT, words="Sans viser personne.", phrases="",
                                   expected_counter=own_asked.row_counter)
        hinted = factories.a_contribution(block=first, body="Joignez-moi au 06 12 34 56 78.")
        keep_hints([hinted])
        redacted = factories.a_contribution(block=first)
        moderation.redact(self.people["rapporteur"], redacted, reason=Reason.INSULT, words="Un mot de trop.", phrases="point",
                          expected_counter=redacted.row_counter)
        factories.a_chapter(consultation, number=2)
        chapters.import_chapter(SYSTEM, consultation, data=source(REWORDED, ELSEWHERE).encode())
        chapters.import_chapter(SYSTEM, consultation, data=factories.markdown(1, "ar").replace(*ELSEWHERE).encode())
        prepared = source(REWORDED, ELSEWHERE, (TRAIN, TRAIN + "- **Action 1.1.3** — Équiper les laboratoires des douze régions.\n\n"))
        chapters.keep_working_draft(secretary, consultation, data=prepared.encode())
        fields = {"body": "Un texte commencé.", "block_id": str(second.id), "position": "opposed"}
        draft = contributions.keep_draft(participant, chapters.get_block(chapter, A2, "fr"), token="x" * 32, fields=fields)
        drafted = contributions.KeptFile(AttachmentKind.PDF, 6, store().put(b"a note"), [])
        contributions.attach(participant, draft, file=drafted, name="note.pdf", is_confidential=False)
        replies = [contributions.reply(person, published[0], form_key=f"reply-of-{number}", body=f"Réponse {number}.")
                   for number, person in enumerate((participant, factories.a_user(), factories.a_user()))]
        contributions.move_reply(replies[2], ContributionState.PUBLISHED)
        ready = contributions.keep_draft(participant, second, token="y" * 32, fields={**fields, "speak_as": "self"})
        together = contributions.lodge_position(participant, consultation, form_key="z" * 32, shown={ready.id: ready.row_counter})
        offered, returned = (contributions.offer(participant, second, form_key=f"offer-{n}", fields={**fields, "body": f"Avis {n}."})
                             for n in range(2))
        contributions.return_offered(participant, returned, words="À préciser.")
        report = synthesis.get_or_new(chapter)
        items = [synthesis.add_item(self.people["rapporteur"], report, title=title, contributions=of) for title, of in (
            ("Liste des étalons", published[:2]), ("Rien", ()))]
        cut = factories.a_published_contribution(block=second, body="Publier la liste. Ouvrir un guichet. Réduire les délais.")
        point = synthesis.split(self.people["rapporteur"], cut, cuts=[(Part.BODY, cut.body.index("Ouvrir"))])
        stranger = factories.a_user(confirmed_at=None, password=hash_password(PASSWORD))
        undecided = sa.select(Anchor.id).where(Anchor.contribution_id == published[0].id, Anchor.state == AnchorState.PROPOSED)
        long_ago = utcnow() - timedelta(days=30)  # longer than whoever watches the platform is told of it
        letter = factories.saved(OutgoingMail(recipient="a@example.org", subject="S", body="B", created_at=long_ago))
        asked = consultations.invite(secretary, consultation, email="invitee@example.org", role=Role.SECRETARIAT)
        asked.token_hash = token_hash("invited")
        whoever = factories.a_user()
        self.values_of_outreach = with_stakeholders(consultation)
        listed = organisations.add(whoever, None, name_fr="Coopérative des ateliers", category=Category.COMPANY,
                                   sector=Sector.CROSS_SECTOR, region=Region.FES)
        joining = factories.a_user()
        membership = organisations.join(joining, joining, organisation=listed, statement="Responsable qualité")
        news.follow(participant, chapter, key=A2)
        beside = organisations.invite(secretary, listed, email="collegue-2@example.org")
        beside.token_hash = token_hash("membering")
        return {
            "member_invitation": str(beside.id), "membering": "membering",
            "offered": str(offered.id), "returned": str(returned.id),
            **with_batches(consultation, self.people["clerk"], first),
            **self.values_of_outreach, **with_a_form(consultation, participant),
            "stop": token_of(participant.id, [Topic.FOLLOWED]),
            "letter": str(letter.id), "invitation": str(asked.id), "invited": "invited", "together": together.ref,
            "organisation": listed.slug, "body": participant.organisation.slug,
            "asked": str(membership.id), "member": str(whoever.membership.id),
            "mandate": str(whoever.mandate.id),
            "annexed": annexed.ref, "draft_file": str(session.scalars(sa.select(DraftFile.id)).one()),
            "alike": alike[2].ref, "unlike": unlike.ref,
            "waiting": waiting.ref, "withheld": withheld.ref, "redacted": redacted.ref, "hinted": hinted.ref,
            "own_withheld": own_withheld.ref, "own_asked": own_asked.ref,
            "flagged": flagged.ref, "unread": unread.ref, "appealed": appealed.ref, "own": own.ref,
            "anchor": str(session.scalars(undecided).first()),
            "own_reply": replies[0].ref, "waiting_reply": replies[1].ref, "reply": replies[2].ref,
            "cut": cut.ref, "point": str(point.id),
            "item": str(items[0].id), "gathered": str(published[0].id), "empty": str(items[1].id), "published": published[0].ref,
            "appointment": str(session.scalars(sa.select(Appointment.id).where(Appointment.user_id == self.people["moderator"].id)).one()),
            "confirmation": generate_confirmation_token(stranger), "reset": generate_reset_password_token(participant),
        }

    def cookie_of(self, person: User) -> str:
        """Signed in, and just now; in another browser too."""
        open_session(person, "Firefox, Linux")
        token = open_session(person)
        said = {"_user_id": token, "_fresh": True, "proof": prove_session(person, token)}
        return f"{self.app.config['SESSION_COOKIE_NAME']}={self.app.session_interface.get_signing_serializer(self.app).dumps(said)}"

    @contextmanager
    def as_it_was(self, so: Callable[[Consultation], None] = as_built) -> Iterator[None]:
        """The site in this state, whatever is done meanwhile."""
        engine = db.engines[None]
        with engine.connect() as connection:
            transaction = connection.begin()
            db.engines[None] = connection
            try:
                so(session.get_one(Consultation, self.consultation_id))
                session.commit()
                yield
            finally:
                session.remove()
                transaction.rollback()
                db.engines[None] = engine

    @contextmanager
    def taken_back(self) -> Iterator["Written"]:
        """What is done meanwhile is undone; what would have stayed of it is told."""
        connection = db.engines[None]
        session.remove()
        pages.clear()
        savepoint, written = connection.begin_nested(), Written()
        try:
            with written.watching(connection):
                yield written
        finally:
            session.remove()
            savepoint.rollback()

    def open(self, address: str, role: str, **options):
        headers = {"Cookie": self.cookies[role], "Origin": "http://localhost", "Referer": f"http://localhost{address}"}
        return self.client.open(address, headers=headers, follow_redirects=True, **options)

    def look(self, address: str, role: str):
        return self.client.get(address, headers={"Cookie": self.cookies[role]}, buffered=True)

    def send(self, address: str, role: str, body: bytes, content_type: str, language: str):
        address = re.sub(r"^/\w+/", f"/{language}/", address)
        headers = {"Cookie": self.cookies[role], "Origin": "http://localhost"}
        return self.client.post(address, data=body, content_type=content_type, headers=headers)

    def form(self, endpoint: str, role: str) -> Form | None:
        """The form that this role is shown to send there, with everything filled; None where there is none."""
        place = PLACES[endpoint]
        given = {name: value.format(**self.values) if isinstance(value, str) else value for name, value in place.given.items()}
        there, page = self.page(place, role)
        urls = self.app.url_map.bind("localhost")
        found = forms_of(lxml.html.document_fromstring(page), there)
        return next((filled(form, given) for form in found if urls.match(
            form.address.partition("?")[0], method="POST")[0] == endpoint), None)

    def page(self, place: Place, role: str) -> tuple[str, str]:
        """(address where it ends, page)."""
        asked = place.page, place.so.__name__, role
        if asked not in self.pages:
            with self.open(f"/fr/{place.page.format(**self.values)}", role) as answer:
                self.pages[asked] = answer.request.path, answer.text
        return self.pages[asked]


    # Addresses

    def address(self, endpoint: str, method: str, **others: str) -> str:
        """In Arabic; ``others`` stand in it as they are."""
        rule = self.rule(endpoint, method)
        values = {"language": "ar", **{name: quote(value) for name, value in self.parts(endpoint, method).items()}, **others}
        return PART.sub(lambda part: values[part[1]], rule)

    def rule(self, endpoint: str, method: str) -> str:
        """The longest, where several lead there."""
        return max((rule.rule for rule in self.app.url_map.iter_rules(endpoint) if method in rule.methods), key=len)

    def parts(self, endpoint: str, method: str = "GET") -> dict[str, str]:
        """What stands in the address beside its language."""
        names = [name for name in PART.findall(self.rule(endpoint, method)) if name != "language"]
        return {name: PARTS_OF.get((endpoint, name), PARTS[name]).format(**self.values) for name in names}


class Asked(ImmutableMultiDict):
    """What stands in the query of an address; the names that are asked for are noted."""

    def __init__(self, request, names: set[str]) -> None:
        super().__init__(parse_qsl(request.query_string.decode(errors="replace"), keep_blank_values=True, errors="replace"))
        self.names = names

    def __getitem__(self, key):
        self.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, key) -> bool:
        self.names.add(key)
        return super().__contains__(key)

    def getlist(self, key, type=None):
        self.names.add(key)
        return super().getlist(key, type)


class Written:
    """The tables to which something was written that no savepoint took back."""

    def __init__(self) -> None:
        self.levels: list[list[str]] = [[]]

    @property
    def tables(self) -> list[str]:
        return sorted({table for level in self.levels for table in level})

    @contextmanager
    def watching(self, connection: sa.Connection) -> Iterator[None]:
        listeners = {
            "before_cursor_execute": self.note, "savepoint": lambda *_: self.levels.append([]),
            "rollback_savepoint": lambda *_: self.levels.pop(), "release_savepoint": lambda *_: self.keep(self.levels.pop()),
        }
        for event, listener in listeners.items():
            sa.event.listen(connection, event, listener)
        try:
            yield
        finally:
            for event, listener in listeners.items():
                sa.event.remove(connection, event, listener)

    def keep(self, level: list[str]) -> None:
        self.levels[-1].extend(level)

    def note(self, _connection, _cursor, statement, *_rest) -> None:
        if found := WRITES.match(statement):
            self.levels[-1].append(found[1])


class Crashes(logging.Handler):
    """What was told of an exception that nothing foresaw."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        trace, places = getattr(error, "__traceback__", None), []
        while trace is not None:
            places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/consult/')[2]}:{trace.tb_lineno}")
            trace = trace.tb_next
        ours = [place for place in places if not place.startswith("/")]
        self.told.append(f"{type(error).__name__}: {str(error)[:120]} ({' > '.join(ours[-3:])})" if error else record.getMessage())
