"""``consult forms read``: what is understood of a filled comment form, without a database: whoever doubts the reader can try it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from consult.chapters import apart
from consult.core.config import resource_dir
from consult.core.i18n import LANGUAGES
from consult.forms.passages import Passages
from consult.forms.reading import read_form_apart
from consult.forms.understanding import Understood, passages_of, understand


@click.group("forms")
def forms() -> None:
    """Comment forms of ISO, IEC, CEN and CENELEC."""


@forms.command("read")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--chapter", type=click.IntRange(min=1), help="The chapter that the form is about, where it is known.")
@click.option("--text", "texts", multiple=True, type=click.Path(exists=True, path_type=Path),
              help="A chapter (.md), or a folder of them; may be given several times. By default those that were delivered.")
def read(file: Path, chapter: int | None, texts: tuple[Path, ...]) -> None:
    """Print what is understood of a filled form (.docx, .xlsx, .ods, .csv), a line of JSON for each row. Nothing is kept."""
    form = read_form_apart(file.read_bytes())
    passages = read_passages(texts or (resource_dir("policy_drafts"),), chapter)
    understood = understand(form, passages, chapter=chapter)
    for one in understood.rows:
        click.echo(json.dumps(told(one), ensure_ascii=False))
    counted = Counter(one.confidence.value for one in understood.rows)
    click.echo(f"{file.name}: {len(understood.rows)} rows, " + ", ".join(f"{number} {name}" for name, number in counted.items()), err=True)
    for words in form.left:
        click.echo(f"{file.name}: between the rows stands: {' '.join(words.split())[:200]}", err=True)


def read_passages(texts: tuple[Path, ...], chapter: int | None) -> Passages:
    files = [file for path in texts for file in (sorted(path.glob("*.md")) if path.is_dir() else [path])]
    if not files:
        raise click.ClickException("There is no .md file in these folders.")
    parsed = [apart.read_file(data) for file in files for data in [file.read_bytes()] if is_wanted(data, chapter)]
    if not parsed:
        raise click.ClickException(f"None of these texts is chapter {chapter}.")
    return passages_of(parsed)


def is_wanted(data: bytes, chapter: int | None) -> bool:
    """A chapter that is not asked for need not be read whole."""
    if chapter is None:
        return True
    _source, meta = apart.read_source(data)
    return meta["chapter"] == chapter and meta["language"] in LANGUAGES


def told(one: Understood) -> dict[str, Any]:
    row = one.row
    return {
        "row": row.number, "table": row.table, "sheet": row.sheet, "passage": one.passage, "chapter": one.chapter,
        "confidence": one.confidence.value, "why": one.why.value, "reason": one.why.msgid, "found_by": one.found_by.value,
        "others": one.others, "commenter": row.commenter, "id": row.id, "type": row.comment_type, "type_as_written": row.type,
        "line": row.line, "clause": row.clause, "element": row.element, "comment": row.comment, "proposed_change": row.change,
        "observations": row.observations, "rows_joined": row.joined,
    }
