"""The passage that a person means by the number they type: its key, its label, or the number that stands before its words."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Block
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.i18n import _, isolate
from consult.text.composing import composed

NUMBER = re.compile(r"[^\W\d_]*\W*(\d+(?:\.\d+)+)")  # as in “Action 1.2.2 — …”
HYPHENS = re.compile("[‐‑‒–—−]")
MAX_NEAREST = 5


def get_called_block(field: str, revision_id: Any, typed: str) -> Block:
    """The passage of a revision (its id, or a query of it) that is called so; :class:`Invalid` names the nearest where none is."""
    blocks = session.scalars(sa.select(Block).where(Block.revision_id == revision_id).order_by(Block.position)).all()
    called: dict[str, list[Block]] = {}
    for block in blocks:
        for name in names_of(block):
            called.setdefault(name, []).append(block)
    for name in readings(typed):
        if len(meant := called.get(name, [])) == 1:
            return meant[0]
    raise Invalid(field, _("There is no passage %(key)s in this version.", key=isolate(typed.strip()[:80])), nearest(called, typed))


def names_of(block: Block) -> set[str]:
    """All that it may be called, each once."""
    number = NUMBER.match(block.text)
    return {spelt(name) for name in (block.key, block.label, number and number[1]) if name}


def readings(typed: str) -> Iterator[str]:
    """What was typed, then each number in it: a line that was copied says more than the number."""
    whole = spelt(typed)
    yield whole
    yield whole.replace(" ", "")
    yield from (word for word in re.findall(r"(?<![\w§])[\w§]++(?:[.-][\w§]++)++", whole))


def spelt(name: str) -> str:
    """One spelling: small letters, the digits and hyphens of everybody, no mark that nobody sees."""
    plain = "".join(character for character in composed("NFKC", name) if unicodedata.category(character) != "Cf")
    plain = "".join(str(unicodedata.digit(character)) if character.isdigit() else character for character in plain)
    return " ".join(HYPHENS.sub("-", plain).casefold().split())


def nearest(called: dict[str, list[Block]], typed: str) -> Any:
    near = difflib.get_close_matches(spelt(typed), called, n=2 * MAX_NEAREST, cutoff=0.5)
    names = list(dict.fromkeys(block.label or block.key for name in near for block in called[name]))[:MAX_NEAREST]
    if not names:
        return _("Type it as it stands beside the passage in the text.")
    return _("The nearest are: %(names)s.", names=" · ".join(map(isolate, names)))
