"""Texts written before their author was known: they belong to the address that was typed, and wait for whoever shows that it is theirs."""

from operator import attrgetter

from flask import session as cookies
from flask import url_for

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.contributions import service
from consult.contributions.models import ContributionDraft
from consult.contributions.views.drafts import ADDRESS, address_of, tokens
from consult.core.permissions import Action, can
from consult.core.web import actor

ROW = attrgetter("id")  # the order in which their locks are taken


@accounts_events.address_typed.fill
def address_typed(address: str) -> None:
    """What this browser keeps, and what it will keep from now on, belongs to this address as well."""
    if not actor().is_authenticated:
        cookies[ADDRESS] = address
        for draft in sorted(service.list_drafts(actor(), tokens()), key=ROW):
            service.address_draft(actor(), draft, address=address)


@accounts_events.signed_in.fill
def signed_in(person: User) -> str | None:
    """What waited for them is theirs, and the newest is where they go on."""
    cookies.pop(ADDRESS, None)
    waiting = service.list_waiting_drafts(person)
    for draft in sorted(waiting, key=ROW):
        service.claim_draft(person, draft)
    return form_of(person, waiting[0]) if waiting else None


def form_of(person: User, draft: ContributionDraft) -> str:
    """The form of this text; among one's own while none can be lodged."""
    if not can(person, Action.CONTRIBUTIONS_WRITE, draft.block):
        return url_for("contributions.mine")
    return address_of(draft, service.list_drafts_here(person, draft.block.chapter, draft.block.key), draft.block)
