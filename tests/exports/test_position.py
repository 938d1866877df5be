"""The receipt of a position to print: whole, with the declarations made, for its author alone."""

import io

import pypdf
import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.contributions import jobs, service
from consult.contributions.models import Contribution
from consult.core.db import session
from consult.core.mail import OutgoingMail
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from tests import factories
from tests.contributions.files import a_docx, a_pdf
from tests.contributions.test_position import draft, passages, shown  # noqa: F401 - passages is a fixture
from tests.letters import tell

PAGE = "/{}/exports/position/{}"


@pytest.fixture
def receipt(participant, consultation, passages):  # noqa: F811 - the fixture
    signed = {"speak_as": "organisation", "interest": "some", "interests": "Nos adhérents vendent des étalons."}
    drafts = [draft(participant, passages[0], "Avis signé.", **signed), draft(participant, passages[1], "رأي بالعربية."),
              draft(participant, passages[2], "Avis avec texte.", replacement="Un autre texte.", justification="Parce que.")]
    return service.lodge_position(participant, consultation, form_key="printed", shown=shown(*drafts))


def words_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages).split())


@pytest.mark.parametrize(("language", "declared"), [("fr", "Intérêt déclaré"), ("ar", ""), ("en", "Interest declared")])
def test_it_holds_the_whole_position_with_its_declarations(client, participant, receipt, language, declared):
    answer = client.sign_in(participant).get(PAGE.format(language, receipt.ref), buffered=True)
    assert answer.status_code == 200
    assert answer.content_type == "application/pdf"
    assert receipt.ref in answer.headers["Content-Disposition"]
    words = words_of(answer.data)
    for ref in ("PNQ-C1-0001", "PNQ-C1-0002", "PNQ-C2-0001", receipt.digest):
        assert ref in words.replace(" ", "") or ref in words
    for said in ("Avis signé.", "Nos adhérents vendent des étalons.", "Un autre texte.", "Parce que.", declared):
        assert said in words


def test_the_page_says_them_too_and_leads_to_the_document(client, participant, receipt):
    page = client.sign_in(participant).get(f"/en/contributions/position/{receipt.ref}").text
    assert PAGE.format("en", receipt.ref) in page
    assert "Nos adhérents vendent des étalons." in page
    assert "Signed with mandate" in page


def test_page_letter_and_document_name_its_files_with_their_digests(client, participant, consultation, block):
    written = draft(participant, block, "Avis avec fichiers.")
    for name, data, is_confidential in (("note.pdf", a_pdf(), False), ("prix-secrets.docx", a_docx(), True)):
        service.attach(participant, written, file=service.get_kept(participant, block, data), name=name, is_confidential=is_confidential)
    other = draft(participant, block, "Avis sans fichier.")
    receipt = service.lodge_position(participant, consultation, form_key="filed", shown=shown(written, other))
    session.commit()
    digests = [file.sha256 for one in service.list_lodged_together(receipt) for file in one.attachments]
    tell(jobs.send_position_receipt, receipt.id)
    letter = session.scalars(sa.select(OutgoingMail.body)).one()
    page = client.sign_in(participant).get(f"/en/contributions/position/{receipt.ref}").text
    words = words_of(client.get(PAGE.format("en", receipt.ref), buffered=True).data)
    assert "Annexe confidentielle" in letter
    assert "Confidential annex" in page
    assert "Confidential annex" in words
    for said in ("note.pdf", *digests):
        assert said in letter
        assert said in page
        assert said in words or said in words.replace(" ", "")
    assert letter.count("Fichiers que vous avez déposés avec") == 1
    assert "prix-secrets" not in letter + words, "either may be shown to others"
    assert len(digests) == 2


def test_to_anybody_else_there_is_none(client, citizen, receipt, secretary):
    address = PAGE.format("fr", receipt.ref)
    assert client.get(address).status_code == 303
    colleague = factories.a_user()
    for reader in (citizen, secretary, colleague):
        answer = client.sign_in(reader).get(address)
        assert answer.status_code == 404
        assert "étalons" not in answer.text
    assert client.get(PAGE.format("fr", "PNQ-P-C9-9999")).status_code == 404


def test_its_author_has_what_was_lodged_whatever_others_read(client, participant, receipt):
    said = session.scalars(sa.select(Contribution).where(Contribution.body == "Avis signé.")).one()
    rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=said.chapter.commission)
    moderation.redact(rapporteur, said, phrases="signé", reason=Reason.PERSONAL_DATA, words="Un nom.", expected_counter=said.row_counter)
    assert "signé" not in said.body
    client.sign_in(participant)
    assert "Avis signé." in words_of(client.get(PAGE.format("fr", receipt.ref), buffered=True).data)
    assert "Avis signé." in client.get(f"/en/contributions/position/{receipt.ref}").text
