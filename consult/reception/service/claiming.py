"""What was typed for somebody becomes theirs by the code on the stub; how they can be reached goes when its time is over."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.accounts.service.keys import token_hash
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution
from consult.core.commands import command
from consult.core.db import note_rows, session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.locks import lock_all
from consult.reception.models import Batch, Entry

ALIKE = str.maketrans("018", "OIB")  # that a code never has, and the letters that were read so
NO_STUB = _("There is no stub with this code.")
WRITE_TO_THEM = _("Write to the secretariat if it is yours.")
SIGNS = 16


@command
def claim(actor: User, consultation: Consultation, *, code: str) -> Entry:
    """Take into this account what the stub's code says: all that was typed for the same person. The record is not changed: its author
    stays who was named on the paper, and points to the account from now on.

    :class:`Invalid` for a code that no stub has, :class:`Conflict` where somebody else claimed it, or for whoever typed any of it
    or compared it with the paper. One's own is answered once more.
    """
    entry = _find(consultation, code)
    person = entry.contribution.author
    lock_all(User, User.id.in_(sorted([actor.id, person.id])))
    session.refresh(person, ["person_id", "forgotten_at"])
    if person.person_id == actor.id:
        return entry
    if person.person_id is not None or person.forgotten_at is not None:
        raise Conflict(_("This stub was used already, by somebody else."), WRITE_TO_THEM)
    of_person = sa.select(Entry).join(Contribution, Contribution.id == Entry.contribution_id).where(Contribution.author_id == person.id)
    entries = session.scalars(of_person.order_by(Entry.id).options(joinedload(Entry.check))).all()
    if any(actor.id in (one.typed_by_id, one.check and one.check.checked_by_id) for one in entries):
        raise Conflict(_("You typed this one, or compared it with its paper: it is not yours to claim."), WRITE_TO_THEM)
    person.person_id, actor.has_claimed = actor.id, True
    lock_all(Batch, Batch.id.in_(sorted({one.batch_id for one in entries})))
    for one in entries:
        one.claimed_at = utcnow()
    return entry


def _find(consultation: Consultation, code: str) -> Entry:
    typed = "".join(sign for sign in code[:80].upper() if sign.isalnum()).translate(ALIKE)
    found = session.scalar(sa.select(Entry).where(Entry.code_hash == token_hash(typed))) if len(typed) == SIGNS else None
    if found is None or found.consultation.id != consultation.id:
        raise Invalid("code", NO_STUB, _("Type its sixteen letters and digits as they are printed."))
    return found


# How people can be reached


def drop_contacts(author_ids: Sequence[int]) -> None:
    """Of whoever is forgotten."""
    of = sa.select(Entry.id).join(Contribution, Contribution.id == Entry.contribution_id).where(Contribution.author_id.in_(author_ids))
    _empty(session.scalars(of.where(Entry.contact != "")).all())


def let_go_of_contacts(before: datetime, at_once: int) -> int:
    """Of what was typed before this moment: as many at once. How many."""
    over = sa.select(Entry.id).where(Entry.contact != "", Entry.entered_at < before).order_by(Entry.id).limit(at_once)
    return _empty(session.scalars(over).all())


def _empty(keys: Sequence[int]) -> int:
    if keys:
        lock_all(Batch, Batch.id.in_(sorted(set(session.scalars(sa.select(Entry.batch_id).where(Entry.id.in_(keys)))))))
        note_rows(Entry, list(keys))
        session.execute(sa.update(Entry).where(Entry.id.in_(keys)).values(contact="").execution_options(synchronize_session=False))
    return len(keys)


