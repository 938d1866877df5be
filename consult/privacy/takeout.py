"""Everything that is held on a person, as one ZIP: a page to read and JSON for machines, made of the table of what is held.

It is handed on as it is made, some rows at a time, however much is held on whom.
"""

import enum
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

from consult.accounts.models import User
from consult.core.audit import AuditEvent
from consult.core.db import Base, reading, session
from consult.core.i18n import N_, LabelledEnum, day, gettext, language_name, when
from consult.core.mail import OutgoingMail
from consult.core.records import attribute_of
from consult.journal.words import act_in_words
from consult.privacy.holdings import Subject, rows_of

# What opens something, or would let digests be tried: nobody's to read, not even in their own file.
SECRETS = frozenset({
    "password", "fs_uniquifier", "us_totp_secrets", "salt", "token_hash", "proof_hash", "token", "browser_key", "browser", "form_key",
    "tf_totp_secret", "saved_by", "totp_counter", "mf_recovery_codes", "fs_webauthn_user_handle", "credential_id", "public_key",
    "sign_count", "code_hash"})
LEFT_OUT = N_("Left out: what such a letter says may let one sign in.")
# What a person reads of each row, in this order; the JSON has every column.
WORDS = {
    "ref": N_("Reference"), "email": N_("E-mail address"), "recipient": N_("E-mail address"), "address": N_("Address"), "name": N_("Name"),
    "name_ar": N_("Name in Arabic"), "function": N_("Function"), "language": N_("Language"), "contact": N_("How the author can be reached"),
    "is_name_public": N_("The name is published"), "is_told_of_work": N_("Told by mail of what waits"),
    "created_at": N_("Made on"), "confirmed_at": N_("Address confirmed on"), "signed_in_at": N_("Signed in last on"),
    "agent": N_("Browser"), "opened_at": N_("Signed in on"), "seen_at": N_("Used last on"),
    "organisation": N_("Organisation"), "joined_at": N_("From"), "left_at": N_("Until"), "role": N_("Role"),
    "commission": N_("Commission"), "appointed_at": N_("From"), "subject": N_("Subject"), "title": N_("Title"), "kind": N_("Kind"),
    "position": N_("Position"), "body": N_("Text"), "justification": N_("Justification"), "replacement": N_("Proposed change"),
    "fields": N_("What was typed"), "digest": N_("SHA-256"), "state": N_("State"), "verdict": N_("Decision"), "reason": N_("Reason"),
    "interest": N_("Declaration of interests"), "interests": N_("Interest declared"),
    "words": N_("Words"), "disposition": N_("Answer"), "action": N_("Act"), "cause": N_("Cause"), "submitted_at": N_("Lodged on"),
    "lodged_at": N_("Lodged on"),
    "withdrawn_at": N_("Withdrawn on"), "issued_at": N_("Issued on"), "decided_at": N_("Decided on"), "written_at": N_("Written on"),
    "sent_at": N_("Sent on"), "updated_at": N_("Changed on"), "kept_at": N_("Changed on"), "requested_at": N_("Asked for on"),
    "published_at": N_("Published on"), "recorded_at": N_("Recorded on"), "erased_at": N_("Forgotten on"), "at": N_("Moment"),
    "given_at": N_("Given on"), "offered_at": N_("Offered on"),
}


class Part(NamedTuple):
    """What is held of one subject, to be read: each row as its named values."""

    subject: Subject
    rows: Iterator[list[tuple[str, str]]]


class Sink(io.RawIOBase):
    """What was written since it was asked last."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.written.append(bytes(part))
        return len(part)

    def taken(self) -> bytes:
        part, self.written = b"".join(self.written), []
        return part


def columns_of(row: Base, user: User) -> Iterator[tuple[str, Any]]:
    """Without the numbers of other people."""
    for column in (one for one in row.__table__.columns if one.key not in SECRETS):
        is_left_out = column.key in ("body", "html") and isinstance(row, OutgoingMail) and may_open(row)
        value = gettext(LEFT_OUT) if is_left_out else getattr(row, attribute_of(column, type(row)))
        if value in (None, user.id) or not any(key.target_fullname == "user.id" for key in column.foreign_keys):
            yield column.key, value


def may_open(letter: OutgoingMail) -> bool:
    """Whether it may hold a code or a link that signs in: those that tell of rows hold none."""
    return letter.kind is None or letter.expires_at is not None


def plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.value if isinstance(value, enum.Enum) else value


def readable(row: Base, user: User) -> list[tuple[str, str]]:
    """Heading and value of what is there of a row, in the reader's language."""
    values = dict(columns_of(row, user))
    for name, called in (("organisation", lambda body: body.name_fr), ("commission", lambda body: body.title_fr)):
        if values.get(f"{name}_id") and isinstance(body := getattr(row, name, None), Base):
            values[name] = called(body)
    return [(gettext(heading), _in_words(name, values[name], row)) for name, heading in WORDS.items()
            if values.get(name) not in (None, "") and (isinstance(row, AuditEvent) or name != "subject" or "recipient" in values)]


def _in_words(name: str, value: Any, row: Base) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime | date):
        return when(value) if isinstance(value, datetime) else day(value)
    if isinstance(value, LabelledEnum):
        return value.label
    if name == "action" and isinstance(row, AuditEvent):
        return act_in_words(value)
    if name == "language":
        return language_name(value)
    return "\n".join(str(part) for part in value.values() if part) if isinstance(value, dict) else str(value)


@contextmanager
def reading_of(user_id: int) -> Iterator[User]:
    with reading():
        yield session.get_one(User, user_id)


def pieces(user: User, former: Iterable[tuple[str, Any]], page: Callable[[Iterator[Part]], Iterable[str]]) -> Iterator[bytes]:
    """``former`` are the parts by which rooms tell of a person in their own words; ``page`` draws the rows to be read."""
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (("my-data.html", page(parts_of(user))), ("my-data.json", said_of(user, former))):
            with archive.open(name, "w", force_zip64=True) as file:  # how long it becomes is known at its end
                for piece in text:
                    file.write(piece.encode())
                    if part := sink.taken():
                        yield part
    yield sink.taken()


def parts_of(user: User) -> Iterator[Part]:
    for subject, holdings in groupby(rows_of(user), lambda held: held[0].subject):
        rows = filter(None, (readable(row, user) for _holding, some in holdings for row in some))
        for first in islice(rows, 1):
            yield Part(subject, chain([first], rows))


def said_of(user: User, former: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The JSON: a list is written as it is read."""
    yield "{"
    for name, value in former:
        yield f"{_json(name)}: "
        yield from _list(value) if isinstance(value, Iterator) else (_json(value),)
        yield ",\n"
    yield '"records": {'
    between = ""
    for holding, rows in rows_of(user):
        for first in islice(rows, 1):
            yield f"{between}\n{_json(holding.name)}: "
            yield from _list({name: plain(value) for name, value in columns_of(row, user)} for row in chain([first], rows))
            between = ","
    yield "}}\n"


def _list(values: Iterator[Any]) -> Iterator[str]:
    between = "["
    for value in values:
        yield between + _json(value)
        between = ",\n"
    yield "[]" if between == "[" else "]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)
