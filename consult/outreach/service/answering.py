"""What whoever gets a letter does with it: read, make an account, speak for their organisation, or refuse further letters."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.core import mail, states
from consult.core.commands import command, on
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _
from consult.core.locks import lock
from consult.core.permissions import SYSTEM, VISITOR, Action, Actor, require
from consult.organisations import finding
from consult.organisations import service as organisations
from consult.organisations.models import Organisation, Region, Sector
from consult.outreach.marks import note_refusal
from consult.outreach.models import Stakeholder, StakeholderChapter, StakeholderLetter, StakeholderState

UNKNOWN = _("This link is not known, or what was kept of this address is gone.")
WHOLE = _("Open the link of the letter, whole. To read and to contribute no link is needed: begin at the home page.")


def get_letter(token: str) -> StakeholderLetter:
    """By the key of its link, whoever holds it; raises :class:`NotFound` where there is none."""
    known = joinedload(StakeholderLetter.stakeholder)
    asked = sa.select(StakeholderLetter).where(StakeholderLetter.token_hash == accounts.token_hash(token)).options(
        known.joinedload(Stakeholder.consultation), known.joinedload(Stakeholder.list), known.joinedload(Stakeholder.listed))
    letter = session.scalars(asked).one_or_none()
    if letter is None:
        raise NotFound(UNKNOWN, WHOLE)
    return letter


def get_open_letter(token: str) -> StakeholderLetter:
    """The same while contributions are received; raises :class:`NotFound` as it, :class:`NotAllowed` before and after."""
    letter = get_letter(token)
    require(VISITOR, Action.OUTREACH_ENROL, letter)
    return letter


def get_first_chapter(letter: StakeholderLetter) -> int | None:
    """Where its reader begins: at the first text that concerns them, else at the first there is; None while there is none."""
    concerned = sa.select(StakeholderChapter.number).where(StakeholderChapter.stakeholder_id == letter.stakeholder_id)
    wanted = set(session.scalars(concerned))
    numbers = sorted(number for number, _language in chapters.list_published(letter.consultation))
    return next((number for number in numbers if number in wanted), numbers[0] if numbers else None)


def get_invited(letter: StakeholderLetter) -> User | None:
    """Whoever has an account with its address, which they confirmed."""
    return accounts.get_confirmed_user(letter.address)


@command
def open(_actor: Actor, letter: StakeholderLetter) -> StakeholderLetter:
    """Somebody pressed a button of its page: filters, which open the links of letters, do not. :class:`Conflict` where it is gone."""
    _move_on(letter.stakeholder, StakeholderState.OPENED)
    return letter


@command
def enrol(_actor: Actor, letter: StakeholderLetter, *, name: str, language: str, speaks_for: bool) -> User:
    """Make the account of whoever holds the letter, its address confirmed by that; ``speaks_for`` the organisation to which it was written,
    as far as they may.

    Raises :class:`Conflict` where there is an account by now, :class:`Invalid` for a name or a language that cannot be taken.
    """
    if get_invited(letter) is not None:
        raise Conflict(_("There is an account with this address by now."), _("Sign in: the link of the letter has done its work."))
    user: User = accounts.add(SYSTEM, None, email=letter.address, name=name, language=language)
    if speaks_for:
        _belong(user, letter.stakeholder)
    _move_on(letter.stakeholder, StakeholderState.REGISTERED)
    return user


@command
def take_up(actor: User, letter: StakeholderLetter) -> StakeholderLetter:
    """The same for whoever has an account already. Raises :class:`NotAllowed` for anybody else than the invited person,
    :class:`Conflict` where it is gone.
    """
    if actor.membership is None:
        actor.read_anew()
    _move_on(letter.stakeholder, StakeholderState.REGISTERED)
    return letter


@command
def refuse(_actor: Actor, letter: StakeholderLetter) -> StakeholderLetter:
    """No letter goes to this address any more, be it brought in another list; what has not left does not. :class:`Conflict` where
    what was kept of it is gone.
    """
    person = letter.stakeholder
    lock(person, "state")
    note_refusal(person.address)
    if person.state.may_become(StakeholderState.REFUSED):
        states.move(person, StakeholderState.REFUSED)
    if (closes_at := letter.consultation.closes_at) is not None:
        mail.call_back(person.address, closes_at)
    return letter


def _belong(user: User, person: Stakeholder) -> None:
    """By the rules of whoever lists an organisation: one that nobody listed is listed, and signed for; to join another is asked for.

    One whose name is only much like that of a listed one is neither: they choose on the next page.
    """
    (same, near), = finding.nearest_each([person.organisation])
    if same is not None:
        organisations.join(user, user, organisation=same, statement="")
    elif near is None:
        try:
            organisations.add(user, None, category=person.category, sector=person.sector or Sector.CROSS_SECTOR,
                              region=person.region or Region.NATIONAL, **_named(person.organisation))
        except Invalid:
            return


def _named(name: str) -> dict[str, Any]:
    return {"name_fr": name, "name_ar": None, "name_en": None, "short": None, "website": None}


def get_way(letter: StakeholderLetter) -> tuple[Organisation | None, Organisation | None]:
    """The listed organisation of this name, and one of which it is nearly the name: by which its page says what will be done."""
    (found,) = finding.nearest_each([letter.stakeholder.organisation])
    return found


def _move_on(person: Stakeholder, to: StakeholderState) -> None:
    """Never back: who has lodged is not taken for one who only opened."""
    lock(person, "state")
    if person.state.may_become(to):
        states.move(person, to)


# What they do elsewhere


def _note(address: str, to: StakeholderState) -> None:
    before = [state for state in StakeholderState if state.may_become(to)]
    session.execute(sa.update(Stakeholder).where(Stakeholder.address == address, Stakeholder.state.in_(before)).values(state=to)
                    .execution_options(synchronize_session=False))


@on(Action.ACCOUNTS_CONFIRM, Action.ACCOUNTS_REGISTER_BY_PROVIDER)
def registered(_actor: Actor, user: User, _target: Any) -> None:
    _note(user.email, StakeholderState.REGISTERED)
