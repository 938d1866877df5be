"""What the log says, and what it does not: nobody's address, no words that somebody typed, no key that an address holds.

Lines for people, or JSON for machines (``CONSULT_LOG_FORMAT``). An error tells where it happened and of what kind it is; what is quoted in
its message is left out, since values are quoted there. A request is told, where it is asked for, by the name of its page, never its path.
"""

import copy
import hmac
import json
import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

FORMATS, REQUESTS = ("text", "json"), ("no", "yes", "with-network")
LEFT_OUT = "…"
# Looked for from where a word begins alone, and what is quoted to its end or that of the text: each sign is passed once.
ADDRESS = re.compile(r"(?<![^\s<>\"'(){}\[\],;:=])[^\s<>\"'(){}\[\],;:=]+@[^\s<>\"'(){}\[\],;:]+")
QUOTED = re.compile(r"(?<!\w)'.*?(?:'(?!\w)|\Z)|\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)|«[^»]*(?:»|\Z)", re.DOTALL)
KEY = re.compile(r"(?<![\w-])(?=[\w-]*\d)[\w.-]{20,}")
SIGNS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")  # that would begin a line, or move what stands in it
requests, security = logging.getLogger("consult.requests"), logging.getLogger("consult.security")


def without_addresses(text: str) -> str:
    return ADDRESS.sub(LEFT_OUT, text)


def on_one_line(text: str) -> str:
    """What somebody put into it is never taken for a line of ours."""
    return SIGNS.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


def without_values(message: str) -> str:
    """The message of an error, which its library may have made of anything."""
    return KEY.sub(LEFT_OUT, without_addresses(QUOTED.sub(f"'{LEFT_OUT}'", message)))


def traced(error: BaseException | None) -> Iterator[str]:
    """Where an error happened, what it was, and those that led to it, which come first."""
    before = error and (error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    if before is not None:
        yield from traced(before)
        yield "which led to:"
    if error is not None:
        yield from (line.rstrip("\n") for line in traceback.format_tb(error.__traceback__))
        yield f"{type(error).__module__}.{type(error).__qualname__}: {on_one_line(without_values(str(error)))}".replace("builtins.", "")


class Lines(logging.Formatter):
    """For people, and for the journal of the system."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # as another handler wrote it
        return without_addresses(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        record.message = on_one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        return "\n".join(traced(ei[1]))


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {"at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname,
                "logger": record.name, "message": on_one_line(without_addresses(record.getMessage())), **getattr(record, "facts", {})}
        if record.exc_info and record.exc_info[1]:
            said["error"] = without_addresses("\n".join(traced(record.exc_info[1])))
        return json.dumps(said, ensure_ascii=False)


def begin(level: str, form: str) -> None:
    """Say all that is logged in one form, to standard error; what a test or a server set up already goes on beside it."""
    root = logging.getLogger()
    handler = next((known for known in root.handlers if isinstance(known.formatter, Lines | JsonLines)), None)
    if handler is None:
        if root.handlers:
            return
        handler = logging.StreamHandler()
        root.addHandler(handler)
    handler.setFormatter(JsonLines() if form == "json" else Lines("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.setLevel(level)


def whose(key: str, name: str) -> str:
    """A person or a network through all lines, and nobody who reads them without the key learns which: not even by trying all there are."""
    return hmac.digest(key.encode(), name.encode(), "sha256").hex()[:16] if name else ""


def tell_security(event: str, **facts: str) -> None:
    """What somebody who looks for attacks wants to follow: one line, the same facts for people and machines."""
    given = {name: value for name, value in facts.items() if value}
    security.info("%s%s", event, "".join(f" {name}={value}" for name, value in given.items()), extra={"facts": {"event": event, **given}})


def tell_request(endpoint: str, method: str, status: str, seconds: float, network: str = "") -> None:
    """One line: the name of the page stands for its path, which may hold a key."""
    facts = {"endpoint": endpoint, "method": method, "status": int(status), "milliseconds": round(1000 * seconds)}
    if network:
        facts["network"] = network
    requests.info("%s %s %s %s ms%s", method, endpoint, status, facts["milliseconds"], f" {network}" if network else "",
                  extra={"facts": facts})
