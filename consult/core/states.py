"""State machines: a ``NEXT`` table beside each enum says which steps exist, and only :func:`move` takes one."""

from consult.core.errors import Conflict
from consult.core.i18n import _


def move(subject, to, *, attribute: str = "state") -> None:
    """Move ``subject`` to the state ``to``; :class:`Conflict` when its table has no such step."""
    now = getattr(subject, attribute)
    if to not in type(to).NEXT[now]:
        raise Conflict(
            _("This can no longer be done: it is now “%(state)s”.", state=now.label),
            _("Reload the page to see what has changed."),
        )
    setattr(subject, attribute, to)
