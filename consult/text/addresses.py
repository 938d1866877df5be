"""E-mail addresses: one spelling for each mailbox, whichever door it came in by."""

import unicodedata

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.composing import composed
from consult.text.normalising import UNSEEN

MAX_ADDRESS = 320
MAX_LABEL = 63  # of a domain, as it is sent
MAX_TYPED = 4 * MAX_ADDRESS  # what comes behind is no part of an address, and nothing is done with it
HELP = _("Write it like name@example.org.")


def parsed(text: str) -> ValidatedEmail:
    """No question is asked of the network, and names kept for tests are names."""
    return validate_email(text, check_deliverability=False, test_environment=True)


def validated_address(field: str, text: str | None) -> str:
    """The spelling by which an address is kept and found: small letters, its domain in its own letters (never ``xn--``).

    :class:`Invalid` for what is no address.
    """
    text = trimmed(text)
    try:
        first = parsed(text).normalized
        if first.isascii() and first == first.lower():
            return first
        # Once more in small letters: some capitals have a small letter that is written with two signs.
        return parsed(first.lower()).normalized
    except EmailNotValidError as error:
        raise Invalid(field, _("This is not an e-mail address."), HELP) from error


def spelt(text: str | None) -> str:
    """The same for comparing: what is no address stays as it was typed, in small letters."""
    try:
        return validated_address("", text)
    except Invalid:
        return trimmed(trimmed(text).lower())


def likeness(text: str) -> str:
    """What all writings of one address have in common, found without asking whether it is one; a few others may share it."""
    box, at, domain = composed("NFKC", trimmed(text)).casefold().replace("\u00ad", "").rpartition("@")
    return composed("NFKC", box + at + ".".join(map(_decoded, domain.replace("。", ".").split("."))).casefold())


def _decoded(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") and len(label) <= MAX_LABEL else label
    except ValueError:
        return label


def trimmed(text: str | None) -> str:
    """Without what is unseen around it, such as the marks of direction that come along with an address copied from an Arabic text."""
    text = composed("NFC", (text or "")[:MAX_TYPED])[: 2 * MAX_ADDRESS]
    seen = [place for place, character in enumerate(text) if unicodedata.category(character) not in UNSEEN]
    return text[seen[0]: seen[-1] + 1] if seen else ""
