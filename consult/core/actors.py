"""Whoever acts: a person with an account, a visitor without one, or the system itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class Actor(Protocol):
    """Whoever acts: a user, a visitor without account, or the system itself (command line, clock)."""

    @property
    def id(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def is_system(self) -> bool: ...

    @property
    def organisation_id(self) -> int | None: ...

    @property
    def organisation(self) -> Any | None: ...

    @property
    def member_of_id(self) -> int | None: ...

    @property
    def lacks_factor(self) -> bool: ...

    def wrote(self, author_id: int | None) -> bool: ...

    def holds(self, role: str, commission_id: int | None = None) -> bool: ...

    def belonged_to(self, organisation_id: int, since: datetime) -> bool: ...


@dataclass(frozen=True)
class Unnamed:
    """An actor without an account."""

    name: str
    is_system: bool = False
    id: None = None
    is_authenticated: bool = False
    organisation_id: None = None
    organisation: None = None
    member_of_id: None = None
    lacks_factor: bool = False
    language: str = "fr"

    def wrote(self, author_id: int | None) -> bool:
        return False

    def holds(self, role: str, commission_id: int | None = None) -> bool:
        return False

    def belonged_to(self, organisation_id: int, since: datetime) -> bool:
        return False


VISITOR = Unnamed("visitor")
SYSTEM = Unnamed("system", is_system=True)
