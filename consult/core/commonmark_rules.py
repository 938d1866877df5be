"""CommonMark's own parser, and what chapters may hold beyond CommonMark: tables whose rows may be wide, notes, definitions."""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit, getLine, table
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote.index import footnote_def

MAX_NESTING = 200  # levels; what stands deeper the parser leaves out without a word
DEEPEST = 90  # levels; what stands deeper is no list or quote any more, but words
CODE = 4  # spaces, from where a line is code
CONTAINERS = ("list", "blockquote", "deflist", "note")
Rule = Callable[[StateBlock, int, int, bool], bool]
NOTE = re.compile(r"\s*\[\^([^\] ]+)\]:[ ]*(.*)", re.DOTALL)
CALL = re.compile(r"\[\^([^\] ]+)\]")


def reader() -> MarkdownIt:
    """Its ``env`` gathers what the text defines: ``references`` by the parser, ``notes`` as (label, words, line) by our rule."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING, "store_labels": True}).use(deflist_plugin).enable("table")
    rules = md.block.ruler
    rules.at("table", wide_table, {"alt": ["paragraph", "reference"]})
    rules.before("reference", "note", note, {"alt": ["paragraph", "reference"]})
    for rule in list(rules.__rules__):
        rules.at(rule.name, in_its_place(rule.name, rule.fn), {"alt": rule.alt})
    md.inline.ruler.before("link", "note_call", note_call)
    return md


def in_its_place(name: str, rule: Rule) -> Rule:
    """A rule that lets no list or quote stand too deep, and none interrupt a paragraph from where it would be mere indentation.

    The parser asks that of the innermost list alone; ``env["indents"]`` holds where the content of each list around it begins.
    """
    def ruled(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        indents = state.env.setdefault("indents", [0])
        indent = state.sCount[start]
        if silent:
            is_outside = 0 <= indent < state.blkIndent
            is_code = is_outside and indent - max(around for around in indents if around <= indent) >= CODE
            return not is_code and rule(state, start, end, True)
        if name not in CONTAINERS:
            return rule(state, start, end, False)
        if state.level >= DEEPEST:
            return False
        if name != "blockquote":  # where columns are counted anew: a list in it begins with an indent of 0
            state.env["indents"] = [*(around for around in indents if around < state.blkIndent), state.blkIndent]
        is_taken = rule(state, start, end, False)
        state.env["indents"] = indents
        return is_taken
    return ruled


def wide_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The parser cuts each row to the width of the head; here a row keeps all of its cells."""
    begin = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    tokens: list[Token] = []
    line, cells = start, 0
    for token in state.tokens[begin:]:
        if token.type == "tr_open" and token.map:
            line, cells = token.map[0], 0
        cells += token.type in ("th_open", "td_open")
        if token.type == "tr_close":
            tokens += [part for words in cells_of(getLine(state, line))[cells:] for part in cell(words, line)]
        tokens.append(token)
    state.tokens[begin:] = tokens
    return True


def cells_of(row: str) -> list[str]:
    cells = escapedSplit(row.strip())
    first, last = cells[0] == "", len(cells) > 1 and cells[-1] == ""
    return cells[first: len(cells) - last]


def cell(words: str, line: int) -> list[Token]:
    return [Token("td_open", "td", 1), Token("inline", "", 0, content=words.strip(), map=[line, line + 1]), Token("td_close", "td", -1)]


def note(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A note's definition: taken out of the text, its words as they are written."""
    begin = len(state.tokens)
    if not footnote_def(state, start, end, silent):
        return False
    if silent:
        return True
    del state.tokens[begin:]
    written = NOTE.match(state.getLines(start, state.line, state.blkIndent, False).rstrip())
    if written:
        state.env.setdefault("notes", []).append((written[1], re.sub(r"\n {4}", "\n", written[2]), start))
    return True


def note_call(state: StateInline, silent: bool) -> bool:
    found = CALL.match(state.src, state.pos)
    if found is None or found[1] not in state.env.get("labels", ()):
        return False
    if not silent:
        state.push("note_call", "", 0).meta = {"label": found[1]}
    state.pos = found.end()
    return True
