"""What stays known of an address once nothing else is kept of it: by a keyed digest, which nobody finds the address from."""

import hmac
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from consult.core.config import derived_key, this_app
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.outreach.models import AddressMark


def digests_of(addresses: Iterable[str]) -> dict[str, str]:
    """Each address by its digest, by a key of the settings; whoever changes that key forgets who wanted no letters."""
    key = derived_key(this_app().extensions["consult_config"].secret, "stakeholders").encode()  # read once: from a file, perhaps
    return {hmac.digest(key, address.encode(), "sha256").hex(): address for address in addresses}


def note_refusal(address: str) -> None:
    _note(address, {"refused_at": utcnow()})


def note_letters(address: str, letters: int) -> None:
    _note(address, {"letters": letters})


def _note(address: str, values: dict) -> None:
    (digest,) = digests_of([address])
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    noted = dialect.insert(AddressMark).values(**{"digest": digest, "letters": 0, "created_at": utcnow(), **values})
    session.execute(noted.on_conflict_do_update(index_elements=[AddressMark.digest], set_=values))


def letters_before(addresses: list[str]) -> dict[str, int]:
    """How many letters each of these got while it was known before."""
    digests = digests_of(addresses)
    found = session.execute(sa.select(AddressMark.digest, AddressMark.letters).where(AddressMark.digest.in_(digests)))
    return {digests[digest]: letters for digest, letters in found}
