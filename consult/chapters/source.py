"""A chapter's file: its bytes as text, its front matter read and written, and what in it cannot be shown."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from consult.core.errors import Invalid
from consult.core.i18n import LANGUAGES, _
from consult.text.normalising import PRIVATE, TURNING, WORD_SIGNS, unkept_sentence

# Whatever people's words may not hold, a text may not either: nobody could quote it, or it would read otherwise than it is stored.
CONTROL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f{TURNING}\ud800-\udfff\ufffe\uffff]")
REQUIRED = ("title", "commission", "chapter", "language")
MAX_META = {"title": 300, "commission": 300, "revision_note": 2_000}  # characters, as in the forms
MAX_CHAPTERS = 999


@dataclass(frozen=True)
class Problem:
    """What looks wrong in a source; one that ``blocks`` keeps it from being published."""

    line: int
    message: Any
    remedy: Any
    blocks: bool = False


def decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise Invalid("file", _("Line %(line)s: the file is not UTF-8.", line=number),
                      _("Save it again as UTF-8 in your editor, then import it.")) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(WORD_SIGNS)
    for number, line in enumerate(text.split("\n"), 1):
        refuse_unseen(line, number)
    return text


def refuse_unseen(line: str, number: int) -> None:
    found = CONTROL.search(line)
    if found:
        turns = re.match(f"[{TURNING}]", found[0])
        raise Invalid("file", unkept_sentence(found[0], number, found.start() + 1) if turns else
                      _("Line %(line)s: there is a control character.", line=number),
                      _("Remove it; it cannot be seen, so type the line again."))


def front_matter(source: str) -> tuple[dict, str, int]:
    """(fields, Markdown, line on which it begins)."""
    found = re.match(r"---\n(.*?)\n---[ \t]*(?:\n|$)", source, re.DOTALL)
    if found is None:
        raise Invalid("file", _("Line 1: the front matter is missing."),
                      _("Begin the file with a line “---”, then title, commission, chapter and language, then another “---”."))
    try:
        meta = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a day such as 2026-13-40
        mark = getattr(error, "problem_mark", None)
        raise Invalid("file", _("Line %(line)s: the front matter cannot be read.", line=mark.line + 2 if mark else 2),
                      _("Each line is “name: value”; put a value that contains a colon between quotes.")) from error
    check_meta(meta)
    return meta, source[found.end():], source[: found.end()].count("\n") + 1


def check_meta(meta) -> None:
    for name in (*REQUIRED, "revision_note"):
        value = meta.get(name) if isinstance(meta, dict) else None
        if value is not None and not isinstance(value, str | int | float | date):
            raise Invalid("file", _("Line 2: “%(name)s” is not plain words.", name=name), _("Put its value between quotes."))
        refuse_unseen(str(value), 2)  # YAML writes any character by its number
        most = MAX_META.get(name, 300)
        if value is not None and len(str(value)) > most:
            raise Invalid("file", _("Line 2: “%(name)s” is too long: at most %(most)s characters.", name=name, most=most), _("Shorten it."))
        if name in REQUIRED and (value is None or not str(value).strip()):
            raise Invalid("file", _("Line 2: “%(name)s” is missing from the front matter.", name=name),
                          _("Add the line “%(name)s: …”.", name=name))
    if meta["language"] not in LANGUAGES:
        raise Invalid("file", _("Line 2: “language” is %(value)s.", value=str(meta["language"])), _("Write fr, ar or en."))
    if type(meta["chapter"]) is not int or not 1 <= meta["chapter"] <= MAX_CHAPTERS:
        raise Invalid("file", _("Line 2: “chapter” is not a number."), _("Write the chapter’s number, such as “chapter: 2”."))


def with_front_matter(meta: dict[str, Any], body: str) -> str:
    """A whole file again from its fields and its Markdown."""
    return f"---\n{yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=10_000)}---\n\n{body.strip(chr(10))}\n"


def with_note(source: str, note: str) -> str:
    """The same file with another note of revision; byte for byte the same where it says so already."""
    meta, body, _line = front_matter(source)
    if str(meta.get("revision_note") or "").strip() == note.strip():
        return source
    return with_front_matter({**meta, "revision_note": note.strip()}, body)


def lost_parts(body: str, first_line: int) -> list[Problem]:
    """What the text calls for and a chapter does not show: pictures, notes that are not there, signs that one typeface alone has."""
    found = []
    notes = set(re.findall(r"^\[\^([^\]\s]+)\]:", body, re.MULTILINE))
    for number, line in enumerate(body.split("\n"), first_line):
        if private := re.search(f"[{PRIVATE}]", line):
            found.append(Problem(number, unkept_sentence(private[0], number, private.start() + 1),
                                 _("Write a sign or a word in its place."), blocks=True))  # nobody could quote it
        if re.search(r"!\[[^\]]*\]\(|<img\b", line, re.IGNORECASE):
            found.append(Problem(number, _("Line %(line)s: pictures are not shown; what the picture says is kept as words.", line=number),
                                 _("Say in the text what the picture shows.")))
        for call in re.findall(r"\[\^([^\]\s]+)\](?!:)", line):
            if call not in notes:
                found.append(Problem(number, _("Line %(line)s: there is no note [^%(note)s].", line=number, note=call),
                                     _("Write the note as a line of its own: “[^%(note)s]: …”.", note=call)))
    return found


def line_of(needle: str, source: str) -> int:
    """The first line that holds these words, 1 when none does."""
    return next((number for number, line in enumerate(source.split("\n"), 1) if needle in line), 1)
