"""One's own data, being forgotten, and the pages of the secretariat."""

import io
import json
import re
import zipfile

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.accounts.service import edit_profile
from consult.consultations.models import Role
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.exports import files
from consult.exports.models import Export, ExportFormat, ExportKind, ExportState
from consult.moderation import service as moderation
from consult.privacy.models import Erasure
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.accounts.factors import long_ago


def fresh(client, user: User):
    """Signed in, having just shown who they are."""
    return client.sign_in(user)


def test_everybody_reads_how_long_what_is_kept(client, consultation):
    page = client.get("/fr/privacy").text
    assert "90 jours" in page
    assert "Sauvegardes" in page


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("ar", "rtl")])
def test_all_that_is_held_on_oneself_in_one_file(client, chapter, participant, block, language, direction):
    said = factories.a_published_contribution(block=block, author=participant)
    other = factories.a_published_contribution(block=block)
    response = client.sign_in(participant).get(f"/{language}/privacy/my-data")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        page, data = archive.read("my-data.html").decode(), json.loads(archive.read("my-data.json"))
    assert f'lang="{language}" dir="{direction}"' in page
    assert said.body in page
    assert other.body not in page + json.dumps(data, ensure_ascii=False)
    records = data["records"]
    assert [row["ref"] for row in records["contribution.author_id"]] == [said.ref]
    assert records["receipt.author_id.of_contribution"][0]["digest"] == said.digest
    assert records["user.id"][0]["email"] == participant.email == data["email"]
    assert records["membership.user_id"][0]["organisation_id"] == participant.organisation_id
    assert {"password", "salt", "fs_uniquifier", "form_key"}.isdisjoint(records["user.id"][0].keys() | records["contribution.author_id"][0])


def test_no_key_of_a_letter_is_in_the_file(client, participant):
    client.post("/fr/accounts/us-signin/send-code", data={"identity": participant.email, "submit_send_code": "1"})
    client.post("/fr/accounts/reset", data={"email": participant.email})
    mail.post(participant.email, "Un jour", "Texte-qui-reste", kind="privacy.idle", subject_id=participant.id, facts=[participant.id])
    letters = [letter for letter in session.scalars(sa.select(mail.OutgoingMail)) if letter.kind is None]
    keys = {key for letter in letters for key in re.findall(r"code=[^&\s]+|/reset/[^\s?]+|\b\d{8}\b", letter.body)}
    assert len(keys) >= 3
    response = client.sign_in(participant).get("/fr/privacy/my-data")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        told = "".join(archive.read(name).decode() for name in archive.namelist())
    assert [key for key in keys if key in told] == []
    assert "Laissé de côté" in told
    assert "Texte-qui-reste" in told


def test_nobody_else_s_number_and_nothing_unpublished_is_in_the_file(client, chapter, participant, block):
    moderator = factories.a_user(role=Role.MODERATOR, commission=chapter.commission)
    said = factories.a_contribution(block=block, author=participant)
    moderation.publish(moderator, said, expected_counter=said.row_counter)
    synthesis = factories.a_synthesis(chapter)
    factories.an_item(synthesis, said)

    def records(person: User) -> dict:
        response = client.sign_in(person).get("/en/privacy/my-data")
        with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
            return json.loads(archive.read("my-data.json"))["records"]
    theirs, own = records(participant), records(moderator)
    assert "moderator_id" not in theirs["moderation_decision.author_id.of_contribution"][0]
    assert own["moderation_decision.moderator_id"][0]["moderator_id"] == moderator.id
    assert "item_contribution.author_id.of_contribution" not in theirs
    synthesis = session.get(type(synthesis), synthesis.id)
    synthesis.state, synthesis.validated_at = SynthesisState.SUBMITTED, utcnow()
    assert len(records(participant)["item_contribution.author_id.of_contribution"]) == 1


def test_the_file_asks_for_a_fresh_sign_in(client, participant):
    client.sign_in(participant)
    long_ago(client)
    response = client.get("/fr/privacy/my-data")
    assert response.location == "/fr/accounts/us-verify?next=/fr/privacy/my-data"


def test_one_reads_what_goes_before_being_forgotten(client, chapter, participant, block):
    factories.a_published_contribution(block=block, author=participant)
    page = fresh(client, participant).get("/en/privacy/forget").text
    assert "Forget me" in page
    assert "What goes" in page
    assert "Contributions, with their receipts" in page
    assert session.get(User, participant.id).forgotten_at is None


def test_being_forgotten_asks_for_a_fresh_sign_in(client, participant):
    client.sign_in(participant)
    long_ago(client)
    assert "Forget me" not in client.get("/en/privacy/forget").text
    response = client.post("/en/privacy/forget", data={"is_sure": "y"})
    assert "/us-verify" in response.location
    assert session.get(User, participant.id).forgotten_at is None


def test_being_forgotten_asks_for_a_tick_and_signs_out(client, participant):
    fresh(client, participant)
    assert client.post("/en/privacy/forget").status_code == 422
    assert client.post("/en/privacy/forget", data={"is_sure": "y"}).status_code == 303
    assert session.get(User, participant.id).forgotten_at is not None
    assert "/login" in client.get("/en/accounts/profile").location


ASKED = {"identity_check": "Carte montrée au guichet.", "reason": "Lettre du 12 mars, n° 84."}


def test_the_secretariat_looks_first_and_forgets_then(client, consultation, participant):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    asked = {"email": participant.email, **ASKED}
    page = client.post("/en/privacy/forget-on-request", data=asked)
    assert participant.name in page.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Erasure)) == 0
    another = {**asked, "looked_at": str(participant.id + 1)}
    client.post("/en/privacy/forget-on-request", data=another)
    assert session.scalar(sa.select(sa.func.count()).select_from(Erasure)) == 0
    response = client.post("/en/privacy/forget-on-request", data={**asked, "looked_at": str(participant.id)})
    assert response.status_code == 303
    assert session.scalars(sa.select(Erasure.user_id)).one() == participant.id


def test_forgetting_on_request_asks_for_a_fresh_sign_in_and_spares_administrators(client, consultation, participant):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    asked = {"email": factories.a_user(role=Role.ADMINISTRATOR).email, **ASKED}
    page = client.post("/en/privacy/forget-on-request", data=asked)
    assert page.status_code == 422
    assert "An administrator is appointed, and dismissed, by an administrator." in page.text
    assert "Forget this person" not in page.text
    long_ago(client)
    for response in (client.get("/en/privacy/forget-on-request"),
                     client.post("/en/privacy/forget-on-request", data={**ASKED, "email": participant.email, "looked_at": participant.id})):
        assert "/us-verify" in response.location
    assert session.get(User, participant.id).forgotten_at is None


@pytest.mark.parametrize("path", ["privacy/register", "privacy/register/file", "privacy/forget-on-request", "journal/permissions"])
def test_these_pages_are_of_those_in_charge(client, consultation, participant, path):
    assert client.get(f"/en/{path}").status_code == (302 if path == "privacy/forget-on-request" else 403)
    assert client.sign_in(participant).get(f"/en/{path}").status_code == 403
    assert client.sign_in(factories.a_user(role=Role.SECRETARIAT)).get(f"/en/{path}").status_code == 200


def test_whoever_no_longer_agrees_to_be_named_is_in_no_file_and_on_no_page_at_once(client, chapter, citizen, block):
    citizen.name = "Zarqwen Belmarkou"
    said = factories.a_published_contribution(block=block, author=citizen)
    pages = ("/fr/chapters/1", f"/fr/contributions/{said.ref}", "/fr/contributions/", "/fr/exports/open-data/contributions")
    files.path_of("export-1.fr.csv").write_text(citizen.name)
    session.add(Export(consultation=chapter.consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr",
                       file_name="export-1.fr.csv", state=ExportState.READY))
    session.flush()
    assert all(citizen.name in client.get(page).text for page in pages)
    edit_profile(citizen, citizen, name=citizen.name, language="fr", is_name_public=False)
    assert [page for page in pages if citizen.name in client.get(page).text] == []
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == 0
