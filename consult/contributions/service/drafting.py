"""Keeping what is being written: each form its own draft, so that no window writes over what was typed in another."""

import re
import secrets
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions.models import ContributionDraft, DraftFile
from consult.contributions.service.attaching import files_of
from consult.contributions.statement import MAX_LENGTHS
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, lock, taken
from consult.core.permissions import Action, Actor, require
from consult.text import normalising

MAX_ADDRESSED = 20  # texts that wait for one address, which anybody may have typed
# What visitors keep: drafts and characters of one network, and of all of them together.
MAX_OF_NETWORK, MAX_SIZE_OF_NETWORK = 2_000, 8_000_000
MAX_OF_VISITORS, MAX_SIZE_OF_VISITORS = 50_000, 100_000_000
FORM_KEY = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@command
def keep_draft(
    actor: Actor, block: Block, *, token: str, fields: dict[str, Any], expected_digest: str | None = None, address: str | None = None,
    browser: str | None = None, network: str = "",
) -> ContributionDraft:
    """Keep what was typed under an unguessable token, for whoever holds the token, or the ``address``, until its author is known.

    Where this would replace words that the form does not show (``expected_digest``), it is kept beside them under a token of its own.
    ``network`` is where a visitor sends it from, as a keyed digest: each keeps so much and no more.
    Raises :class:`Invalid` for a text that cannot be kept.
    """
    said = check_words(**{name: fields.get(name) or "" for name in MAX_LENGTHS})
    lock(block.chapter)  # a form that is sent twice at once finds here what it kept the first time
    token = token if FORM_KEY.fullmatch(token) else _new_token()
    known = next(iter(list_locked(ContributionDraft, ContributionDraft.token == token)), None)
    if known is not None:
        require(actor, Action.CONTRIBUTIONS_KEEP_DRAFT, known)
        if not _goes_on(known, expected_digest, said):
            known, token = None, _new_token()
            fields = {**fields, "form_key": token}  # lodged, it is another contribution
    draft, kept = known or ContributionDraft(token=token), fields_to_keep(fields, said)
    if actor.is_authenticated:
        draft.is_known_now()
    else:
        keep_for_visitor(draft, kept, network)
        if address:
            _address(draft, address, browser)
    draft.author_id, draft.block, draft.updated_at = actor.id, block, utcnow()
    draft.fields, draft.saved_by = kept, None
    session.add(draft)  # once it is complete: what is read before, such as an actor that was forgotten, would write it as it is
    return draft


@command
def address_draft(actor: Actor, draft: ContributionDraft, *, address: str, browser: str) -> ContributionDraft:
    """From now on it is also for whoever shows that this address is theirs; where too many are already, it stays with its browser.

    Raises :class:`Conflict` where it is gone.
    """
    _hold(actor, Action.CONTRIBUTIONS_ADDRESS_DRAFT, draft)
    _address(draft, address, browser)
    return draft


def fields_to_keep(fields: dict[str, Any], said: dict[str, str]) -> dict[str, str]:
    """What stands in a form besides what is said in it, as far as a form of ours fills it."""
    return {**{name: str(value)[:100] for name, value in fields.items() if value is not None}, **said}


def keep_for_visitor(draft: ContributionDraft, fields: dict[str, str], network: str) -> None:
    """Note what these fields take of the room of its network; :class:`Invalid` where there is none for what is new, or grows."""
    whose, before, size = draft.network or network, draft.size or 0, sum(map(len, fields.values()))
    more = 0 if draft.id else 1
    has_room = not whose or size <= before or (
        _has_room(ContributionDraft.network == whose, MAX_OF_NETWORK, MAX_SIZE_OF_NETWORK, more, size - before)
        and (not more or _has_room(ContributionDraft.network != "", MAX_OF_VISITORS, MAX_SIZE_OF_VISITORS, more, size - before)))
    if not has_room:
        raise Invalid("body", _("So many texts of visitors wait here to be lodged that there is no room for another."),
                      _("Sign in from another window, then send this form again: your text is still here."))
    draft.network, draft.size = whose, size


def _has_room(which: sa.ColumnElement[bool], most: int, most_size: int, more: int, grows: int) -> bool:
    """Counted in an index, and no further than there may be."""
    each = sa.select(ContributionDraft.size).where(which).limit(most).subquery()
    count, size = session.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(each.c.size), 0)).select_from(each)).one()
    return count + more <= most and size + grows <= most_size


def _address(draft: ContributionDraft, address: str, browser: str | None) -> None:
    if draft.address != address:
        waiting = sa.select(sa.func.count()).select_from(ContributionDraft).where(ContributionDraft.address == address)
        draft.address = address if scalar_count(waiting) < MAX_ADDRESSED else None
    draft.browser = browser


@command
def claim_draft(actor: User, draft: ContributionDraft, *, tokens: Collection[str] = (), browser: str | None = None) -> ContributionDraft:
    """It is the actor's, to whose address it belongs, and nobody else's any more.

    It loses its address where they show that they typed it: they hold its token, or come by the letter that was asked for in its browser.
    Raises :class:`Conflict` where it is gone.
    """
    _hold(actor, Action.CONTRIBUTIONS_CLAIM_DRAFT, draft)
    draft.author_id, draft.network, draft.size = actor.id, "", 0
    if draft.token in tokens or (browser is not None and draft.browser == browser):
        draft.address = draft.browser = None
    return draft


def _hold(actor: Actor, act: Action, draft: ContributionDraft) -> None:
    """Whose it is is asked again: somebody may have claimed it, lodged it or thrown it away meanwhile."""
    if not list_locked(ContributionDraft, ContributionDraft.id == draft.id):
        raise taken()
    require(actor, act, draft)


@command
def drop_draft(actor: User, draft: ContributionDraft, *, expected_digest: str | None = None) -> None:
    """Throw it away as the page showed it; :class:`Conflict` where other words are in it by now."""
    for kept in list_locked(ContributionDraft, ContributionDraft.id == draft.id):
        require(actor, Action.CONTRIBUTIONS_DROP_DRAFT, kept)
        if expected_digest not in (None, kept.digest):
            raise Conflict(_("This draft was changed in another window."), _("Nothing was thrown away. Read it as it is now, then decide."))
        session.delete(kept)


_kept = ContributionDraft.__table__.c
KEPT = sa.select(sa.func.count(_kept.id)).where(_kept.token == sa.bindparam("token"))


def count_kept(token: str) -> int:
    """How many texts are kept under this token, whosever: one or none."""
    return session.connection().execute(KEPT, {"token": token}).scalar_one() if FORM_KEY.fullmatch(token) else 0


def drop_lodged(actor: Actor, draft: ContributionDraft, expected_digest: str | None, said: dict[str, Any],
                files: Sequence[DraftFile] | None = None) -> None:
    """What was kept of a form that is lodged; :class:`Conflict` where it has other ``files`` than were lodged with it, at this moment."""
    said = {name: (said.get(name) or "").replace("\r\n", "\n") for name in MAX_LENGTHS}
    for kept in list_locked(ContributionDraft, ContributionDraft.id == draft.id):
        require(actor, Action.CONTRIBUTIONS_KEEP_DRAFT, kept)
        if files is not None and list(files) != list(files_of([kept])):
            raise taken()
        if _goes_on(kept, expected_digest, said):
            session.delete(kept)


def _goes_on(draft: ContributionDraft, expected_digest: str | None, said: dict[str, str]) -> bool:
    """Whether nothing is lost by putting these words in its place; a form opened before drafts were told apart saw nothing at all."""
    return expected_digest in (None, draft.digest) or all((draft.fields.get(name) or "") in said[name] for name in MAX_LENGTHS)


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def check_words(**said: str) -> dict[str, str]:
    """The texts of a contribution as they can be kept; :class:`Invalid` on the first that cannot."""
    return {name: normalising.validated_text(name, text, max_length=MAX_LENGTHS[name]) for name, text in said.items()}
