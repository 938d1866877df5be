"""``python -m consult.house``: what the house is made of, told by the code itself.

Extension points with their types and who fills them, and who listens to which command. With ``permissions`` or ``retention`` after it:
who may do what, and how long what is kept, as ``docs/permissions.md`` and ``docs/retention.md`` have them.
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence

from flask import Flask
from flask_babel import Babel, force_locale

import consult
from consult.core import extension_points
from consult.core.commands import LISTENERS
from consult.core.config import resource_dir
from consult.core.extension_points import ExtensionPoint, place
from consult.core.i18n import gettext
from consult.journal import policy
from consult.privacy.retention import PERIODS

MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")


def told() -> Iterator[str]:
    """Each table, line by line."""
    consult.settle()
    yield "EXTENSION POINTS: what a room asks of those above it (events.py)"
    for point in sorted(extension_points.POINTS, key=lambda point: point.name):
        yield from ("", *entry(point))
    yield from ("", "", "LISTENERS: what is done in the transaction of a command (@on)")
    for action, listeners in sorted(LISTENERS.items()):
        yield from ("", action.value)
        yield from (f"    {place(listener).removeprefix('consult.')}: {first_line(listener)}" for listener in listeners)


def entry(point: ExtensionPoint) -> Iterator[str]:
    """Name, type, how many are wanted, what for, and who fills it."""
    yield f"{point.name}{MODULES.sub('', str(point.signature))}"
    yield f"    {point.wanted}: {', '.join(map(place, point.fillers)).replace('consult.', '') or 'nobody'}"
    yield f"    {first_line(point.declared)}"


def first_line(function: Callable) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def permissions() -> Iterator[str]:
    """The table of permissions, in French for the auditors."""
    yield from ("# Qui peut faire quoi", "", "Lu dans `RULES` (`consult/core/permissions.py`), que chaque acte interroge, par "
                "`python -m consult.house permissions`.", "Ce qu’aucune ligne ne permet est refusé.", "",
                "| Acte | Nom | Qui | Phases | Où | De quoi |", "|---|---|---|---|---|---|")
    for line in policy.lines():
        yield f"| {line.act} | `{line.action.value}` | {line.who} | {line.phases} | {line.where} | {line.condition} |"


def retention() -> Iterator[str]:
    """The table of periods, in French for the operator and the CNDP."""
    yield from ("# Ce qui est conservé, combien de temps et pourquoi", "", "Lu dans `PERIODS` (`consult/privacy/retention.py`), d’après "
                "quoi le processus de fond efface, par `python -m consult.house retention`.", "", "| Données | Durée | Pourquoi | Tables |",
                "|---|---|---|---|")
    for period in PERIODS:
        tables = ", ".join(f"`{model.__tablename__}`" for model in period.models)
        yield f"| {gettext(period.data)} | {period.term} | {gettext(period.why)} | {tables} |"


TABLES = {"permissions": permissions, "retention": retention}


def in_french(table: Callable[[], Iterator[str]]) -> str:
    app = Flask("consult")
    Babel(app, default_translation_directories=str(resource_dir("translations")))
    with app.app_context(), force_locale("fr"):
        return "\n".join(table()) + "\n"


def main(arguments: Sequence[str] = ()) -> None:
    print(in_french(TABLES[arguments[0]]) if arguments else "\n".join(told()), end="" if arguments else "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
