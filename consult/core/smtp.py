"""Letters to addresses with letters beyond ASCII (RFC 6531): as they are where the mail server knows them, else not at all.

Flask-Mailman would write ``réda@…`` as an encoded word, which is another mailbox, the domain by rules of 2003, which make another
domain of some names, and a space before a subject that takes several lines.
"""

import smtplib
import ssl
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address
from email.message import Message as PlainMessage
from email.policy import SMTPUTF8
from email.utils import parseaddr
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_mailman import EmailMultiAlternatives
from flask_mailman.backends import smtp

# Headers stay as they are folded: one that is longer than a line, as an address to stop letters is, would be put into signs that no mail
# program reads there (RFC 2369, RFC 8058).
AS_WRITTEN = SMTPUTF8.clone(refold_source="none")


class CannotBeWritten(smtplib.SMTPNotSupportedError):
    """The mail server does not know addresses with such letters."""


def on_the_wire(address: str) -> str:
    """The domain in ASCII, as every server knows it; letters before the @ stay as they are."""
    try:
        parsed = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return address
    return f"{parsed.local_part}@{parsed.ascii_domain}"


class Message(EmailMultiAlternatives):
    """To one mailbox."""

    @property
    def recipient(self) -> str:
        return self.to[0]

    def message(self):
        plain = super().message()
        del plain["Subject"]
        # By the base class: that of Flask-Mailman takes the end of a line for a second header.
        PlainMessage.__setitem__(plain, "Subject", Header(self.subject, header_name="Subject").encode())
        if self.recipient.isascii():
            return plain
        written = message_from_bytes(plain.as_bytes(), policy=AS_WRITTEN)
        local_part, _at, domain = self.recipient.rpartition("@")
        del written["To"]
        written["To"] = Address(username=local_part, domain=domain)
        return written


class Verifying(smtplib.SMTP):
    """The library asks for STARTTLS without a context, by which any certificate would do."""

    def starttls(self, *_keys: Any, **_options: Any) -> tuple[int, bytes]:
        return super().starttls(context=ssl.create_default_context())


class EmailBackend(smtp.EmailBackend):
    """SMTP, with SMTPUTF8 for the letters that need it; the server shows a certificate of its name where it is asked for one."""

    @property
    def connection_class(self):
        return super().connection_class if self.use_ssl else Verifying

    def send_messages(self, email_messages) -> int:
        try:
            return super().send_messages(email_messages)
        finally:
            self.close()  # also after a refusal

    def knows_utf8(self) -> bool:
        self.connection.ehlo_or_helo_if_needed()
        return self.connection.has_extn("smtputf8")

    def _send(self, email_message) -> bool:
        recipient = email_message.recipients()[0]
        if recipient.isascii():
            return super()._send(email_message)
        if not self.knows_utf8():
            raise CannotBeWritten(f"{recipient}: the mail server does not take addresses with such letters (SMTPUTF8)")
        self.connection.sendmail(
            parseaddr(email_message.from_email)[1], [recipient], email_message.message().as_bytes(policy=AS_WRITTEN),
            mail_options=[*(self.mailman.mail_options or ()), "SMTPUTF8", "BODY=8BITMIME"],
        )
        return True
