"""Telling the representatives of an organisation that somebody asks to belong to it."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import User
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import gettext, utcnow
from consult.core.jobs import outbound_job
from consult.core.mail import Letter
from consult.core.news import Line, Topic
from consult.organisations.models import Mandate, Membership, MembershipState, Organisation


def list_in_force(organisation: Organisation) -> list[Mandate]:
    """At this moment."""
    return [mandate for mandate in list_not_over(organisation) if mandate.is_in_force]


def list_not_over(organisation: Organisation) -> list[Mandate]:
    """Those and the ones that are to begin, the oldest first."""
    now = utcnow()
    held = sa.select(Mandate).where(
        Mandate.organisation_id == organisation.id, Mandate.ended_at.is_(None), sa.or_(Mandate.ends_at.is_(None), Mandate.ends_at > now))
    return list(session.scalars(held.order_by(Mandate.id).options(
        lazyload(Mandate.organisation), joinedload(Mandate.user).lazyload(User.appointments))))


@outbound_job
def tell_asked(membership_id: int) -> Callable[[], None] | None:
    return mail.tell(ASKED, membership_id)


def is_asking(membership_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Until somebody accepted or refused."""
    return Membership.id == membership_id, Membership.state == MembershipState.ASKED, Membership.left_at.is_(None)


def word_asked(membership_id: int) -> list[Letter[int]]:
    """One letter to each representative."""
    membership = session.scalar(sa.select(Membership).where(*is_asking(membership_id), Membership.told_at.is_(None)))
    if membership is None:
        return []
    return [Letter(mail.worded(mandate.user, "organisations/asked", organisation=membership.organisation), frozenset([membership_id]))
            for mandate in list_in_force(membership.organisation)]


def mark_asked(membership_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    row = Membership.__table__
    still = sa.select(Membership.id).where(*is_asking(membership_id))
    told = sa.update(row).where(row.c.id.in_(still), row.c.told_at.is_(None)).values(told_at=utcnow())
    return letters if session.connection().execute(told).rowcount else ()


def still_asked(membership_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts if session.scalar(sa.select(Membership.id).where(*is_asking(membership_id))) else frozenset()


def list_asked_lines(membership_id: int, _facts: frozenset[int]) -> list[Line]:
    organisation = session.get_one(Membership, membership_id).organisation
    return [Line(gettext("Somebody asks to belong to an organisation of which you are a mandated representative."),
                 "organisations.view_members", {"slug": organisation.slug})]


ASKED = mail.Kind("organisations.asked", word_asked, mark_asked, still_asked, topic=Topic.ORGANISATION, lines=list_asked_lines)
