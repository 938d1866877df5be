"""What was typed in a form that was refused: shown again, to be sent again, whichever form it was.

The session ended, somebody else signed in at that browser, the page was too old: no view ran, or none that could show its form. What was
typed stands in the answer. Of whoever has to sign in first it is kept besides, for that browser alone, and waits behind the sign-in.
"""

import hmac
import json
import logging
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from itertools import accumulate, islice
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Request, current_app, g
from flask_wtf import FlaskForm
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.exceptions import HTTPException
from wtforms import BooleanField, FileField, HiddenField, PasswordField, SubmitField, TextAreaField
from wtforms.fields.choices import SelectFieldBase
from wtforms.fields.core import UnboundField
from wtforms.widgets import HiddenInput

from consult.core import outage
from consult.core.config import derived_key
from consult.core.db import Base, PrimaryKey, Timestamp, session, unit_of_work
from consult.core.i18n import _, utcnow
from consult.core.jobs import every_second
from consult.core.origins import is_of_this_site, network, split
from consult.core.permissions import Actor

log = logging.getLogger(__name__)
KEPT_FOR = timedelta(days=7)
# Whoever sends forms without signing in fills the disk no further than this (characters, of all of them together).
MAX_KEPT, MAX_FORMS = 100_000_000, 20_000
MAX_OF_NETWORK, MAX_FORMS_OF_NETWORK = 4_000_000, 500  # beyond which the oldest of the same network give way
MAX_TYPED = 65_536  # characters of one form: more than all that any of ours takes
REMEMBERED = 20  # by one browser
NEVER_KEPT = re.compile(r"\A(?:csrf_token|kept)\Z|pass(?:word|code)")
# What people type in fields that a template writes by itself; all others are known by their form.
WORDS = {"title": _("Title"), "wording": _("New wording"), "more": _("Another passage, by its number"), "told": _("What the receipt says"),
         "other": _("Reference of a contribution to this chapter that says the same"), "since": _("Begin at the reference")}
CHOSEN = (HiddenField, SelectFieldBase, BooleanField, SubmitField, FileField)


class KeptForm(Base):
    """A form that was sent without a session, until whoever sent it has signed in."""

    __tablename__ = "kept_form"
    __append_only__ = False  # it was recorded nowhere: its author sends it, or it is forgotten
    __recorded__ = False  # what was recorded nowhere

    id: Mapped[PrimaryKey]
    token: Mapped[str] = mapped_column(sa.String(64), unique=True)
    address: Mapped[str]
    came_from: Mapped[str]
    fields: Mapped[str]  # as JSON in text: also what no column of JSON takes
    kept_at: Mapped[Timestamp]
    network: Mapped[str] = mapped_column(sa.String(64), default="")  # a keyed digest of it
    size: Mapped[int] = mapped_column(default=0)  # characters

    __table_args__ = (sa.Index("ix_kept_form_network", "network", "size"),)  # how much is kept is read out of it


@dataclass(frozen=True)
class Typed:
    """One value of a form as it was sent; ``label`` says what it is where a person typed it."""

    name: str
    value: str
    label: str = ""
    is_long: bool = False


@dataclass(frozen=True)
class Refused:
    """A form that was sent and not taken, to be shown again."""

    address: str
    came_from: str
    fields: list[Typed]
    token: str = ""  # under which it is kept
    has_secrets: bool = False  # and so cannot be sent again as it was
    has_files: bool = False

    @property
    def words(self) -> list[Typed]:
        return [field for field in self.fields if field.label]

    @property
    def choices(self) -> list[Typed]:
        return [field for field in self.fields if not field.label]


# What the fields of our forms are


def _forms(form: Any = FlaskForm) -> Iterator[Any]:
    for one in form.__subclasses__():
        yield one
        yield from _forms(one)


@cache
def _fields_of(form: Any) -> dict[str, UnboundField]:
    found = {name: getattr(form, name, None) for name in dir(form)}
    return {name: field for name, field in found.items() if isinstance(field, UnboundField)}


def _form_with(names: set[str]) -> dict[str, UnboundField]:
    """The fields of the form that has most of these; several rooms call a field by one name, each with its label."""
    return max((_fields_of(form) for form in _forms()), key=lambda fields: len(names & fields.keys()), default={})


def secret_names() -> set[str]:
    """Of all fields in which a password is asked for, by whatever form."""
    return {name for form in _forms() for name, field in _fields_of(form).items() if issubclass(field.field_class, PasswordField)}


def is_secret(name: str, passwords: set[str] | None = None) -> bool:
    """Whether it is never kept nor shown, by whatever form it is asked; whoever asks of many brings :func:`secret_names`."""
    return bool(NEVER_KEPT.search(name)) or name in (secret_names() if passwords is None else passwords)


def _typed(name: str, value: str, field: UnboundField | None) -> Typed:
    is_long = "\n" in value or len(value) > 80
    if field is None:
        return Typed(name, value, str(WORDS.get(name) or (_("Text") if " " in value or is_long else "")), is_long)
    if issubclass(field.field_class, CHOSEN) or isinstance(field.kwargs.get("widget"), HiddenInput):
        return Typed(name, value)
    label = field.args[0] if field.args else field.kwargs.get("label", "")
    return Typed(name, value, str(label or _("Text")), is_long or issubclass(field.field_class, TextAreaField))


def named(sent: list[tuple[str, str]]) -> list[Typed]:
    fields = _form_with({name for name, _value in sent})
    return [_typed(name, value, fields.get(name)) for name, value in sent]


# What this request sent


def is_ours(request: Request) -> bool:
    """Whether a page of ours sent this form: what another site sends in somebody's name is never offered to be sent again."""
    origin = request.headers.get("Origin") or request.referrer
    hosts = request.host, urlsplit(current_app.config["BASE_URL"]).netloc
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none") and (
        not origin or split(origin).netloc in hosts)


def refused_form(request: Request, came_from: str | None) -> Refused | None:
    """None where nobody sent a form, or another site did."""
    if request.method != "POST" or not is_ours(request):
        return None
    asked = urlsplit(request.url)
    address = asked.path + (f"?{asked.query}" if asked.query else "")
    return as_sent(request, address, came_from or "") if is_of_this_site(address) else None


def as_sent(request: Request, address: str, came_from: str) -> Refused | None:
    """What this request brings of the form that is sent to ``address``; None where it is too large to be read at all."""
    try:
        sent = list(request.form.items(multi=True))
    except HTTPException:
        return None
    passwords = secret_names()
    kept = [(name, value) for name, value in sent if not is_secret(name, passwords)]
    has_secrets = any(value and name not in ("csrf_token", "kept") for name, value in sent if is_secret(name, passwords))
    has_files = any(file.filename for file in request.files.values())
    return Refused(address, came_from, named(kept), request.form.get("kept", ""), has_secrets, has_files)


# Kept behind the sign-in


def shown(request: Request, cookies: Any, actor: Actor, came_from: str | None) -> Refused | None:
    """What is refused, for the page that says so; kept behind the sign-in for whoever has to sign in before it is taken."""
    found = refused_form(request, came_from)
    return found and keep_for_visitor(request, cookies, actor, found)


def keep_for_visitor(request: Request, cookies: Any, actor: Actor, found: Refused) -> Refused:
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    if not found.words or actor.is_authenticated or request.blueprint == "security" or not is_page or g.get("is_flooding"):
        return found
    try:
        return keep(cookies, found, network_digest(request))
    except SQLAlchemyError as error:  # it stands on the page at least
        outage.tell(log, error, "a refused form could not be kept")
        session.rollback()
        return found


def _known(cookies: Any) -> list[list]:
    return cookies.get("kept", [])


def network_digest(request: Request) -> str:
    """Where it came from, by which nobody finds the address again."""
    key = derived_key(current_app.config["SECRET_KEY"], "kept forms").encode()
    return hmac.digest(key, network(request.remote_addr or "").encode(), "sha256").hex()


def has_room(size: int) -> bool:
    """Of all networks together; counted in an index, and no further than there may be forms."""
    each = sa.select(KeptForm.size).limit(MAX_FORMS).subquery()
    count, kept = session.execute(sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(each.c.size), 0)).select_from(each)).one()
    return count < MAX_FORMS and kept + size <= MAX_KEPT


def make_room(whose: str, size: int) -> None:
    """The oldest forms of a network give way to one of the same network, and to nobody else's."""
    kept = session.execute(sa.select(KeptForm.id, KeptForm.size).where(KeptForm.network == whose).order_by(KeptForm.id.desc())).all()
    sums = accumulate((row.size for row in kept), initial=size)
    staying = sum(1 for place, held in enumerate(islice(sums, 1, None), 1) if held <= MAX_OF_NETWORK and place < MAX_FORMS_OF_NETWORK)
    if going := [row.id for row in kept[staying:]]:
        session.execute(sa.delete(KeptForm).where(KeptForm.id.in_(going)))


def keep(cookies: Any, refused: Refused, whose: str) -> Refused:
    """The same, kept for this browser, where there is room: nothing that waits for another network is thrown away for it."""
    fields = json.dumps([(field.name, field.value) for field in refused.fields])
    around = len(refused.address) + len(refused.came_from)
    if around + sum(len(field.name) + len(field.value) for field in refused.fields) > MAX_TYPED:
        return replace(refused, token="")
    token, size = secrets.token_urlsafe(24), around + len(fields)
    with unit_of_work():
        session.execute(sa.delete(KeptForm).where(KeptForm.token == refused.token, KeptForm.token.in_(dict(_known(cookies)))))
        there = set(session.scalars(sa.select(KeptForm.token).where(KeptForm.token.in_(dict(_known(cookies))))))
        others = [entry for entry in _known(cookies) if entry[0] in there]
        is_kept = len(others) < REMEMBERED
        if is_kept:
            make_room(whose, size)
            is_kept = has_room(size)
        if is_kept:
            session.add(KeptForm(token=token, address=refused.address, came_from=refused.came_from, fields=fields,
                                 network=whose, size=size))
    cookies["kept"] = [*others, [token, None]] if is_kept else others
    return replace(refused, token=token if is_kept else "")


def get_kept(cookies: Any, actor: Actor, token: str) -> Refused | None:
    """What this browser sent, for whoever signs in there first and nobody after them."""
    owners = dict(_known(cookies))
    if token not in owners or owners[token] not in (None, actor.id):
        return None
    kept = session.scalar(sa.select(KeptForm).where(KeptForm.token == token))
    if kept is None:
        return None
    if actor.is_authenticated:
        cookies["kept"] = [[known, actor.id if known == token else owner] for known, owner in _known(cookies)]
    return Refused(kept.address, kept.came_from, named(json.loads(kept.fields)), token)


def waiting(cookies: Any) -> str | None:
    """The token of what waits for whoever has just signed in at this browser."""
    tokens = [token for token, owner in _known(cookies) if owner is None]
    newest = sa.select(KeptForm.token).where(KeptForm.token.in_(tokens)).order_by(KeptForm.id.desc()).limit(1)
    return session.scalar(newest) if tokens else None


def forget(cookies: Any, token: str) -> None:
    """It was sent and taken."""
    if token not in [known for known, _owner in _known(cookies)]:
        return
    with unit_of_work():
        session.execute(sa.delete(KeptForm).where(KeptForm.token == token))
    cookies["kept"] = [entry for entry in _known(cookies) if entry[0] != token]


@every_second
def drop_forgotten_forms() -> None:
    session.execute(sa.delete(KeptForm).where(KeptForm.kept_at < utcnow() - KEPT_FOR).execution_options(synchronize_session=False))
