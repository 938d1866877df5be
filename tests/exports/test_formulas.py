"""No part of a CSV becomes a formula, whatever the programme that opens it is told to part cells by; and the words come back."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.exports import tables
from tests.growing import grows_as_its_text

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "=HYPERLINK(\"http://evil.example\";\"x\")", "=cmd|' /C calc'!A0", "﹦1", "−1"]  # noqa: RUF001
BEFORE = ["", "x;", "x,", "x\t", "x|", "x\n", "x\r\n", "x\r", "x; ", "x;\"", "x;\" ", "x\";", "x;\u00a0", "x;\ufeff", "x;\u200b",
          "'", "x;'", "\t", "\n", "x\u2028", "x;«", ";;;", "x,;"]
HOSTILE = [before + formula + ";y" for before in BEFORE for formula in FORMULAS]
SEPARATORS = {"semicolon": "59", "comma": "44", "tab": "9", "all": "9/44/59/124"}
PROSE = ["Rabat - Casablanca", "a = b", "10 % ; puis 5", "l’article 3, alinéa 2", "x@y.ma", "https://a.ma/?a=b;c=d", "", "« oui »", "(-5)"]


def written(cells: list[str], separator: str) -> bytes:
    out = io.BytesIO()
    tables.write_csv([["ref", cell, "fin"] for cell in cells], out, separator=separator)
    return out.getvalue()


@pytest.mark.parametrize("cell", HOSTILE, ids=ascii)
def test_no_sign_begins_a_cell_wherever_one_may_begin(cell):
    kept = tables.defused(cell)
    parts = re.split("[;,\t|\r\n\u2028]", kept)
    assert [part for part in parts if part.lstrip(" \"\u00a0\ufeff\u200b«").startswith(tuple("=+-@＝﹦−"))] == []  # noqa: RUF001
    assert not kept.startswith(("\t", "\r", "\n"))
    assert tables.as_written(kept) == cell


@pytest.mark.parametrize("words", PROSE)
def test_usual_words_stay_as_they_are(words):
    assert tables.defused(words) == words


@given(st.text(alphabet="a=+-@;,'\"|\t\n\r \u00a0＝\u2028", max_size=12))  # noqa: RUF001
def test_the_words_come_back(cell):
    assert tables.as_written(tables.defused(cell)) == cell


AS_IT_IS_SAID = (r"((?:^|[;,\t|\r\n\v\f\x1c-\x1f\x85\u2028\u2029])[\s\"“”«»\u200b-\u200f\ufeff\u2060]*)"
                 rf"(?='*[{tables.FORMULA_SIGNS}])")


@given(st.text(alphabet="a=＝-;,|'\"«\t\n\r \u00a0\u2028\u200b\x1c", max_size=16))  # noqa: RUF001
def test_a_formula_begins_where_a_cell_does(cell):
    once = re.sub(AS_IT_IS_SAID, r"\1'", cell)
    assert tables.defused(cell) == (f"'{once}" if tables.LEADING.match(once) else once)


@pytest.mark.parametrize("part", ["\n", "\n'", "; ", "\t\"", "'", "\u00a0", "\u2028\u200b", "=", "';"])
@pytest.mark.parametrize("act", [tables.defused, tables.as_written])
@pytest.mark.parametrize("end", ["", "'", "Merci.", "'" * 9])
def test_blank_lines_without_end_take_as_long_as_any_text(act, part, end):
    assert grows_as_its_text(act, lambda length: "x" + part * (length // len(part)) + end, 2_500)
    assert grows_as_its_text(act, lambda length: part * (length // 2) + "'" * (length // 2) + end, 2_500)


@pytest.mark.parametrize("separator", [",", ";"])
def test_what_is_read_back_is_what_was_written(separator):
    rows = csv.reader(io.StringIO(written(HOSTILE + PROSE, separator).decode("utf-8-sig"), newline=""), delimiter=separator)
    assert [tables.as_written(row[1]) for row in rows] == HOSTILE + PROSE


def formulas_in(folder: Path, separator: str) -> dict[str, list[str]]:
    """By file: the cells that LibreOffice takes for formulas, opened with this separator."""
    files = sorted(folder.glob("*.csv"))
    home = f"-env:UserInstallation={(folder / 'home').as_uri()}"
    how = ["--headless", f"--infilter=CSV:{separator},34,76,1", "--convert-to", "xlsx", "--outdir", folder]
    subprocess.run([shutil.which("soffice"), home, *how, *files], check=True, capture_output=True)  # noqa: S603 - our own words
    found = {}
    for path in files:
        sheet = openpyxl.load_workbook(path.with_suffix(".xlsx")).active
        assert sheet.max_row > 1
        found[path.stem] = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    return found


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
@pytest.mark.parametrize("separator", SEPARATORS)
def test_libreoffice_finds_no_formula_by_whatever_separator(tmp_path, separator):
    bare = io.StringIO(newline="")
    csv.writer(bare).writerows([["ref", cell, "fin"] for cell in HOSTILE])
    files = {"bare": bare.getvalue().encode("utf-8-sig"), "commas": written(HOSTILE, ","), "semicolons": written(HOSTILE, ";")}
    for name, data in files.items():
        (tmp_path / f"{name}.csv").write_bytes(data)
    found = formulas_in(tmp_path, SEPARATORS[separator])
    assert found["bare"], "or this would see none anyhow"
    assert (found["commas"], found["semicolons"]) == ([], [])
