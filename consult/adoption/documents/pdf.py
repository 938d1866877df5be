"""The PDF, by typst: tagged, PDF/A, accessible. The template is ours; what people wrote reaches it as data."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import typst

from consult.adoption.documents.parts import Report
from consult.core.config import resource_dir
from consult.core.i18n import MOROCCO

TEMPLATE = Path(__file__).with_name("report.typ")
STANDARDS = ["a-2a", "ua-1"]


def pdf(report: Report) -> bytes:
    """The same report gives the same bytes: its date is that of the data, its faces are our own."""
    day = report.moment.astimezone(MOROCCO)
    data = {**asdict(report), "moment": None, "date": [day.year, day.month, day.day]}
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        main = Path(folder) / "main.typ"
        main.write_bytes(TEMPLATE.read_bytes())
        (Path(folder) / "report.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        return typst.compile(
            str(main), root=folder, font_paths=[str(resource_dir("static") / "fonts" / "ttf")], ignore_system_fonts=True,
            pdf_standards=STANDARDS, timestamp=int(report.moment.timestamp()),
        )
