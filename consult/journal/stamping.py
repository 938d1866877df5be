"""Time stamps of an authority (RFC 3161) on the published places of the journal: that the journal stood there at that hour is then said by
somebody who has no part in it.

What is stamped is the place as it is published: the position, a colon and the digest, in ASCII.
"""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.x509 import Certificate, load_pem_x509_certificates
from flask import current_app
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy.orm import joinedload

from consult.core import events as core_events
from consult.core.audit import Checkpoint
from consult.core.config import Config
from consult.core.db import add_new, reading, session
from consult.core.jobs import every_second, later, outbound_job
from consult.journal.models import CheckpointStamp

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"  # RFC 3161, 3.4
PATIENCE = 30  # seconds
MOST = 100_000  # bytes of an answer; one has a few thousand


class Unstamped(Exception):
    """The authority gave no stamp, or none that holds: asked again later."""


def config() -> Config:
    return current_app.extensions["consult_config"]


def message_of(checkpoint: Checkpoint) -> bytes:
    return f"{checkpoint.chain_position}:{checkpoint.chain_digest}".encode("ascii")


@every_second
def ask_for_stamp() -> None:
    """On the newest published place, where there is an authority to ask: it vouches for all that came before it."""
    if not config().timestamp_url:
        return
    newest = sa.select(sa.func.max(Checkpoint.chain_position)).scalar_subquery()
    stamped = sa.select(CheckpointStamp.id).where(CheckpointStamp.chain_position == Checkpoint.chain_position).exists()
    position = session.scalar(sa.select(Checkpoint.chain_position).where(Checkpoint.chain_position == newest, ~stamped))
    if position is None or not add_new(CheckpointStamp, [{"chain_position": position}], CheckpointStamp.chain_position):
        return
    later(stamp, session.scalars(sa.select(CheckpointStamp).where(CheckpointStamp.chain_position == position)).one())


@outbound_job
def stamp(stamp_id: int) -> Callable[[], None]:
    """Ask the authority; :class:`Unstamped` where nothing that holds came."""
    with reading():
        wanted = session.get_one(CheckpointStamp, stamp_id, options=[joinedload(CheckpointStamp.checkpoint)])
        message = message_of(wanted.checkpoint)
    response, at = ask(config().timestamp_url, message, roots())

    def keep() -> None:
        open_ = sa.update(CheckpointStamp).where(CheckpointStamp.id == stamp_id, CheckpointStamp.response.is_(None))
        session.execute(open_.values(response=response, stamped_at=at))
    return keep


def ask(url: str, message: bytes, trusted: list[Certificate]) -> tuple[bytes, datetime]:
    """A response with a stamp on these bytes, and its moment."""
    asking = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256)
    wanted = asking.nonce(nonce=True).cert_request(cert_request=True).build()
    query = urllib.request.Request(url, wanted.as_bytes(), {"Content-Type": QUERY, "Accept": REPLY})  # noqa: S310 - the operator's
    try:
        with urllib.request.urlopen(query, timeout=PATIENCE) as answer:  # noqa: S310
            told = answer.read(MOST + 1)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise Unstamped(f"the authority at {url} cannot be asked: {error}") from error
    if len(told) > MOST:
        raise Unstamped(f"the authority at {url} answers with more than a stamp")
    response = decode(told)
    if PKIStatus(response.status) != PKIStatus.GRANTED:
        raise Unstamped(f"the authority at {url} refuses: {' '.join(response.status_string) or response.status}")
    if response.tst_info.nonce != wanted.nonce:
        raise Unstamped(f"the authority at {url} answers another question")
    if fault := fault_of(response, message, trusted):
        raise Unstamped(f"the authority at {url} gives a stamp that {fault}")
    return told, response.tst_info.gen_time


def decode(told: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(told)
    except ValueError as error:
        raise Unstamped(f"this is no answer of an authority: {error}") from error


def roots() -> list[Certificate]:
    """The certificates that stamps are checked against; none where the setting names no file."""
    path = config().timestamp_roots
    return load_pem_x509_certificates(Path(path).read_bytes()) if path else []


def fault_of(response: TimeStampResponse, message: bytes, trusted: list[Certificate]) -> str:
    """What is wrong with a stamp, to be put behind “it”; empty where nothing is. Without ``trusted`` its signature is not looked at."""
    if response.tst_info.message_imprint.message != hashlib.sha256(message).digest():
        return "is on something else"
    if not trusted:
        return ""
    builder = VerifierBuilder()
    for certificate in trusted:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, message)
    except VerificationError as error:
        return f"is not signed by an authority that is trusted here ({error})"
    return ""


@core_events.faults.fill
def verify_stamps() -> Iterator[str]:
    trusted = roots()
    stamps = sa.select(CheckpointStamp).where(CheckpointStamp.response.is_not(None)).options(joinedload(CheckpointStamp.checkpoint))
    for one in session.scalars(stamps.order_by(CheckpointStamp.id)):
        which = f"the time stamp of the checkpoint at {one.chain_position}"
        try:
            response = decode(one.response or b"")
        except Unstamped as error:
            yield f"{which} cannot be read: {error}"
            continue
        if fault := fault_of(response, message_of(one.checkpoint), trusted):
            yield f"{which} {fault}"
        elif response.tst_info.gen_time != one.stamped_at:
            yield f"{which} is of {response.tst_info.gen_time.isoformat()}, not as it is shown"
