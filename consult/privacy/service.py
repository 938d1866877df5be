"""Forgetting a person, by themselves or on request; and what may be read of what is held."""

import secrets
from datetime import datetime

import sqlalchemy as sa

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import Appointment, Consultation
from consult.contributions.models import Contribution
from consult.core import mail
from consult.core.commands import command
from consult.core.course import hold_course
from consult.core.db import note_rows, session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.i18n import DEFAULT_LANGUAGE, _, utcnow
from consult.core.jobs import Job, later
from consult.core.locks import ORDER, lock, lock_all, taken
from consult.core.permissions import SYSTEM, Action, Actor, require
from consult.exports import service as exports
from consult.organisations import service as organisations
from consult.organisations.models import Membership
from consult.privacy import jobs
from consult.privacy.holdings import ADDRESSES, HOLDINGS, Fate, Held, Holding, Subject, summary_of
from consult.privacy.models import MAX_WORDS, Cause, Erasure
from consult.reception import service as reception
from consult.text.normalising import is_blank, name_key, normalised, validated_text

SHORTEST = 3  # letters of a part of a name that tells who is meant
PARTICLES = {"aux", "dei", "del", "den", "der", "des", "les", "van", "von"}  # of names, and words of every sentence
JOINED, ARTICLE = frozenset("وفبكل"), "ال"  # what Arabic writes in one with the word after it
# Of each table, its place in the order of locks.
RANKS = {name: place for place, (table, beside) in enumerate(ORDER.items()) for name in (table, *beside)}


@command
def forget(
    _actor: Actor, user: User, *, cause: Cause = Cause.OWN_WISH, while_: sa.ColumnElement[bool] | None = None,
) -> Erasure:
    """Erase a person from everything that is no part of the public record; what stays names nobody. One in each unit of work, or locks
    would be taken out of their order.

    :class:`Conflict` for whoever was forgotten already, for the last person who can appoint others, and where ``while_`` is no longer so.
    """
    return _erase(SYSTEM, user, Erasure(user_id=user.id, cause=cause), while_)


@command
def forget_on_request(actor: Actor, user: User, *, identity_check: str, reason: str) -> Erasure:
    """The same, for whoever asked the secretariat: the words say how it knew them, and what they asked; :class:`Invalid` where they name
    the person, since they stay, :class:`NotAllowed` where this actor may not end a role of theirs, :class:`Conflict` as above.
    """
    _require_dismissing(actor, user)
    words = {field: _kept_words(field, text, user) for field, text in (("identity_check", identity_check), ("reason", reason))}
    return _erase(actor, user, Erasure(user_id=user.id, cause=Cause.REQUEST, decided_by_id=actor.id, **words))


def _require_dismissing(actor: Actor, user: User) -> None:
    if (consultation := consultations.get_current()) is not None:
        for appointment in user.appointments:
            consultations.require_right(actor, consultation, user, appointment.role)


def _kept_words(field: str, text: str, user: User) -> str:
    words = validated_text(field, text, max_length=MAX_WORDS).strip()
    if is_blank(words):
        raise Invalid(field, _("Write it down: it is the trace of the request."))
    if _names(words, user):
        raise Invalid(field, _("These words stay: leave the person’s name and address out of them."))
    return words


def _names(words: str, user: User) -> bool:
    """Whether a part of the person's name stands there as a word, whatever its case, accents and vowel signs, or their whole address."""
    said, wholes = _words(words), [_words(whole) for whole in (user.name, user.name_ar or "", user.email)]
    parts = {bare for whole in wholes[:2] for part in whole for bare in (part, part.removeprefix(ARTICLE))} - PARTICLES
    runs = {tuple(said[start:start + len(whole)]) for whole in wholes if whole for start in range(len(said))}
    telling = {part for part in parts if len(part) >= SHORTEST and part.isalpha()}
    return any(tuple(whole) in runs for whole in wholes if whole) or any(not telling.isdisjoint(_bare(word)) for word in said)


def _bare(word: str) -> set[str]:
    """A word, and what it may be without what is written in one with it."""
    cut = {word[place:] for place in range(3) if JOINED.issuperset(word[:place])}
    return cut | {one.removeprefix(ARTICLE) for one in cut}


def _words(text: str) -> list[str]:
    return normalised(name_key(text)).split()


def _erase(dismissing: Actor, user: User, erasure: Erasure, while_: sa.ColumnElement[bool] | None = None) -> Erasure:
    """In the order of locks: the course, the person, what is theirs, letters and jobs."""
    hold_course()
    entered = session.scalars(sa.select(User).where(User.person_id == user.id)).all()
    lock_all(User, User.id.in_(sorted([user.id, *(one.id for one in entered)])))
    lock(user, "forgotten_at")
    if user.forgotten_at is not None:
        raise Conflict(_("This person was forgotten already."))
    if while_ is not None and session.scalar(sa.select(User.id).where(User.id == user.id, while_)) is None:
        raise taken()
    address = user.email
    letters = list(session.scalars(sa.select(mail.OutgoingMail.id).where(mail.OutgoingMail.recipient == address)))
    jobs_of_letters = sa.and_(Job.name == "core.mail.deliver", Job.subject_id.in_(letters))
    going = sorted((holding for holding in HOLDINGS if holding.fate == Fate.GOES and not _waits(holding, erasure.cause)), key=_rank)
    for holding in (one for one in going if _rank(one) < RANKS["batch"]):
        _take_away(dismissing, user, holding)
    reception.drop_contacts([user.id, *(one.id for one in entered)])
    for holding in (one for one in going if RANKS["batch"] < _rank(one) < RANKS["export"]):
        _take_away(dismissing, user, holding)
    exports.take_back_files()
    for holding in (one for one in going if _rank(one) > RANKS["export"]):
        _take_away(dismissing, user, holding)
    faults = [holding.is_of(user) for holding in HOLDINGS if holding.subject == Subject.FAULTS]
    session.execute(sa.update(Job).where(sa.or_(jobs_of_letters, *faults)).values(error=None))
    for one in (user, *entered):
        _empty(one)
    session.add(erasure)
    session.flush()
    later(jobs.scrub, erasure)
    return erasure


def _waits(holding: Holding, cause: Cause) -> bool:
    """What somebody typed under an address that nobody has confirmed yet is kept for whoever does, for its own term."""
    return cause == Cause.UNCONFIRMED and holding.subject == Subject.DRAFTS and holding.column.key in ADDRESSES


def _rank(holding: Holding) -> int:
    return RANKS[holding.model.__tablename__]


def _take_away(dismissing: Actor, user: User, holding: Holding) -> None:
    if holding.model is Appointment:
        _end_appointments(dismissing, user)
        return
    key = next(iter(holding.model.__table__.primary_key.columns))
    keys = list(session.scalars(holding.rows(user).with_only_columns(key)))
    note_rows(holding.model, keys)
    session.execute(sa.delete(holding.model).where(key.in_(keys)))
    if holding.model is Membership:
        session.expire(user, ["membership", "mandate"])
        organisations.drop_mandate(user)


def _end_appointments(actor: Actor, user: User) -> None:
    """Each by its own act: :class:`Conflict` where nobody else could manage the consultation."""
    session.expire(user, ["appointments"])  # those of this moment, whom nobody gives another one
    if (consultation := consultations.get_current()) is not None:
        for appointment in list(user.appointments):
            consultations.dismiss(actor, consultation, appointment=appointment)
    session.expire(user, ["appointments"])


def _empty(user: User) -> None:
    """The row stays, without anything of the person, and with another salt: no digest of the journal can be tried any more."""
    user.email = f"{secrets.token_hex(16)}{mail.NOBODY}"
    user.name, user.name_ar, user.function, user.language = "", None, None, DEFAULT_LANGUAGE
    user.is_name_public = user.is_told_of_work = user.active = user.has_claimed = False
    user.person_id = None  # whose it was, of what was typed for somebody
    user.password = user.us_totp_secrets = user.us_phone_number = None
    accounts.forget_factors(user)
    user.confirmed_at = user.signed_in_at = user.warned_at = None
    user.fs_uniquifier, user.salt, user.forgotten_at = secrets.token_hex(32), secrets.token_hex(16), utcnow()


@accounts_events.no_longer_named.fill
def no_longer_named(person: User) -> None:
    """Documents name the authors of contributions, and nobody else by such a name."""
    if session.scalar(sa.select(Contribution.id).where(Contribution.author_id == person.id).limit(1)) is not None:
        exports.take_back_files()


def get_summary(actor: Actor, user: User) -> list[Held]:
    """What is held on a person: for themselves."""
    require(actor, Action.ACCOUNTS_EDIT_PROFILE, user)
    return summary_of(user)


def get_asked_for(actor: Actor, consultation: Consultation, address: str) -> tuple[User, list[Held]]:
    """The person of this address and what is held on them, for whoever carries out their request; :class:`Invalid` where there is none,
    or where this actor may not end a role of theirs.
    """
    require(actor, Action.PRIVACY_FORGET_ON_REQUEST, consultation)
    user = session.scalar(sa.select(User).where(User.email == accounts.known_address(address)))
    if user is None:
        raise Invalid("email", _("There is no account with this address."))
    try:
        _require_dismissing(actor, user)
    except NotAllowed as refusal:
        raise Invalid("email", refusal.message) from refusal
    return user, summary_of(user)


def list_erasures(actor: Actor, consultation: Consultation, act: Action = Action.PRIVACY_VIEW_REGISTER) -> list[Erasure]:
    """The newest hundred, for those who may do ``act``."""
    require(actor, act, consultation)
    return list(session.scalars(sa.select(Erasure).order_by(Erasure.id.desc()).limit(100)))


# After an older backup was restored


def list_forgotten() -> list[tuple[int, datetime]]:
    """Number of the account, and when it was made: what tells it from another that has got its number since."""
    rows = session.execute(sa.select(Erasure.user_id, User.created_at).join(User, User.id == Erasure.user_id).order_by(Erasure.user_id))
    return [(user_id, created_at) for user_id, created_at in rows]


def get_restored(user_id: int, created_at: datetime) -> User | None:
    """The person of such a line, where they are there again."""
    return session.scalar(sa.select(User).where(User.id == user_id, User.created_at == created_at, User.forgotten_at.is_(None)))
