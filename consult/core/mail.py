"""Mail. Letters are rows first, written in the transaction of what they speak of, and sent by a job.

Whoever is to be told something is told once (:func:`tell`, :func:`tell_each`): the letter is worded before anybody has to wait, and
posted in the transaction that notes it as told. A worker that dies between the two has told nobody, one that dies later is done.

What it tells of may change before it leaves, as when the mail server is away for hours. So each :class:`Kind` of letter says which of a
letter's facts still stand: the letter whose facts no longer do is kept and never sent, and what still stands is told afresh.

Each letter names its topic. What is news leaves as its reader chose: at once, with a way to stop it, or gathered with other news, or not.
"""

import enum
import hashlib
import re
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from flask import render_template
from flask_mailman import EmailMultiAlternatives, Mail
from sqlalchemy.orm import Mapped, mapped_column

from consult.core import events
from consult.core.config import this_app
from consult.core.db import Base, PrimaryKey, Timestamp, add_now, reading, scalar_count, session, unit_of_work
from consult.core.errors import RegistrationError
from consult.core.i18n import direction, force_locale, utcnow
from consult.core.jobs import later, outbound_job
from consult.core.news import Line, Topic, Way
from consult.core.smtp import EmailBackend, Message, on_the_wire

mail = Mail()
ASKED_FOR = 600  # seconds for which the mail server's answer about such letters is believed, and for which it is waited for
PATIENCE = 3
BLANKS = re.compile(r"[^\S\u00a0\u202f]+")  # those that a line may break at: French sets its signs apart by the others
BATCH = 20  # letters that are worded, and then posted, at once
NOBODY = "@forgotten.invalid"  # the end of the address that stays of a person who was forgotten
ELSEWHERE = "@elsewhere.invalid"  # of one for whom it was typed what they said elsewhere: their row has no address


class DropReason(enum.StrEnum):
    """Why a letter never left."""

    OUTDATED = "outdated"  # what it told of is no longer so
    REPLACED = "replaced"  # some of it is no longer so: another one tells the rest
    EXPIRED = "expired"  # the key in it opens nothing any more
    OTHERWISE = "otherwise"  # its recipient was told in another way
    UNWANTED = "unwanted"  # its recipient chose meanwhile to be told later, or never


class OutgoingMail(Base):
    """One letter to one person; those of a ``kind`` with the facts that they tell of."""

    __tablename__ = "outgoing_mail"
    __append_only__ = False  # addresses and links that sign in: nobody’s to keep for ever
    __recorded__ = False  # letters, gone once they are sent
    __table_args__ = (
        sa.CheckConstraint("(dropped_at IS NULL) = (drop_reason IS NULL)", name="dropped_has_its_reason"),
        sa.Index("ix_outgoing_mail_kind_subject_id", "kind", "subject_id"), sa.Index("ix_outgoing_mail_recipient", "recipient"),
        sa.Index("ix_outgoing_mail_waiting", "created_at", sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL"),
                 postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL")),
    )

    id: Mapped[PrimaryKey]
    recipient: Mapped[str] = mapped_column(sa.String(320))
    subject: Mapped[str]
    body: Mapped[str]
    html: Mapped[str | None]
    created_at: Mapped[Timestamp]
    sent_at: Mapped[datetime | None]
    kind: Mapped[str | None] = mapped_column(sa.String(80))
    subject_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    facts: Mapped[list[Any] | None]
    expires_at: Mapped[datetime | None]  # when its key opens nothing any more
    dropped_at: Mapped[datetime | None]
    drop_reason: Mapped[DropReason | None]
    stop_url: Mapped[str | None]  # of news: where one click stops more of it

    @property
    def told(self) -> frozenset[Any]:
        return frozenset(tuple(fact) if isinstance(fact, list) else fact for fact in self.facts or ())


Fact = TypeVar("Fact", bound=Hashable)


@dataclass(frozen=True)
class Letter(Generic[Fact]):
    """What one person is to be told: (recipient, subject, body), the facts that it tells of, and how long the key in it opens anything."""

    worded: tuple[str, str, str]
    facts: frozenset[Fact]
    expires_at: datetime | None = None
    stop_url: str | None = None


Word = Callable[[int], Sequence[Letter[Fact]]]
Mark = Callable[[int, Sequence[Letter[Fact]]], Iterable[Letter[Fact]]]
Standing = Callable[[int, frozenset[Fact]], frozenset[Fact]]
KINDS: dict[str, "Kind[Any]"] = {}


@dataclass(frozen=True)
class Kind(Generic[Fact]):
    """One kind of letter that tells of rows which may change; facts are strings, numbers, or tuples of them.

    ``word(subject_id)`` words what is not told yet; ``mark(subject_id, letters)`` gives those that it could note as told: whose facts still
    hold, and which nobody has posted meanwhile. ``standing(subject_id, facts)``: these as they are now, without those that are no longer
    so. ``again(subject_id, facts)`` words them, of a kind whose letters tell of several. ``lines(subject_id, facts)``, of news: what a
    letter that gathers news says of them, in the language in force.
    """

    name: str
    word: Word[Fact]
    mark: Mark[Fact]
    standing: Standing[Fact]
    again: Callable[[int, frozenset[Fact]], Sequence[Letter[Fact]]] | None = None
    topic: Topic = field(kw_only=True)
    lines: Callable[[int, frozenset[Fact]], Sequence[Line]] | None = field(kw_only=True, default=None)

    def __post_init__(self) -> None:
        if self.topic.is_chosen and self.lines is None:
            raise RegistrationError(f"{self.name} is news ({self.topic}), which may be gathered: say by which lines= it is told then.")
        if self.name in KINDS:
            raise RegistrationError(f"Two kinds of letter are called {self.name}: give one of them another name.")
        KINDS[self.name] = self


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


def post(recipient: str, subject: str, body: str, html: str | None = None, **noted: Any) -> OutgoingMail | None:
    """Write a letter down, with what is ``noted`` of it in other columns, and promise to send it; None where nobody is there to read it."""
    if recipient.endswith((NOBODY, ELSEWHERE)):
        return None
    letter = OutgoingMail(recipient=recipient, subject=BLANKS.sub(" ", str(subject)).strip(), body=body, html=html, **noted)
    add_now(letter)
    later(deliver, letter)
    return letter


def write(reader, template: str, *, topic: Topic, expires_at: datetime | None = None, **context) -> OutgoingMail | None:
    """Write ``emails/<room>/<name>.txt`` (``template`` is ``room/name``) to ``reader`` (who has ``email`` and ``language``), in the
    reader's language, at once: what may be gathered is a :class:`Kind`, or this raises :class:`RegistrationError`. It is not sent once the
    key in it has expired.
    """
    if topic.is_chosen:
        raise RegistrationError(f"{template} is news ({topic}): make it a Kind, so that it may be gathered.")
    return post(*worded(reader, template, **context), expires_at=expires_at)


def call_back(recipient: str, expires_at: datetime) -> None:
    """What was not sent yet, and whose key would have opened something until then, leaves no more."""
    waiting = OutgoingMail.recipient == recipient, OutgoingMail.expires_at == expires_at, OutgoingMail.sent_at.is_(None)
    session.execute(sa.update(OutgoingMail).where(*waiting).values(expires_at=utcnow()).execution_options(synchronize_session=False))


def worded(reader, template: str, **context) -> tuple[str, str, str]:
    """(recipient, subject, body) of a letter: the template's first line is the subject, then a blank line, then the body."""
    reader = getattr(reader, "reached", reader)
    with force_locale(reader.language):
        text = render_template(
            f"emails/{template}.txt", reader=reader, language=reader.language, direction=direction(reader.language), now=utcnow(), **context
        )
    subject, _blank, body = text.strip().partition("\n")
    return reader.email, subject, body.strip() + "\n"


def tell(kind: Kind[Any], subject_id: int) -> Callable[[], None] | None:
    """The work of an ``outbound_job`` that tells one person, unless it was told already."""
    with reading():
        letters = kind.word(subject_id)
    return partial(post_current, kind, subject_id, letters) if letters else None


def tell_each(kind: Kind[Any], subject_id: int, progress: Callable[[int], None], untold: sa.Select[Any]) -> None:
    """The work of a ``long_job`` that tells many, a batch after the other. ``untold`` selects the ids of those who are still to be
    told; the kind words the letters of the first :data:`BATCH` of them at most.
    """
    count = sa.select(sa.func.count()).select_from(untold.subquery())
    with reading():
        left = whole = scalar_count(count)
    while left:
        with reading():
            letters = kind.word(subject_id)
        with unit_of_work():
            post_current(kind, subject_id, letters)
            left = scalar_count(count)
        whole = max(whole, left)  # more may have come to be told meanwhile
        progress(100 - 100 * left // whole)


def post_current(kind: Kind[Any], subject_id: int, letters: Sequence[Letter[Any]]) -> None:
    """Post those that the kind notes as told. What is told of a fact that is no longer so (withdrawn, decided otherwise) is left to be
    worded afresh.
    """
    post_letters(kind, subject_id, list(kind.mark(subject_id, letters)) if letters else [])


def post_letters(kind: Kind[Any], subject_id: int, letters: Sequence[Letter[Any]]) -> None:
    """At once; of news as each reader chose."""
    ways: Sequence[Way | None] = [Way(stop_url=letter.stop_url) for letter in letters]
    if kind.topic.is_chosen and letters:
        ways = events.ways_of_news(kind.topic, kind.name, subject_id, [(letter.worded[0], sorted(letter.facts)) for letter in letters])
    for letter, way in zip(letters, ways, strict=True):
        if way is not None:
            recipient, subject, body = letter.worded
            post(recipient, subject, body + way.foot, kind=kind.name, subject_id=subject_id, facts=sorted(letter.facts),
                 expires_at=letter.expires_at, stop_url=way.stop_url)


SENT = (
    sa.update(OutgoingMail.__table__).where(OutgoingMail.__table__.c.id == sa.bindparam("letter")).values(sent_at=sa.bindparam("now"))
)


@outbound_job
def deliver(mail_id: int) -> Callable[[], None] | None:
    """Send the letter, unless it went already or must not leave any more. A slow mail server is waited for outside of any transaction,
    or no one could write.
    """
    with reading():
        letter = session.get(OutgoingMail, mail_id)
        if letter is None or letter.sent_at or letter.dropped_at:
            return None
        reason, afresh = judge(letter)
        if reason:
            return partial(drop, mail_id, reason, letter.kind, letter.subject_id, afresh)
        message = compose(letter)
    message.send()

    def conclude() -> None:
        session.connection().execute(SENT, {"letter": mail_id, "now": utcnow()})
    return conclude


def judge(letter: OutgoingMail) -> tuple[DropReason | None, Sequence[Letter[Any]]]:
    """Why it must not leave, None where it may; and what is told in its place."""
    if letter.expires_at and letter.expires_at <= utcnow():
        return DropReason.EXPIRED, ()
    if letter.kind is None or letter.subject_id is None:
        return None, ()
    kind = KINDS[letter.kind]
    standing = kind.standing(letter.subject_id, letter.told)
    if kind.topic.is_chosen and letter.stop_url and not events.is_told_at_once(letter.recipient, kind.topic):
        return DropReason.UNWANTED, [Letter((letter.recipient, letter.subject, letter.body), standing)] if standing else ()
    if standing == letter.told:
        return None, ()
    afresh = kind.again(letter.subject_id, standing) if standing and kind.again else ()
    return (DropReason.REPLACED if afresh else DropReason.OUTDATED), afresh


def drop(mail_id: int, reason: DropReason, kind: str | None, subject_id: int | None, afresh: Sequence[Letter[Any]]) -> None:
    """Keep the letter unsent, with the reason, and post what is told in its place; of two workers at the same moment one does."""
    row = OutgoingMail.__table__
    waiting = row.c.id == mail_id, row.c.sent_at.is_(None), row.c.dropped_at.is_(None)
    dropped = sa.update(row).where(*waiting).values(dropped_at=utcnow(), drop_reason=reason)
    if session.connection().execute(dropped).rowcount and kind is not None and subject_id is not None:
        post_letters(KINDS[kind], subject_id, afresh)


def message_id(letter: OutgoingMail) -> str:
    """The same at each attempt: of a worker that died after the mail server took a letter and before that was noted, the second copy is
    known for one by whoever receives it.
    """
    digest = hashlib.sha256(f"{letter.id} {letter.created_at.isoformat()} {letter.recipient}".encode()).hexdigest()[:40]
    domain = parseaddr(this_app().config["MAIL_DEFAULT_SENDER"])[1].rpartition("@")[2]
    return f"<{digest}@{domain}>"


def compose(letter: OutgoingMail) -> EmailMultiAlternatives:
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": message_id(letter)}
    if letter.stop_url:  # RFC 8058
        headers |= {"List-Unsubscribe": f"<{letter.stop_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = Message(letter.subject, letter.body, to=[on_the_wire(letter.recipient)], headers=headers)
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message
