"""Second factors: an authenticator, passkeys, and the recovery codes that stand in for both. Whatever changes one ends the other sessions
of its owner, who is told by mail.
"""

import hmac
import secrets
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import MAX_PASSKEY, Passkey, User, UserSession
from consult.core import mail
from consult.core.commands import command
from consult.core.config import derived_key, this_app
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.permissions import Action, require
from consult.text.normalising import validated_name

CODES = 10
LENGTH = 24  # signs of a recovery code: 120 bits, of which no digest can be guessed, even by whoever has its key
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: what is mistaken for another sign when it is read is not among them
READ_AS = str.maketrans("OIL", "011")
MAX_PASSKEYS = 20
NAME_IT = _("Give it a name by which you will know it again.")
USED = _("This code is not right, or has served already.")


@command
def set_up_authenticator(_actor, user: User, *, secret: str, counter: int, session_id: int | None = None) -> User:
    """In place of the one that there was; ``counter`` is of the code that showed that it works, and serves no more."""
    lock(user)
    user.tf_totp_secret, user.totp_counter = secret, counter
    return _changed(user, "set_up_authenticator", session_id)


@command
def remove_authenticator(_actor, user: User, *, session_id: int | None = None) -> User:
    """:class:`Conflict` where there is none."""
    lock(user, "tf_totp_secret")
    if not user.tf_totp_secret:
        raise Conflict(_("There is no authenticator any more."))
    user.tf_totp_secret = user.totp_counter = None
    return _changed(user, "remove_authenticator", session_id)


def take_code(user: User, counter: int) -> bool:
    """Whether this code of the authenticator had not served yet; it serves no more."""
    lock(user, "totp_counter")
    if user.totp_counter is not None and counter <= user.totp_counter:
        return False
    user.totp_counter = counter
    return True


# Passkeys


def passkey_name(user: User, name: str | None) -> str:
    """Raises :class:`Invalid` for what is no name, or that of another of their passkeys."""
    validated = validated_name("name", name, max_length=MAX_PASSKEY, missing=NAME_IT)
    mine = session.scalars(sa.select(Passkey.name).where(Passkey.user_id == user.id)).all()
    if validated.casefold() in {other.casefold() for other in mine}:
        raise Invalid("name", _("You have a passkey of this name already: choose another."))
    if len(mine) >= MAX_PASSKEYS:
        raise Invalid("name", _("You have many passkeys: remove one first."))
    return validated


@command
def add_passkey(_actor, user: User, *, name: str, session_id: int | None = None, **credential: Any) -> User:
    """Raises :class:`Invalid` as :func:`passkey_name` does."""
    lock(user)
    session.add(Passkey(user_id=user.id, name=passkey_name(user, name), **credential))
    return _changed(user, "add_passkey", session_id, name=name)


def get_passkey(actor, user: User, number: int) -> Passkey:
    """One's own; raises :class:`NotFound`."""
    require(actor, Action.ACCOUNTS_REMOVE_PASSKEY, user)
    passkey = session.get(Passkey, number)
    if passkey is None or passkey.user_id != user.id:
        raise NotFound
    return passkey


@command
def remove_passkey(_actor, user: User, *, passkey: Passkey, session_id: int | None = None) -> User:
    lock(user)
    name = passkey.name
    session.delete(passkey)
    return _changed(user, "remove_passkey", session_id, name=name)


def note_used(passkey: Passkey, *, sign_count: int, backup_state: bool, device_type: str) -> None:
    """To sign in, by an answer that was checked; who calls this holds the passkey."""
    passkey.lastuse_datetime = utcnow()
    passkey.sign_count, passkey.backup_state, passkey.device_type = sign_count, backup_state, str(device_type)


# Recovery codes


def digest_of(user: User, code: str) -> str:
    """What is kept of a code, however it was typed; with a key that is not in the database."""
    typed = "".join(sign for sign in code.upper().translate(READ_AS) if sign in SIGNS)
    key = derived_key(this_app().config["SECRET_KEY"], "recovery codes")
    return hmac.digest(key.encode(), f"{user.id} {typed}".encode(), "sha256").hex()


def new_codes() -> list[str]:
    """To be shown once."""
    codes = ("".join(secrets.choice(SIGNS) for _sign in range(LENGTH)) for _code in range(CODES))
    return ["-".join(code[start:start + 4] for start in range(0, LENGTH, 4)) for code in codes]


@command
def renew_recovery_codes(_actor, user: User, *, codes: list[str], session_id: int | None = None) -> User:
    """None of the earlier ones serves any more; :class:`Conflict` where there is nothing to stand in for."""
    lock(user)
    if not user.has_factor:
        raise Conflict(_("Recovery codes stand in for a second factor: set up one first."))
    user.mf_recovery_codes = [digest_of(user, code) for code in codes]
    return _changed(user, "renew_recovery_codes", session_id)


def is_recovery_code(user: User, code: str) -> bool:
    return digest_of(user, code) in (user.mf_recovery_codes or ())


@command
def use_recovery_code(_actor, user: User, *, code: str) -> User:
    """Sign in with it, once; :class:`Conflict` for one that is none of theirs, or has served."""
    lock(user, "mf_recovery_codes")
    if not is_recovery_code(user, code):
        raise Conflict(USED, _("Sign in again with another one."))
    used = digest_of(user, code)
    user.mf_recovery_codes = [kept for kept in user.mf_recovery_codes or () if kept != used]
    return _changed(user, "use_recovery_code", None, left=len(user.mf_recovery_codes))


# For whoever lost everything


@command
def reset_factors(_actor, user: User) -> User:
    """They sign in with their password or by a link, and set up another one; :class:`Invalid` where there is none."""
    lock(user, "tf_totp_secret", "mf_recovery_codes")
    if not user.has_factor:
        raise Invalid("email", _("This person has no second factor."))
    forget_factors(user)
    return _changed(user, "reset_factors", None)


def forget_factors(user: User) -> None:
    """All that there is of them; who calls this holds the user."""
    user.tf_totp_secret = user.totp_counter = user.mf_recovery_codes = user.fs_webauthn_user_handle = None
    session.execute(sa.delete(Passkey).where(Passkey.user_id == user.id))
    session.expire(user, ["has_passkey", "webauthn"])


def _changed(user: User, change: str, session_id: int | None, **said: Any) -> User:
    """In the session that is meant they go on."""
    session.flush()
    session.expire(user, ["has_passkey", "webauthn"])
    if not user.has_factor:
        user.mf_recovery_codes = None
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id, UserSession.id.is_distinct_from(session_id)))
    mail.write(user, "accounts/second_factor", topic=Topic.ACCOUNT, change=change, **said)
    return user
