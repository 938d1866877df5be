"""``consult stakeholders``: the same checks from the command line."""

import sqlalchemy as sa

from consult.core.db import session, unit_of_work
from consult.outreach.models import Stakeholder
from tests import factories
from tests.outreach.material import csv_of
from tests.test_cli import run as run

ROWS = (("LPEE", "Laboratoire", "lpee@example.org", "ar"), ("Autre", "xyz", "autre"))


def test_a_list_is_brought_and_told(run, tmp_path):
    with unit_of_work():
        factories.a_consultation()
    path = tmp_path / "liste.csv"
    path.write_bytes(csv_of(*ROWS))
    told = run("stakeholders", "import", path, "--source", "Annuaire")
    assert "E-mail → address" in told
    assert "line 3: Autre <autre>: There is no e-mail address, or it is none that letters reach. The category is missing" in told
    assert "2 rows: 1 clear, 1 doubtful" in told
    assert session.scalar(sa.select(sa.func.count()).select_from(Stakeholder)) == 0
    assert "1 kept" in run("stakeholders", "import", path, "--source", "Annuaire", "--keep")
    assert run("stakeholders", "list") == "lpee@example.org\tLPEE\tlaboratory\tar\tlisted\nIn all: 1 listed\n"
    assert run("stakeholders", "list", "--state", "lodged") == "In all: 1 listed\n"


def test_what_is_no_list_is_said_in_a_sentence(run, tmp_path):
    with unit_of_work():
        factories.a_consultation()
    path = tmp_path / "liste.pdf"
    path.write_bytes(b"%PDF-1.7")
    assert "neither a CSV file nor an .xlsx workbook" in run("stakeholders", "import", path, "--source", "Annuaire", ok=False)
