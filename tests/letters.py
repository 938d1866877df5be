"""Letters as the workers write them."""

from collections.abc import Callable

import sqlalchemy as sa

from consult.core.db import session, unit_of_work
from consult.core.mail import OutgoingMail


def tell(outbound_job: Callable, subject_id: int) -> None:
    """Word one letter and post it, as a worker would who began now."""
    session.commit()
    conclude = outbound_job(subject_id)
    with unit_of_work():
        if conclude is not None:
            conclude()


def letters_to(person) -> list[OutgoingMail]:
    return list(session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == person.email).order_by(OutgoingMail.id)))
