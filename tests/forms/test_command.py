"""``consult forms read``."""

import json

from click.testing import CliRunner

from consult.cli import cli
from tests.benchmarks.form_files import Sheet, as_docx

HEADS = ["MB/NC", "Line number", "Clause/Subclause", "Paragraph/Figure/Table", "Type of comment", "Comments", "Proposed change",
    "Observations of the secretariat"]


def run(*told):
    return CliRunner().invoke(cli, ["forms", "read", *map(str, told)])


def test_each_row_is_a_line_of_json(tmp_path):
    path = tmp_path / "form.docx"
    path.write_bytes(as_docx([Sheet([HEADS, ["MA", "", "C1-A1-P2-a1", "", "te", "Trop vague.", "Préciser.", ""],
                                     ["MA", "", "page 4", "", "ed", "Une faute.", "", ""]], 8)]))
    done = run(path, "--chapter", 1)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["passage"], first["confidence"], first["why"], first["type"], first["proposed_change"]) == (
        "C1-A1-P2-a1", "sure", "key", "technical", "Préciser.")
    assert (second["passage"], second["confidence"], second["why"]) == (None, "doubtful", "page")
    assert "2 rows, 1 sure, 1 doubtful" in done.stderr


def test_other_texts_can_be_named(tmp_path):
    text, path = tmp_path / "text.md", tmp_path / "form.csv"
    text.write_text("---\ntitle: Essais\ncommission: Commission\nchapter: 1\nlanguage: fr\n---\n\n# Chapitre 1 — Essais\n\n## Axe 1 —"
        " Les laboratoires de la région\n")
    path.write_text("Article;Type;Commentaire\nLes laboratoires de la région;te;Lesquels ?\n")
    assert json.loads(run(path, "--text", text).stdout)["passage"] == "C1-A1"


def test_what_is_no_form_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "form.docx"
    path.write_bytes(b"MZ\x00\x00")
    done = run(path)
    assert done.exit_code == 1
    assert "This is a programme, not a form." in done.stderr
