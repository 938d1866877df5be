"""What an author says in a contribution, listed once: for the digest, the comparison of forms, drafts, exports, personal data and pages.

A field that is added here enters the digest only where it was said (``if_said``), so that earlier receipts still verify.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consult.core.i18n import N_, _

MAX_BODY = 10_000
MAX_REPLACEMENT = 5_000
MAX_EXACT = 1_000
MAX_INTERESTS = 500
NO_MORE = _("You hold no mandate any more to sign this for an organisation. Choose to speak for yourself, or ask for a mandate.")


@dataclass(frozen=True)
class AuthorField:
    """One of the things that an author says; ``name`` is that of the form's field, of a draft's entry and of the command's value.

    ``lodged`` reads it from a contribution, as JSON holds it: as it was lodged, whatever is shown of it. ``max_length``
    (characters) is that of what is typed, None of a choice.
    ``is_text`` is true of prose in the author's own words, kept in the contribution's column of that name. ``column`` is its name in
    tables, ``digest_name`` in the receipt's digest, where it stands always, or when the field ``if_said`` holds something.
    """

    name: str
    heading: str
    lodged: Callable[[Any], Any]
    column: str
    digest_name: str
    max_length: int | None = None
    is_text: bool = False
    if_said: str | None = None


def _replacement(contribution: Any) -> str | None:
    return contribution.amendment.lodged_replacement if contribution.amendment else None


def _interest(contribution: Any) -> str | None:
    """None of what somebody says for themselves, and of what was lodged before interests were asked for."""
    declared = contribution.declaration
    return declared.interest.value if declared is not None and declared.interest is not None else None


def _interests(contribution: Any) -> str:
    return contribution.declaration.interests if contribution.declaration is not None else ""


STATEMENT = (
    AuthorField("kind", N_("Kind"), lambda c: c.kind.value, "kind", "kind"),
    AuthorField("comment_type", N_("Type of comment"), lambda c: c.comment_type.value, "type", "type"),
    AuthorField("position", N_("Position"), lambda c: c.position.value, "position", "position"),
    AuthorField("speak_as", N_("On behalf of"), lambda c: c.organisation_id, "organisation", "organisation_id"),
    AuthorField("body", N_("Contribution"), lambda c: c.lodged_body, "body", "body", MAX_BODY, is_text=True),
    AuthorField("replacement", N_("Proposed change"), _replacement, "proposed_change", "replacement", MAX_REPLACEMENT),
    AuthorField("justification", N_("Justification"), lambda c: c.lodged_justification, "justification", "justification", MAX_BODY,
                is_text=True),
    AuthorField("exact", N_("Words of the passage that it quotes"), lambda c: c.exact, "quoted", "exact", MAX_EXACT, if_said="exact"),
    AuthorField("prefix", N_("Words of the passage that it quotes"), lambda c: c.prefix, "quoted", "prefix", if_said="exact"),
    AuthorField("suffix", N_("Words of the passage that it quotes"), lambda c: c.suffix, "quoted", "suffix", if_said="exact"),
    AuthorField("interest", N_("Declaration of interests"), _interest, "interest", "interest", if_said="interest"),
    AuthorField("interests", N_("Interest declared"), _interests, "interests", "interests", MAX_INTERESTS, if_said="interest"),
)
MAX_LENGTHS = {field.name: field.max_length for field in STATEMENT if field.max_length}
TEXTS = tuple(field for field in STATEMENT if field.is_text)
# Prose beside the body, in the order in which it is written and shown.
FURTHER_TEXTS = tuple(field for field in TEXTS if field.name != "body")


def lodged_in(contribution: Any) -> dict[str, Any]:
    """What its author said, by the field's name."""
    return {field.name: field.lodged(contribution) for field in STATEMENT}


def digested(contribution: Any) -> dict[str, Any]:
    """The same by the names of the receipt's digest, without what was never said and joined the list after the first receipts."""
    said = lodged_in(contribution)
    return {field.digest_name: said[field.name] for field in STATEMENT if field.if_said is None or said[field.if_said]}
