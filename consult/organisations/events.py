"""What organisations ask of the rooms above: what was said for them, and what is counted of it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from consult.core.extension_points import many
from consult.organisations.models import Organisation


@many
def recounted(organisation_ids: Sequence[int]) -> AbstractContextManager[None]:
    """Keep the counts of what was said for these organisations while what describes them is changed."""


@many
def said_for(organisation: Organisation) -> list[tuple[Any, int]]:
    """How much was said for an organisation: what it is called, and how many there are of it."""
