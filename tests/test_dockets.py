"""``consult group``: any file of contributions, what cannot be read of it told line by line, the same answer in every process."""

import json
import os
import subprocess
import sys

from click.testing import CliRunner

from consult.cli import cli

TEXT = "Notre fédération demande que le délai de mise en conformité soit porté de deux à quatre ans pour les petites entreprises."
LINES = [
    {"id": 1, "text": TEXT, "position": "opposed", "label": "a"},
    {"id": "b", "text": f"Bonjour,\n{TEXT} Merci à tous.", "position": "opposed", "label": "a"},
    {"id": "c", "text": TEXT.replace("quatre", "trois"), "position": "opposed", "label": "c"},
    {"id": "d", "text": TEXT, "position": "neutral"},
]


def written(tmp_path, lines=LINES):
    path = tmp_path / "docket.jsonl"
    path.write_bytes("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode())
    return path


def run(tmp_path, *arguments, lines=LINES):
    return CliRunner().invoke(cli, ["group", str(written(tmp_path, lines)), "--out", str(tmp_path / "out"), *arguments])


def rows(tmp_path, name):
    return [json.loads(line) for line in (tmp_path / "out" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def test_folds_candidates_own_words_and_figures_are_written(tmp_path):
    answer = run(tmp_path)
    assert answer.exit_code == 0, answer.output
    assert rows(tmp_path, "folds") == [{"fold": 1, "size": 2, "core": "1", "members": ["1", "b"]}]
    assert rows(tmp_path, "own_words")[0]["words"] == ["Merci", "à", "tous"]
    assert {(one["id"], one["why_not_folded"]) for one in rows(tmp_path, "candidates")} >= {("c", "turn"), ("d", "position")}
    figures = json.loads((tmp_path / "out" / "figures.json").read_text("utf-8"))
    assert (figures["texts"], figures["distinct"], figures["fold_precision"], figures["fold_recall"]) == (4, 3, 1.0, 1.0)


def test_what_cannot_be_read_is_told_with_its_line_and_stops_nothing(tmp_path):
    bad = ["{", "[]", '{"id": 1}', '{"id": null, "text": "x"}', '{"id": "z", "text": 3}', "\ufeff", json.dumps(LINES[0]), "[" * 100_000]
    answer = run(tmp_path, lines=[LINES[0], *bad, LINES[1]])
    assert answer.exit_code == 0, answer.output
    assert [one["line"] for one in rows(tmp_path, "refused")] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert rows(tmp_path, "folds")[0]["members"] == ["1", "b"]


def test_what_they_speak_of_is_left_out(tmp_path):
    chapter = tmp_path / "chapter.md"
    chapter.write_text(TEXT, "utf-8")
    assert run(tmp_path, "--background", str(chapter)).exit_code == 0
    assert rows(tmp_path, "folds") == []


def test_a_file_that_is_not_there_is_said(tmp_path):
    answer = CliRunner().invoke(cli, ["group", str(tmp_path / "no.jsonl"), "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "no.jsonl" in answer.output


def test_the_same_file_gives_the_same_whatever_the_process(tmp_path):
    path, told = written(tmp_path), set()
    for seed in ("0", "1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "consult", "group", str(path), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})  # noqa: S603 - our own command
        told.add(tuple((out / name).read_bytes() for name in ("folds.jsonl", "candidates.jsonl", "own_words.jsonl")))
    assert len(told) == 1
