"""The documents in docs/: what their tables of contents promise stands there, under that number."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
ENTRY = re.compile(r"^(\d+)\. \[(.+)\]\(#(.+)\)$", re.MULTILINE)
HEADING = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)


def anchor(heading: str) -> str:
    """As the readers of Markdown files make it: small letters, digits and hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", [path for path in sorted(DOCS.glob("*.md")) if ENTRY.search(path.read_text("utf-8"))],
                         ids=lambda path: path.name)
def test_a_table_of_contents_tells_the_headings_and_their_numbers(path):
    text = path.read_text("utf-8")
    headings = HEADING.findall(text)
    assert [int(number) for number, _title in headings] == list(range(1, len(headings) + 1)), "number the headings one after the other"
    assert ENTRY.findall(text) == [(number, title, anchor(f"{number}. {title}")) for number, title in headings]
