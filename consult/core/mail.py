"""Mail. Letters are rows first, written in the transaction of what they speak of, and sent by a job.

Whoever is to be told something is told once (:func:`tell`, :func:`tell_each`): the letter is worded before anybody has to wait, and
posted in the transaction that notes it as told. A worker that dies between the two has told nobody, one that dies later is done.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from flask import render_template
from flask_mailman import EmailMultiAlternatives, Mail
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.config import this_app
from consult.core.db import Base, PrimaryKey, Timestamp, add_now, reading, scalar_count, session, unit_of_work
from consult.core.i18n import direction, force_locale, utcnow
from consult.core.jobs import later, outbound_job
from consult.core.smtp import EmailBackend, Message, on_the_wire

mail = Mail()
ASKED_FOR = 600  # seconds for which the mail server's answer about such letters is believed, and for which it is waited for
PATIENCE = 3
BATCH = 20  # letters that are worded, and then posted, at once


class OutgoingMail(Base):
    """One letter to one person."""

    __tablename__ = "outgoing_mail"
    __append_only__ = False  # addresses and links that sign in: nobody’s to keep for ever

    id: Mapped[PrimaryKey]
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str]
    body: Mapped[str]
    html: Mapped[str | None]
    created_at: Mapped[Timestamp]
    sent_at: Mapped[datetime | None]


Fact = TypeVar("Fact", bound=Hashable)


@dataclass(frozen=True)
class Letter(Generic[Fact]):
    """What one person is to be told: (recipient, subject, body), and the facts that it tells of."""

    worded: tuple[str, str, str]
    facts: frozenset[Fact]


Word = Callable[[int], Sequence[Letter[Fact]]]
Mark = Callable[[Sequence[Letter[Fact]]], Iterable[Letter[Fact]]]


def init_app(app, url: str, sender: str) -> None:
    """Configure from ``CONSULT_MAIL_URL``."""
    parts = urlsplit(url)
    backends = {"console": "console", "file": "file", "smtp": "consult.core.smtp", "smtps": "consult.core.smtp"}
    app.config.update(
        MAIL_DEFAULT_SENDER=sender, MAIL_BACKEND=app.config.get("MAIL_BACKEND", backends[parts.scheme]),
        MAIL_FILE_PATH=parts.path or "mail",
        MAIL_SERVER=parts.hostname or "localhost", MAIL_PORT=parts.port or (465 if parts.scheme == "smtps" else 25),
        MAIL_USERNAME=unquote(parts.username or "") or None, MAIL_PASSWORD=unquote(parts.password or "") or None,
        MAIL_USE_SSL=parts.scheme == "smtps", MAIL_USE_TLS=parse_qs(parts.query).get("starttls") == ["1"], MAIL_TIMEOUT=30,
    )
    mail.init_app(app)
    app.extensions.pop("consult_smtputf8", None)


def is_reachable(address: str) -> bool:
    """Whether a letter can be written to it: letters beyond ASCII before the @ want a mail server that knows them (SMTPUTF8).

    It is asked once in a while; one that does not answer is believed to, until a letter is to leave.
    """
    if address.rpartition("@")[0].isascii():
        return True
    kept = this_app().extensions
    known, until = kept.get("consult_smtputf8", (True, 0.0))
    if time.monotonic() >= until:
        known = _knows_utf8()
        kept["consult_smtputf8"] = known, time.monotonic() + ASKED_FOR
    return known


def _knows_utf8() -> bool:
    connection = mail.get_connection(timeout=PATIENCE)
    if not isinstance(connection, EmailBackend):
        return True
    try:
        connection.open()
        return connection.knows_utf8()
    except OSError:
        return True
    finally:
        connection.close()


def post(recipient: str, subject: str, body: str, html: str | None = None) -> OutgoingMail:
    """Write a letter down and promise to send it."""
    letter = OutgoingMail(recipient=recipient, subject=" ".join(str(subject).split()), body=body, html=html)
    add_now(letter)
    later(deliver, letter)
    return letter


def write(reader, template: str, **context) -> OutgoingMail:
    """Write ``emails/<room>/<name>.txt`` (``template`` is ``room/name``) to ``reader`` (who has ``email`` and ``language``), in the
    reader's language.
    """
    return post(*worded(reader, template, **context))


def worded(reader, template: str, **context) -> tuple[str, str, str]:
    """(recipient, subject, body) of a letter: the template's first line is the subject, then a blank line, then the body."""
    with force_locale(reader.language):
        text = render_template(
            f"emails/{template}.txt", reader=reader, language=reader.language, direction=direction(reader.language), **context
        )
    subject, _blank, body = text.strip().partition("\n")
    return reader.email, subject, body.strip() + "\n"


def tell(subject_id: int, word: Word[Fact], mark: Mark[Fact]) -> Callable[[], None] | None:
    """The work of an ``outbound_job`` that tells one person. ``word(subject_id)`` words the letter, unless it was told already."""
    with reading():
        letters = word(subject_id)
    return partial(post_current, letters, mark) if letters else None


def tell_each(subject_id: int, progress: Callable[[int], None], untold: sa.Select[Any], word: Word[Fact], mark: Mark[Fact]) -> None:
    """The work of a ``long_job`` that tells many, a batch after the other. ``untold`` selects the ids of those who are still to be
    told, ``word(subject_id)`` words the letters of the first :data:`BATCH` of them at most.
    """
    count = sa.select(sa.func.count()).select_from(untold.subquery())
    with reading():
        left = whole = scalar_count(count)
    while left:
        with reading():
            letters = word(subject_id)
        with unit_of_work():
            post_current(letters, mark)
            left = scalar_count(count)
        whole = max(whole, left)  # more may have come to be told meanwhile
        progress(100 - 100 * left // whole)


def post_current(letters: Sequence[Letter[Fact]], mark: Mark[Fact]) -> None:
    """Post those that ``mark(letters)`` notes as told: whose facts still hold, and which nobody has posted meanwhile. What is told
    of a fact that is no longer so (withdrawn, decided otherwise) is left to be worded afresh.
    """
    for letter in mark(letters) if letters else ():
        post(*letter.worded)


SENT = (
    sa.update(OutgoingMail.__table__).where(OutgoingMail.__table__.c.id == sa.bindparam("letter")).values(sent_at=sa.bindparam("now"))
)


@outbound_job
def deliver(mail_id: int) -> Callable[[], None] | None:
    """Send the letter unless it went already. A slow mail server is waited for outside of any transaction, or no one could write."""
    with reading():
        letter = session.get(OutgoingMail, mail_id)
        message = compose(letter) if letter and not letter.sent_at else None
    if message is None:
        return None
    message.send()

    def conclude() -> None:
        session.connection().execute(SENT, {"letter": mail_id, "now": utcnow()})
    return conclude


def compose(letter: OutgoingMail) -> EmailMultiAlternatives:
    message = Message(letter.subject, letter.body, to=[on_the_wire(letter.recipient)], headers={"Auto-Submitted": "auto-generated"})
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message
