"""Mail. Letters are rows first, written in the transaction of what they speak of, and sent by a job."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from flask import render_template
from flask_mailman import EmailMultiAlternatives, Mail
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, PrimaryKey, Timestamp, add_now, reading, session
from consult.core.i18n import direction, force_locale, utcnow
from consult.core.jobs import later, outbound_job

mail = Mail()


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


def init_app(app, url: str, sender: str) -> None:
    """Configure from ``CONSULT_MAIL_URL``."""
    parts = urlsplit(url)
    backends = {"console": "console", "file": "file", "smtp": "smtp", "smtps": "smtp"}
    app.config.update(
        MAIL_DEFAULT_SENDER=sender, MAIL_BACKEND=app.config.get("MAIL_BACKEND", backends[parts.scheme]),
        MAIL_FILE_PATH=parts.path or "mail",
        MAIL_SERVER=parts.hostname or "localhost", MAIL_PORT=parts.port or (465 if parts.scheme == "smtps" else 25),
        MAIL_USERNAME=unquote(parts.username or "") or None, MAIL_PASSWORD=unquote(parts.password or "") or None,
        MAIL_USE_SSL=parts.scheme == "smtps", MAIL_USE_TLS=parse_qs(parts.query).get("starttls") == ["1"], MAIL_TIMEOUT=30,
    )
    mail.init_app(app)


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
    message = EmailMultiAlternatives(letter.subject, letter.body, to=[letter.recipient], headers={"Auto-Submitted": "auto-generated"})
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message
