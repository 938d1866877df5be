"""A chapter's file: its bytes as text, its front matter read and written, and what in it cannot be shown."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from consult.core.errors import Invalid
from consult.core.i18n import LANGUAGES, _
from consult.text.normalising import HINTS, PRIVATE, UNSEEN_SIGN, readable, unkept_sentence, without_unseen

ENTITY = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
REQUIRED = ("title", "commission", "chapter", "language")
MAX_META = {"title": 300, "commission": 300, "revision_note": 2_000}  # characters, as in the forms
MAX_CHAPTERS = 999
MAX_FRONT_MATTER = 20_000  # characters; all that it may say has 2,600


class PlainLoader(yaml.SafeLoader):
    """Without references to what stands elsewhere: a few lines of them stand for more than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "references are not read", self.peek_event().start_mark)
        return super().compose_node(parent, index)


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
    return without_unseen("file", readable(text), UNSEEN_SIGN)


def shown(text: str) -> str:
    """Words that were read out of something else (a document, HTML), without what they cannot hold."""
    return UNSEEN_SIGN.sub("", readable(text))


def front_matter(source: str) -> tuple[dict, str, int]:
    """(fields, Markdown, line on which it begins)."""
    found = re.match(r"---\n(.*?)\n---[ \t]*(?:\n|$)", source, re.DOTALL)
    if found is None:
        raise Invalid("file", _("Line 1: the front matter is missing."),
                      _("Begin the file with a line “---”, then title, commission, chapter and language, then another “---”."))
    if len(found[1]) > MAX_FRONT_MATTER:
        raise Invalid("file", _("Line 1: the front matter is too long: at most %(most)s characters.", most=MAX_FRONT_MATTER),
                      _("Keep title, commission, chapter, language and revision_note in it, and write the text below the second “---”."))
    try:
        meta = yaml.load(found[1], Loader=PlainLoader)  # noqa: S506 - a safe loader that knows less
        str(meta)  # a number of thousands of digits is not written out
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a day such as 2026-13-40
        mark = getattr(error, "problem_mark", None)
        raise Invalid("file", _("Line %(line)s: the front matter cannot be read.", line=mark.line + 2 if mark else 2),
                      _("Each line is “name: value”; put a value that contains a colon between quotes.")) from error
    meta = {name: readable(value) if isinstance(value, str) else value for name, value in meta.items()} if isinstance(meta, dict) else meta
    check_meta(meta)
    return meta, source[found.end():], source[: found.end()].count("\n") + 1


def check_meta(meta) -> None:
    for name in (*REQUIRED, "revision_note"):
        value = meta.get(name) if isinstance(meta, dict) else None
        if value is not None and not isinstance(value, str | int | float | date):
            raise Invalid("file", _("Line 2: “%(name)s” is not plain words.", name=name), _("Put its value between quotes."))
        refuse_unseen(str(value))
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


def refuse_unseen(value: str) -> None:
    """YAML writes any character by its number."""
    if found := UNSEEN_SIGN.search(value):
        raise Invalid("file", unkept_sentence(found[0], 2, found.start() + 1), _("Remove it; it cannot be seen, so type the line again."))


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
        named = "".join(chr(code) for sign in ENTITY.finditer(line) if (code := int(sign[1] or "0", 16) or int(sign[2] or 0)) < 0x110000)
        if unseen := UNSEEN_SIGN.search(named) or HINTS.search(named):
            found.append(Problem(number, _("Line %(line)s: the sign that is written by its number (%(code)s) is left out.", line=number,
                                            code=f"U+{ord(unseen[0]):04X}"), _("Remove it.")))
        if private := re.search(f"[{PRIVATE}]", line + named):
            found.append(Problem(number, unkept_sentence(private[0], number, min(private.start(), len(line)) + 1),
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
