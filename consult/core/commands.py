"""``@command``: the one door of every act. It asks permission, runs the act and leaves its audit event, under one name.

``@on(Action.X)``: what a room above does when that act is done, in the same transaction.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from consult.core import audit
from consult.core.course import hold_course, share_course
from consult.core.db import Base, begin_writing, is_conflict, session
from consult.core.errors import Conflict, RegistrationError
from consult.core.extension_points import in_order_of, room_of
from consult.core.i18n import _
from consult.core.permissions import STEERING, Action, Actor, Reads, consultation_of, require, what_is_read

TAKEN = _("Somebody else has just changed this.")
RELOAD = _("Nothing of theirs was overwritten. Reload the page, read what changed, and decide again.")

Listener = Callable[[Any, Any, Any], None]
COMMANDS: set[Action] = set()
LISTENERS: dict[Action, list[Listener]] = {}


def command(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``room.service.verb(actor, target, **values)`` a command; fails at import when ``Action`` lacks ``room.verb``.

    Whoever may not gets :class:`NotAllowed` before anything is run, so the function need not say that of itself: neither by what was read
    before, nor by what stands once it is this act's turn.

    The event's subject is what the function returns when that is a row, else the target. Broken unique or foreign keys and
    rows that somebody else changed first become :class:`Conflict`; what else the database refuses is a fault of ours, and stays one.
    """
    action = Action(f"{room_of(function)}.{function.__name__}")
    COMMANDS.add(action)

    @wraps(function)
    def run(actor: Actor, target: Any, /, *args: Any, **values: Any) -> Any:
        return perform(action, function, actor, target, *args, **values)

    run.action = action  # type: ignore[attr-defined]  # a function may carry what it is called
    return run


def perform(action: Action, function: Callable[..., Any], actor: Actor, target: Any, /, *args: Any, **values: Any) -> Any:
    require(actor, action, target)
    begin_writing()
    look_again(action, actor, target)
    try:
        result = function(actor, target, *args, **values)
        session.flush()
        for listener in LISTENERS.get(action, ()):
            listener(actor, result, target)
            session.flush()
    except (IntegrityError, StaleDataError) as error:
        if is_conflict(error):
            raise Conflict(TAKEN, RELOAD) from error
        raise
    audit.record(actor, action, result if isinstance(result, Base) else target)
    return result


def look_again(action: Action, actor: Actor, target: Any) -> None:
    """Dates, phase and roles were read before this act had its turn: what its rules ask of them stays as it is now until it is over."""
    read = what_is_read(action)
    if action in STEERING:
        hold_course()
    elif read:
        share_course()
    asked: tuple[Any, Any] = actor if Reads.ROLES in read else None, consultation_of(target) if Reads.COURSE in read else None
    for row in asked:
        if (state := sa.inspect(row, raiseerr=False)) is not None and state.persistent:
            row.read_anew()
    require(actor, action, target)


def on(*actions: Action) -> Callable[[Listener], Listener]:
    """Have ``function(actor, result, target)`` called whenever one of these acts is done.

    It runs once the act is flushed and before its audit event: it is a part of the act, in its transaction and under its permission,
    it may refuse the act by raising, and the event tells how all of it ended. What may wait is promised with ``later``.
    """
    def listen(function: Listener) -> Listener:
        for action in actions:
            LISTENERS.setdefault(action, []).append(function)
        return function
    return listen


def settle(rooms: Sequence[str]) -> None:
    """Once all rooms are imported: listeners in the order of the rooms; raises :class:`RegistrationError` for one of what is no command."""
    for action, listeners in LISTENERS.items():
        if action not in COMMANDS:
            raise RegistrationError(f"{listeners[0].__qualname__} listens to {action}, which is no command: name one that is.")
        LISTENERS[action] = in_order_of(rooms, listeners)


def undo() -> None:
    """Take back all that this unit of work wrote, for a view that shows a :class:`Conflict` on a page of its own.

    The session may stand in a transaction that the database has given up; what is read after this is what stands now.
    """
    session.info.pop("after_commit", None)
    session.rollback()
