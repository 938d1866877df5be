"""Forgetting a person: the rules."""

import json

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.accounts.models import User, UserSession
from consult.consultations.models import Appointment, Role
from consult.core import mail
from consult.core.audit import AuditEvent
from consult.core.db import UtcDateTime, session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import utcnow
from consult.core.jobs import Job
from consult.core.permissions import SYSTEM, VISITOR
from consult.core.refused import KeptForm
from consult.organisations.models import Membership
from consult.privacy import holdings, service
from consult.privacy.holdings import rows_of
from consult.privacy.models import Cause, Erasure
from tests import factories

SAID = {"identity_check": "Carte montrée au guichet.", "reason": "Lettre du 12 mars, n° 84."}


@pytest.fixture
def secretary(consultation):
    return factories.a_user(role=Role.SECRETARIAT)


def test_what_stays_of_a_person_names_nobody(participant):
    accounts.open_session(participant)
    service.forget(participant, participant)
    assert (participant.name, participant.name_ar, participant.function, participant.password) == ("", None, None, None)
    assert participant.email.endswith("@forgotten.invalid")
    assert not participant.active
    assert (participant.shown_name, participant.staff_name) == ("A participant", "A former member of the commission")
    for model in (UserSession, Membership):
        assert session.scalar(sa.select(sa.func.count()).select_from(model).where(model.user_id == participant.id)) == 0


def test_it_leaves_its_trace_without_a_name(secretary, participant, consultation):
    erasure = service.forget_on_request(secretary, participant, **SAID)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "privacy.forget_on_request")).one()
    assert event.details == {"user_id": participant.id, "cause": "request"}
    assert event.actor_id == secretary.id
    assert (erasure.cause, erasure.decided_by_id, erasure.reason) == (Cause.REQUEST, secretary.id, SAID["reason"])


@pytest.mark.parametrize("words", ["", "  ", "Demande de {name}.", "Écrit depuis {email}"])
@pytest.mark.parametrize("field", ["identity_check", "reason"])
def test_the_words_that_stay_say_something_and_name_nobody(secretary, participant, field, words):
    said = {**SAID, field: words.format(name=participant.name.upper(), email=participant.email)}
    with pytest.raises(Invalid) as refusal:
        service.forget_on_request(secretary, participant, **said)
    assert refusal.value.field == field


def test_nobody_forgets_somebody_else(participant, citizen, secretary):
    for actor in (citizen, secretary):
        with pytest.raises(NotAllowed):
            service.forget(actor, participant)
    with pytest.raises(NotAllowed):
        service.forget_on_request(citizen, participant, **SAID)


@pytest.mark.parametrize(("name", "name_ar", "words", "is_named"), [
    ("Karim Benali", None, "Lettre de M. Benali du 12 mars.", True),
    ("Karim Benali", None, "Lettre de M. BÉNALI.", True),
    ("Karim Benali", None, "D’après karim.benali@ailleurs.ma", True),
    ("Ali Haddad", None, "Identité validée par l’italien, n° 84.", False),
    ("Ali Haddad", None, "Carte d’Ali.", True),
    ("Ali des Prés", None, "Reçue des mains du greffe.", False),
    ("Bo Li", None, "Demande de Bo Li.", True),
    ("Bo Li", None, "Bo a demandé, li.", False),
    ("Karim", "كريم بنعلي", "رسالة من السيد بَنْعَلي", True),
    ("Karim", "كريم بنعلي", "رسالة لكريم", True),
    ("Karim", "أسماء العلوي", "طلب وارد من علوي", True),
    ("Karim", "أسماء العلوي", "طلب للعلوي", True),
    ("Karim", "أسماء العلوي", "توصلنا به واسماء", True),
    ("Karim", "علي", "طلب تعليق", False),
])
def test_the_words_that_stay_are_compared_word_by_word(secretary, participant, name, name_ar, words, is_named):
    participant.name, participant.name_ar = name, name_ar
    if is_named:
        with pytest.raises(Invalid):
            service.forget_on_request(secretary, participant, **{**SAID, "reason": words})
    else:
        assert service.forget_on_request(secretary, participant, **{**SAID, "reason": words}).reason == words


def test_nobody_is_forgotten_twice(participant, secretary):
    service.forget(participant, participant)
    with pytest.raises(Conflict):
        service.forget_on_request(secretary, participant, **SAID)


def test_the_last_who_can_appoint_others_stays(secretary):
    with pytest.raises(Conflict):
        service.forget(secretary, secretary)
    other = factories.a_user(role=Role.ADMINISTRATOR)
    service.forget(secretary, secretary)
    assert session.scalars(sa.select(Appointment)).all() == other.appointments


@pytest.mark.parametrize("roles", [(Role.ADMINISTRATOR,), (Role.SECRETARIAT, Role.ADMINISTRATOR)])
def test_the_secretariat_forgets_nobody_whose_roles_it_may_not_end(secretary, consultation, roles):
    factories.a_user(role=Role.ADMINISTRATOR)
    person = factories.a_user(role=roles[0])
    session.add_all([Appointment(user=person, role=role) for role in roles[1:]])
    session.flush()
    for somebody in (person, secretary):
        with pytest.raises(NotAllowed):
            service.forget_on_request(secretary, somebody, **SAID)
        with pytest.raises(Invalid):
            service.get_asked_for(secretary, consultation, somebody.email)
    assert (person.forgotten_at, secretary.forgotten_at) == (None, None)


def test_the_secretariat_ends_the_roles_of_whom_it_forgets_in_its_own_name(secretary, consultation):
    person = factories.a_user(role=Role.SECRETARIAT)
    service.forget_on_request(secretary, person, **SAID)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "consultations.dismiss")).one()
    assert (event.actor_id, person.appointments) == (secretary.id, [])


def test_no_letter_is_written_to_nobody(participant):
    service.forget(participant, participant)
    assert mail.post(participant.email, "Bonjour", "") is None


def test_the_system_forgets_and_says_why(participant):
    assert service.forget(SYSTEM, participant, cause=Cause.DORMANT).cause == Cause.DORMANT
    assert session.scalars(sa.select(Erasure)).one().decided_by_id is None


KEPT = {"id", "created_at", "is_demonstration", "is_entered"}  # of the row that stays


def planted(column: sa.Column):
    """Something of a person, of the column's type."""
    if column.type.python_type is bool:
        return True
    if isinstance(column.type, UtcDateTime):
        return utcnow()
    if column.type.python_type in (dict, list):
        return column.type.python_type()
    return f"marque-{column.name}"[:column.type.length or 40] if column.type.python_type is str else 7


def test_nothing_but_its_number_stays_of_the_row(participant):
    columns = [column for column in User.__table__.columns if column.name not in KEPT | {"forgotten_at"}]
    before = {column.name: planted(column) for column in columns}
    before["language"], before["person_id"] = "ar", factories.a_user().id
    for name, value in before.items():
        setattr(participant, name, value)
    session.flush()
    service.forget(participant, participant)
    session.expire_all()
    stays = [name for name, value in before.items() if getattr(participant, name) == value]
    assert stays == [], "empty it in _empty (consult/privacy/service.py), or say in KEPT that it is nothing of the person"


def test_nothing_comes_back_to_an_account_that_was_forgotten(app):
    """By a link that was followed while it was being erased."""
    asked = accounts.register(VISITOR, None, email="a@example.org", name="Quelqu’un")
    service.forget(SYSTEM, asked, cause=Cause.UNCONFIRMED)
    with pytest.raises(Conflict):
        accounts.confirm(asked, asked, name="Quelqu’un")
    assert asked.name == ""


def test_the_same_address_may_be_registered_again(participant):
    address = participant.email
    service.forget(participant, participant)
    again = accounts.register(VISITOR, None, email=address, name="Quelqu’un")
    assert again.id != participant.id


def typed(address: str) -> KeptForm:
    return factories.saved(KeptForm(token=address, address="/fr/accounts/register", came_from="/",
                                    fields=json.dumps([["email", address], ["name", "Quelqu’un"]])))


def test_what_strangers_planted_is_hardly_looked_at(monkeypatch):
    """All who write wait while somebody is forgotten."""
    spelt = []
    monkeypatch.setattr(holdings, "spelt", lambda value: spelt.append(value) or "")
    planted = [["email", f"salma@example.org{end}"] for end in range(2_000)]
    planted += [["email", f"salma@xn--{end}.example"] for end in range(2_000)]
    planted += [["email", "salma@example.org" + "\u0315\u0300" * 3_000], ["email", "x" * 60_000 + "salma@example.org"]]
    planted += [["email", "salma@" + "\u00ad" * number + "example.org"] for number in range(1_000)]
    assert not holdings.is_typed("salma@example.org", json.dumps(planted))
    assert len(spelt) == holdings.MAX_SPELLINGS


@pytest.mark.parametrize(("address", "spellings", "others"), [
    ("n@example.org", ("n@example.org", " N@Example.ORG"), ("jean@example.org", "n@example.org.ma", "jean+n@example.org", "n@example.or")),
    ("élise@exemple.ma", ("élise@exemple.ma", "ÉLISE@exemple.ma"), ("lise@exemple.ma", "marélise@exemple.ma")),
    ("a@é.example", ("a@é.example", "a@xn--9ca.example"), ("a@e.example",)),
])
def test_no_form_of_anybody_else_goes_nor_a_fault_that_quotes_another(participant, address, spellings, others):
    participant.email = address
    kept, gone = [typed(other).token for other in others], [typed(one).token for one in spellings]
    jobs = {other: factories.saved(Job(name="core.mail.deliver", subject_id=-number, error=f"SMTPRecipientsRefused: <{other}>, 550."))
            for number, other in enumerate((address, *others))}
    assert not {"kept_form.fields", "job.error"} & {holding.name for holding, _rows in rows_of(participant)}
    service.forget(participant, participant)
    session.expire_all()
    assert sorted(session.scalars(sa.select(KeptForm.token))) == sorted(kept), f"those of {gone} alone go"
    assert [quoted for quoted, job in jobs.items() if job.error is None] == [address]
