"""Links of letters: whoever opens them, however often, changes nothing; the button of their page is what acts."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
import time_machine
from flask_security.confirmable import confirm_email_token_status
from passlib.hash import pbkdf2_sha256, sha256_crypt

from consult.accounts import service
from consult.accounts.models import Registration, User
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.core import mail
from consult.core.db import Base, session, unit_of_work
from consult.core.errors import Conflict
from consult.core.i18n import clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.news import Topic
from consult.core.permissions import SYSTEM, VISITOR
from consult.news.signing import token_of
from consult.organisations import service as organisations
from tests import factories
from tests.accounts.test_views import PASSWORD, ask_for_link, is_signed_in, register, sign_in
from tests.house.source import modules
from tests.outreach.material import a_letter_to

THEIRS = "le mot de passe d’un autre"
TEMPLATES = Path(__file__).parents[2] / "templates" / "emails"


@pytest.fixture
def salma(consultation):
    return factories.a_user(email="salma@example.org", password=service.hash_password(PASSWORD))


def rows() -> dict[str, list]:
    """All that the database holds."""
    return {name: session.execute(sa.select(table)).all() for name, table in Base.metadata.tables.items()}


def opened(client, path: str) -> list[int]:
    """As a filter and then a person do: what each opening answers; nothing of the database is another than before."""
    before = rows()
    answers = [client.open(path, method=method).status_code for method in ("HEAD", "GET", "GET", "HEAD")]
    assert rows() == before
    return answers


def nora() -> User:
    return session.scalars(sa.select(User).where(User.email == "nora@example.org")).one()


def signs_in(app, password: str) -> bool:
    client = app.test_client()
    sign_in(client, "nora@example.org", password)
    return is_signed_in(client)


# Every link of every letter


@pytest.fixture
def addresses(client, contribution, salma, letters):
    """An address for each place that a letter leads to."""
    register(client)
    client.post("/fr/accounts/reset", data={"email": salma.email})
    ask_for_link(client, salma.email)
    consultations.invite(SYSTEM, contribution.chapter.consultation, email="nadia@example.org", role=Role.SECRETARIAT)
    organisations.invite(SYSTEM, contribution.organisation, email="samir@example.org")
    sent = "\n".join(body for _recipient, _subject, body in letters())
    written = {name: re.search(rf"http://consult\.test(/\S+/{name}\S+)", sent)[1] for name in (
        "confirm/", "reset/", "follow-link", "consultations/accept-invitation", "organisations/accept-invitation")}
    a_letter_to(contribution.chapter.consultation, "asked")
    return {
        "security.confirm_email": written["confirm/"], "security.reset_password": written["reset/"],
        "consultations.accept_invitation": written["consultations/accept-invitation"],
        "organisations.accept_invitation": written["organisations/accept-invitation"],
        "outreach.invitation": "/fr/outreach/invitation/asked", "outreach.refuse": "/fr/outreach/refuse/asked",
        "accounts.follow_link": written["follow-link"], "security.login": "/fr/accounts/login",
        "security.forgot_password": "/fr/accounts/reset", "contributions.show": f"/fr/contributions/{contribution.ref}",
        "contributions.receipt": f"/fr/contributions/receipt/{contribution.ref}",
        "contributions.position_receipt": "/fr/contributions/position/PNQ-P-C1-0001", "contributions.mine": "/fr/contributions/mine",
        "chapters.read": "/fr/chapters/1", "synthesis.read": "/fr/synthesis/read/1", "moderation.register": "/fr/moderation/register",
        "moderation.rephrase": f"/fr/moderation/rephrase/{contribution.ref}",
        "moderation.appeal": f"/fr/moderation/appeal/{contribution.ref}",
        "adoption.submit": "/fr/adoption/submit", "accounts.profile": "/fr/accounts/profile",
        "moderation.queue": "/fr/moderation/?chapter=1", "contributions.anchors": "/fr/contributions/anchors/1?text=fr",
        "chapters.coverage": "/fr/chapters/coverage", "synthesis.overview": "/fr/synthesis/overview/1",
        "adoption.submission": "/fr/adoption/submission", "organisations.mine": "/fr/organisations/mine",
        "organisations.view_members": f"/fr/organisations/members/{contribution.organisation.slug}",
        "contributions.list_offered": "/fr/contributions/organisation-drafts",
        "contributions.show_offered": "/fr/contributions/organisation-drafts/1",
        "news.choose": "/fr/news/choose", "news.stop": f"/fr/news/stop/{token_of(salma.id, [Topic.REPLIES])}",
        "chapters.revisions": "/fr/chapters/1/revisions", "chapters.provision": "/fr/chapters/1/provisions/C1-A1-P1-a1",
    }


def named_in_lines(app) -> set[str]:
    """The endpoints that the rooms give to the letter of what waits, and to those that gather news."""
    makers = [node for tree in modules().values() for node in ast.walk(tree)
              if isinstance(node, ast.FunctionDef) and node.returns and re.search(r"\b(Waiting|Line|Part)\b", ast.unparse(node.returns))]
    return {node.value for maker in makers for node in ast.walk(maker) if isinstance(node, ast.Constant)} & set(app.view_functions)


def test_whoever_opens_a_link_of_a_letter_changes_nothing(app, client, addresses, participant):
    leads = {endpoint for path in TEMPLATES.rglob("*.txt") for endpoint in re.findall(r'link\("([\w.]+)"', path.read_text())}
    leads |= named_in_lines(app)
    assert set(addresses) == leads, "an address for each place that a letter leads to, and for no other"
    for path in addresses.values():
        assert set(opened(client, path)) <= {200, 302, 303, 403, 404}, path
    client.sign_in(participant)
    for path in addresses.values():
        assert set(opened(client, path)) <= {200, 302, 303, 403, 404}, path


def test_no_page_writes_when_it_is_opened(app):
    """What a GET writes would be lost: it runs in a transaction that is rolled back, and no address is left out."""
    assert not hasattr(app, "writing_gets")
    with app.test_request_context("/fr/accounts/confirm/x", method="HEAD"):
        assert app.is_reading()


def test_a_link_to_sign_in_serves_after_a_filter_opened_it(client, app, salma, letters, link_in):
    ask_for_link(client, salma.email)
    path = link_in(letters()[0][2])
    assert opened(app.test_client(), path) == [200] * 4
    client.post(path)
    assert is_signed_in(client)


def test_a_link_to_a_new_password_serves_after_a_filter_opened_it(client, app, salma, letters, link_in):
    client.post("/fr/accounts/reset", data={"email": salma.email})
    path = link_in(letters()[0][2])
    assert opened(app.test_client(), path) == [200] * 4
    assert client.post(path, data={"password": "encore plus longue", "password_confirm": "encore plus longue"}).status_code == 302
    sign_in(client, salma.email, "encore plus longue")
    assert is_signed_in(client)


# The link that confirms


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_button_of_the_page_confirms(client, app, consultation, letters, link_in, language):
    register(client, language=language)
    path = link_in(letters()[0][2])
    assert path.startswith(f"/{language}/")
    assert opened(app.test_client(), path) == [200] * 4
    assert nora().confirmed_at is None
    page = client.get(path)
    assert f'action="{path}"' in page.text
    assert "nora@example.org" in page.text
    assert page.text.count('type="password"') == 0
    assert client.post(path).location == f"/{language}/accounts/arrive"
    assert nora().confirmed_at
    assert is_signed_in(client)


def test_a_confirmed_link_opened_again_leads_on(client, app, consultation, letters, link_in):
    register(client)
    path = link_in(letters()[0][2])
    client.post(path)
    assert opened(client, path) == [303] * 4
    assert client.get(path).location == client.post(path).location == "/fr/accounts/arrive"
    other = app.test_client()
    assert other.post(path).location == "/fr/accounts/login"
    assert not is_signed_in(other)


@pytest.mark.parametrize(("damage", "said"), [(lambda path: path[:-3] + "abc", "not complete"), (lambda path: path[:-30], "not complete")])
def test_a_damaged_link_says_so(client, consultation, letters, link_in, damage, said):
    register(client, language="en")
    path = damage(link_in(letters()[0][2]).partition("?")[0])
    for answer in (client.get(path), client.post(path)):
        assert answer.location == "/en/accounts/confirm"
    assert said in client.get("/en/accounts/confirm").text
    assert nora().confirmed_at is None


def test_a_link_that_is_too_old_says_where_to_ask_for_another(client, consultation, letters, link_in):
    with time_machine.travel(utcnow()) as clock:
        register(client, language="en")
        path = link_in(letters()[0][2])
        clock.shift(timedelta(days=2, minutes=1))
        answer = client.post(path)
        assert answer.location == "/en/accounts/confirm"
        assert "ask for another" in client.get(answer.location).text
    assert len(letters()) == 1
    assert nora().confirmed_at is None


def test_a_closed_account_is_not_opened_by_its_link(client, consultation, letters, link_in):
    register(client)
    path = link_in(letters()[0][2])
    nora().active = False
    client.post(path)
    assert nora().confirmed_at is None


# Whose password it is


@pytest.mark.parametrize("letter", [0, 1])
@pytest.mark.parametrize("own", ["", PASSWORD])
@pytest.mark.parametrize("owner_is_first", [False, True])
def test_the_password_of_somebody_else_never_opens_the_account(app, consultation, letters, link_in, letter, own, owner_is_first):
    """Whoever of the two asked first, and whichever of the two letters is opened."""
    owner, other = app.test_client(), app.test_client()
    asked = [lambda: register(owner, password=own), lambda: register(other, password=THEIRS, name="Autre")]
    for ask in asked if owner_is_first else reversed(asked):
        ask()
    assert owner.post(link_in(letters()[letter][2])).location == "/fr/accounts/arrive"
    assert is_signed_in(owner)
    assert not signs_in(app, THEIRS)
    assert signs_in(app, PASSWORD) == bool(own)
    assert nora().name == "Nora Tazi"
    assert session.scalars(sa.select(Registration)).all() == []


def test_a_letter_to_an_address_that_nobody_has_proven_says_nothing_that_a_stranger_typed(client, consultation, letters):
    words = "GAGNEZ 1000 DH evil.example"
    register(client, name=words)
    register(client, name=words)
    client.post("/fr/accounts/confirm", data={"email": "nora@example.org"})
    assert len(letters()) == 3
    assert words not in "".join(subject + body for _recipient, subject, body in letters())


def test_in_one_browser_the_last_password_counts(client, app, consultation, letters, link_in):
    register(client, password=THEIRS)
    register(client, password=PASSWORD)
    client.post(link_in(letters()[0][2]))
    assert signs_in(app, PASSWORD)
    assert not signs_in(app, THEIRS)


def test_who_registers_again_without_a_password_has_none(client, app, consultation, letters, link_in):
    register(client, password=THEIRS)
    register(client)
    client.post(link_in(letters()[0][2]))
    assert not signs_in(app, THEIRS)


def test_a_password_typed_in_another_browser_is_not_kept_and_another_may_be_chosen(client, app, consultation, letters, link_in):
    register(client, password=THEIRS)
    path, elsewhere = link_in(letters()[0][2]), app.test_client()
    assert 'type="password"' in elsewhere.get(path).text
    assert elsewhere.post(path, data={"password": "court"}).status_code == 422
    assert nora().confirmed_at is None
    elsewhere.post(path, data={"password": PASSWORD})
    assert is_signed_in(elsewhere)
    assert signs_in(app, PASSWORD)
    assert not signs_in(app, THEIRS)


def test_a_password_typed_in_another_browser_is_not_kept(client, app, consultation, letters, link_in):
    register(client, password=THEIRS)
    elsewhere = app.test_client()
    elsewhere.post(link_in(letters()[0][2]))
    assert is_signed_in(elsewhere)
    assert not signs_in(app, THEIRS)


def test_a_lost_confirmation_gives_nobody_elses_password(client, app, consultation, letters, link_in):
    register(client, password=THEIRS)
    owner = app.test_client()
    for ask in (lambda: owner.post("/fr/accounts/confirm", data={"email": "nora@example.org"}),
                lambda: owner.post("/fr/accounts/reset", data={"email": "nora@example.org"}),
                lambda: ask_for_link(owner, "nora@example.org")):
        ask()
        assert "/accounts/confirm/" in letters()[-1][2]
    owner.post(link_in(letters()[-1][2]))
    assert is_signed_in(owner)
    assert not signs_in(app, THEIRS)


def test_an_account_made_by_the_administrator_takes_nothing_from_who_asked_before(client, app, consultation, letters, link_in):
    register(client, password=THEIRS, name="Autre")
    made = service.add(SYSTEM, None, email="nora@example.org", name="Nora", password=PASSWORD)
    session.commit()
    assert (made.name, made.confirmed_at is None) == ("Nora", False)
    client.post(link_in(letters()[0][2]))
    assert not is_signed_in(client)
    assert not signs_in(app, THEIRS)
    assert signs_in(app, PASSWORD)


def test_a_link_is_signed_and_read_in_no_time_and_one_that_was_sent_before_still_serves(client, app, consultation, letters, link_in):
    """What it carries beside its signature keeps no secret: to hash that slowly would keep everybody waiting."""
    register(client)
    serializer = app.extensions["security"].confirm_serializer
    who, hashed = serializer.loads(re.search(r"/confirm/([^\s?]+)", letters()[0][2])[1])
    assert pbkdf2_sha256.identify(hashed)
    former = sha256_crypt.using(rounds=1000)
    sent, of_another = (serializer.dumps([who, former.hash(address)]) for address in ("nora@example.org", "other@example.org"))
    with app.test_request_context():
        assert confirm_email_token_status(sent) == (False, False, nora())
        assert confirm_email_token_status(of_another) == (False, True, nora())


def test_an_address_is_confirmed_once(app):
    asked = service.register(VISITOR, None, email="c@example.org", name="C")
    service.confirm(VISITOR, asked)
    with pytest.raises(Conflict):
        service.confirm(VISITOR, asked, password_hash="x")
    assert asked.password is None


# Who had registered before


def passwords() -> list[str | None]:
    kept = session.scalars(sa.select(User.password).order_by(User.id)).all()
    session.rollback()
    session.remove()
    return kept


def test_a_password_that_was_typed_before_is_nobodys_until_somebody_confirms(own_app):
    with unit_of_work():
        asked = factories.a_user(email="nora@example.org", confirmed_at=None, language="ar").id
        factories.a_user(password="known")
    session.remove()
    flask_migrate.downgrade(revision="0011")
    with unit_of_work():
        session.execute(sa.update(User.__table__).where(User.__table__.c.id == asked).values(password="typed"))
    session.remove()
    flask_migrate.upgrade()
    assert passwords() == [None, "known"]
    typed = session.scalars(sa.select(Registration)).one()
    assert (typed.user_id, typed.password, typed.language) == (asked, "typed", "ar")
    session.rollback()
    with unit_of_work():
        service.register(VISITOR, None, email="nora@example.org", name="Nora", password_hash="later")
    session.remove()
    flask_migrate.downgrade(revision="0011")
    assert passwords() == ["later", "known"]
    flask_migrate.upgrade()
    with unit_of_work():
        assert service.confirm(VISITOR, session.get_one(User, asked)).password is None


# A key that opens nothing any more


@pytest.fixture
def keyed(client, salma):
    """How the letter of each key is asked for."""
    return {
        "register": lambda: register(client), "reset": lambda: client.post("/fr/accounts/reset", data={"email": salma.email}),
        "link": lambda: ask_for_link(client, salma.email),
    }


@pytest.mark.parametrize(("asked", "lifetime"), [
    ("register", timedelta(days=2)), ("reset", timedelta(days=1)), ("link", timedelta(minutes=10)),
])
def test_a_letter_whose_key_has_expired_is_not_sent(keyed, outbox, asked, lifetime):
    keyed[asked]()
    (letter,) = session.scalars(sa.select(OutgoingMail))
    assert abs(letter.expires_at - letter.created_at - lifetime) < timedelta(minutes=1)
    session.commit()
    with clock_at(letter.expires_at):
        mail.deliver(letter.id)()
    session.expire_all()
    assert (letter.drop_reason, outbox()) == (mail.DropReason.EXPIRED, [])
    assert mail.deliver(letter.id) is None


def test_a_letter_whose_key_still_opens_leaves(keyed, outbox):
    keyed["reset"]()
    (letter,) = session.scalars(sa.select(OutgoingMail))
    session.commit()
    with clock_at(letter.expires_at - timedelta(minutes=1)):
        mail.deliver(letter.id)()
    assert [message.to for message in outbox()] == [["salma@example.org"]]
