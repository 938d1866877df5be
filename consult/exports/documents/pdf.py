"""The PDF, by typst: tagged, PDF/A, accessible. The template is ours; what people wrote reaches it as data."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from consult.core.config import resource_dir
from consult.core.i18n import MOROCCO
from consult.exports.documents.parts import Report

TEMPLATE, TYPESETTER = (Path(__file__).with_name(name) for name in ("report.typ", "typeset.py"))
LONGEST = 900
STANDARDS = ["a-2a", "ua-1"]


def pdf(report: Report) -> bytes:
    """The same report gives the same bytes: its date is that of the data, its faces are our own."""
    day = report.moment.astimezone(MOROCCO)
    data = {**asdict(report), "moment": None, "date": [day.year, day.month, day.day]}
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        main = Path(folder) / "main.typ"
        main.write_bytes(TEMPLATE.read_bytes())
        (Path(folder) / "report.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        fonts = resource_dir("static") / "fonts" / "ttf"
        command = [sys.executable, "-I", str(TYPESETTER), folder, str(fonts), str(int(report.moment.timestamp())), *STANDARDS]
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)  # noqa: S603 - our own programme
        if made.returncode:
            raise RuntimeError(f"the PDF could not be set: {made.stderr[-1000:]}")
        return (Path(folder) / "report.pdf").read_bytes()
