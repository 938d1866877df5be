"""The clock: what the dates decided is written down within a second by the worker (service on jobs' registry, hence its own file)."""

import sqlalchemy as sa

from consult.consultations import service
from consult.consultations.models import Consultation, Phase
from consult.core.db import session
from consult.core.jobs import every_second


@every_second
def follow_the_dates() -> None:
    """Open and close what is due. Permission never waits for this: it asks ``current_phase``."""
    for consultation in session.scalars(sa.select(Consultation).where(Consultation.phase.in_(Phase.where(follows_dates=True)))):
        service.settle(consultation)
