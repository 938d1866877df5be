"""``consult search``: what a visitor finds, on the command line."""

import json
from typing import Any

import click
from flask.cli import with_appcontext

from consult.consultations import service as consultations
from consult.core.db import reading
from consult.core.i18n import LANGUAGES, force_locale
from consult.core.permissions import VISITOR
from consult.core.web import link
from consult.search import service
from consult.search.service import Found, SearchFilter, Sort


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the count, and each result with its address.")
@click.option("--language", default="fr", show_default=True, type=click.Choice(list(LANGUAGES)), help="In which results are told.")
@click.option("--sort", default="relevance", show_default=True, type=click.Choice([sort.value for sort in Sort]))
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="Results at most.")
@with_appcontext
def search(words: tuple[str, ...], as_json: bool, language: str, sort: str, limit: int) -> None:
    """Find WORDS in the text and in what was said of it, as a visitor would: by words, "exact words", a reference or a key.

    Words that must not be there begin with a hyphen; put -- before the first of them.
    """
    with reading(), force_locale(language):
        consultation = consultations.get_current()
        if consultation is None:
            raise click.ClickException("There is no consultation yet: make one with “consult consultations add”.")
        found = service.search(VISITOR, consultation, service.get_asked(" ".join(words)), SearchFilter(), sort=Sort(sort),
                               language=language, size=limit)
        rows = [told(one, language) for one in found.page.rows]
        near = {word: [one.written for one in some] for word, some in found.near.items()}
    if as_json:
        answer = {"count": found.count, "is_more": found.is_more, "near": near, "results": rows}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        return
    click.echo(f"{'more than ' if found.is_more else ''}{found.count} found")
    for word, some in near.items():
        click.echo(f"{word} stands nowhere{': try ' + ', '.join(some) if some else ''}")
    for row in rows:
        click.echo(f"\n{row['title']}  {row['address']}\n  {' '.join(row['words'].split())}")
        if row["lacking"]:
            click.echo(f"  without: {', '.join(row['lacking'])}")


def told(one: Found, language: str) -> dict[str, Any]:
    hit = one.hit
    return {"kind": one.kind, "title": hit.title, "ref": hit.ref, "place": hit.place, "language": hit.language, "by": hit.by,
            "address": link(hit.endpoint, **{"language": language, **hit.values}), "words": "".join(piece.text for piece in one.pieces),
            "marked": [piece.text for piece in one.pieces if piece.is_marked], "lacking": one.lacking}
