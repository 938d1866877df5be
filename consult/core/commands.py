"""``@command``: the one door of every act. It asks permission, runs the act and leaves its audit event, under one name."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from consult.core import audit
from consult.core.db import Base, begin_writing, is_conflict, session
from consult.core.errors import Conflict
from consult.core.i18n import _
from consult.core.permissions import Action, Actor, require

TAKEN = _("Somebody else has just changed this.")
RELOAD = _("Nothing of theirs was overwritten. Reload the page, read what changed, and decide again.")


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``room.service.verb(actor, target, **values)`` a command; fails at import when ``Action`` lacks ``room.verb``.

    The event's subject is what the function returns when that is a row, else the target. Broken unique or foreign keys and
    rows that somebody else changed first become :class:`Conflict`; what else the database refuses is a fault of ours, and stays one.
    """
    room = function.__module__.split(".")[1]
    action = Action(f"{room}.{function.__name__}")

    @wraps(function)
    def run(actor: Actor, target: Any, /, *args: Any, **values: Any) -> Any:
        require(actor, action, target)
        begin_writing()
        try:
            result = function(actor, target, *args, **values)
            session.flush()
        except (IntegrityError, StaleDataError) as error:
            if is_conflict(error):
                raise Conflict(TAKEN, RELOAD) from error
            raise
        audit.record(actor, action, result if isinstance(result, Base) else target)
        return result

    run.action = action
    return run


def undo() -> None:
    """Take back all that this unit of work wrote, for a view that shows a :class:`Conflict` on a page of its own.

    The session may stand in a transaction that the database has given up; what is read after this is what stands now.
    """
    session.info.pop("after_commit", None)
    session.rollback()
