"""The PDF, by typst: tagged, PDF/A, accessible. The template is ours; what people wrote reaches it as data."""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from consult.core.i18n import MOROCCO, gettext
from consult.exports.documents import faces
from consult.exports.documents.faces import Shown
from consult.exports.documents.parts import CODE, QUIET, Paragraph, Report

log = logging.getLogger(__name__)

TEMPLATE, TYPESETTER = (Path(__file__).with_name(name) for name in ("report.typ", "typeset.py"))
LONGEST = 900
STANDARDS = ["a-2a", "ua-1"]
MISSING = "missing"  # the mark of a run that is the number of a sign

Show = Callable[[str], list[Shown]]


def pdf(report: Report) -> bytes:
    """The same report gives the same bytes: its date is that of the data, its faces are our own."""
    try:
        return typeset(data_of(report, faces.shown), report)
    except RuntimeError as error:  # typst knows more of our faces, and of what PDF/A holds, than we do
        log.warning("signs are spelt in a PDF: %s", error)
        return typeset(data_of(report, faces.spelt), report)


def typeset(data: dict[str, Any], report: Report) -> bytes:
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        main = Path(folder) / "main.typ"
        main.write_bytes(TEMPLATE.read_bytes())
        (Path(folder) / "report.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        command = [sys.executable, "-I", str(TYPESETTER), folder, str(faces.folder()), str(int(report.moment.timestamp())), *STANDARDS]
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)  # noqa: S603 - our own programme
        if made.returncode:
            raise RuntimeError(f"the PDF could not be set: {made.stderr[-1000:]}")
        return (Path(folder) / "report.pdf").read_bytes()


def data_of(report: Report, show: Show) -> dict[str, Any]:
    """The report as data, in signs that our faces have; it says itself what stands for the others."""
    day = report.moment.astimezone(MOROCCO)
    data = shown_values({**asdict(report), "moment": None}, show)
    if has_missing(data):
        data["parts"].insert(0, asdict(Paragraph([(QUIET, gettext(
            "Signs that no typeface of this document has stand as their Unicode number in a frame. The same document in Word or Markdown, "
            "and the tables of contributions, hold them as they were written."))], report.direction)))
    return {**data, "date": [day.year, day.month, day.day]}


def shown_values(value: Any, show: Show) -> Any:
    if isinstance(value, dict):
        return {name: shown_runs(inner, show) if name == "runs" else shown_values(inner, show) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [shown_values(inner, show) for inner in value]
    return "".join(f"[{piece.words}]" if piece.is_missing else piece.words for piece in show(value)) if isinstance(value, str) else value


def shown_runs(runs: list[tuple[str, str]], show: Show) -> list[tuple[str, str]]:
    """Each run in signs that can be set, with the numbers of the others between them. What is copied out, such as a digest, stays whole."""
    found = [(mark, piece) for mark, words in runs for piece in show(words)]
    return [(MISSING if piece.is_missing else mark, piece.words if piece.is_missing or mark == CODE else faces.breakable(piece.words))
            for mark, piece in found]


def has_missing(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_missing(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return value[:1] == (MISSING,) or any(map(has_missing, value))
    return False
