"""What news asks of the rooms above: what they published, and who has something that they did not finish."""

from collections.abc import Sequence

import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core.atom import Entry
from consult.core.extension_points import many


@many
def unfinished(consultation: Consultation) -> sa.Select:
    """Ids of the people who have something there that they may not finish once the consultation is closed."""


@many
def published(consultation: Consultation, chapter_ids: Sequence[int]) -> list[Entry]:
    """What a room published on these chapters that readers of feeds are told of, newest first and no more of it than a feed holds."""
