"""Texts written before their author was known: they belong to the address that was typed, and wait for whoever shows that it is theirs."""

from operator import attrgetter

from flask import flash, url_for
from flask import session as cookies

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.contributions import service
from consult.contributions.models import ContributionDraft
from consult.contributions.views.drafts import ADDRESS, address_of, tokens
from consult.core.i18n import ngettext
from consult.core.permissions import Action, can
from consult.core.web import actor

ROW = attrgetter("id")  # the order in which their locks are taken


@accounts_events.address_typed.fill
def address_typed(address: str, browser: str) -> None:
    """What this browser keeps, and what it will keep from now on, belongs to this address as well."""
    if not actor().is_authenticated:
        cookies[ADDRESS] = [address, browser]
        for draft in sorted(service.list_drafts(actor(), tokens()), key=ROW):
            service.address_draft(actor(), draft, address=address, browser=browser)


@accounts_events.signed_in.fill
def signed_in(person: User, browser: str | None) -> str | None:
    """What waited for them is theirs, and the newest that they show to have typed is where they go on; others wait among their own."""
    cookies.pop(ADDRESS, None)
    held, waiting = tokens(), service.list_waiting_drafts(person)
    arrived = [draft for draft in waiting if draft.author_id is None]
    for draft in sorted(waiting, key=ROW):
        service.claim_draft(person, draft, tokens=held, browser=browser)
    tell_from_elsewhere(len([draft for draft in arrived if draft.is_from_elsewhere(held)]))
    theirs = [draft for draft in waiting if not draft.is_from_elsewhere(held)]
    return form_of(person, theirs[0]) if theirs else None


def tell_from_elsewhere(count: int) -> None:
    if count:
        flash(ngettext("A text was typed in another browser with your address. It waits on the page “My contributions”.",
                       "%(num)s texts were typed in another browser with your address. They wait on the page “My contributions”.",
                       count), "info")


def form_of(person: User, draft: ContributionDraft) -> str:
    """The form of this text; among one's own while none can be lodged."""
    if not can(person, Action.CONTRIBUTIONS_WRITE, draft.block):
        return url_for("contributions.mine")
    return address_of(draft, service.list_drafts_here(person, draft.block.chapter, draft.block.key), draft.block)
