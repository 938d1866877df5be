"""The clock: what the dates and the hours decide, done within a second by the worker (service on jobs' registry, hence its own file)."""

import sqlalchemy as sa

from consult.consultations import jobs, service
from consult.consultations.models import Consultation, Phase
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import every_second, later


@every_second
def follow_the_dates() -> None:
    """Open and close what is due. Permission never waits for this: it asks ``current_phase``."""
    for consultation in session.scalars(sa.select(Consultation).where(Consultation.phase.in_(Phase.where(follows_dates=True)))):
        service.settle(consultation)


@every_second
def tell_staff() -> None:
    """From the morning on, whoever is in charge is looked at once a day; who is down in the morning does it as soon as it is up."""
    if utcnow() >= jobs.this_morning():
        for person in session.scalars(jobs.untold()):
            later(jobs.tell_waiting, person)
