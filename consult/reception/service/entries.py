"""Typing what somebody said elsewhere: in their name, once, with a reference, a receipt and a stub."""

import base64
import hmac
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import MAX_NAME, User
from consult.accounts.service.keys import token_hash
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.contributions.service.drafting import FORM_KEY
from consult.core import tallies
from consult.core.commands import command
from consult.core.config import derived_key, this_app
from consult.core.course import share_course
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import DEFAULT_LANGUAGE, LANGUAGES, _, arrived
from consult.core.locks import lock
from consult.core.mail import ELSEWHERE
from consult.core.paging import REGISTER_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require
from consult.organisations import finding
from consult.organisations import service as organisations
from consult.organisations.models import Category, Organisation
from consult.reception.models import MAX_CONTACT, Batch, Entry
from consult.reception.service.batches import draw, require_in_time
from consult.text.normalising import is_blank, name_key, normalised, validated_line

CODE_BYTES = 10  # 80 bits, sixteen signs
MAX_NEAREST = 5
NO_PASSAGE = _("Type its key as it stands beside it in the text, or some words of it.")


class SameWords(Conflict):
    """The same words are in this batch already, under ``entry``: another slip may well say them, and whoever types says so."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(_("No. %(number)s of this batch says the same words, under %(ref)s.", number=entry.number,
                           ref=entry.contribution.ref),
                         _("If it is another slip, send the form again; if it is the same one, go on with the next."))
        self.entry = entry


class Stub(NamedTuple):
    """What its author is handed: by the code they show later that it is theirs."""

    entry: Entry
    code: str


def _once(act: Callable[..., Entry]) -> Callable[..., Entry]:
    """The same form sent again answers with what it entered, and leaves no second event."""
    @wraps(act)
    def run(actor: User, batch: Batch, /, *, form_key: str, **values: Any) -> Entry:
        if not FORM_KEY.fullmatch(form_key or ""):
            raise Invalid("form_key", _("This form is damaged."), _("Open it again; copy your text first."))
        with arrived():
            share_course()
            lock(batch)  # who types in the same batch at this moment waits here
            known = session.scalar(sa.select(Entry).where(Entry.form_key == form_key))
            if known is not None and (known.batch_id, known.typed_by_id) != (batch.id, actor.id):
                raise Conflict(_("This form was sent already, by somebody else."), _("Open the page of the batch again."))
            with tallies.together():
                return known or act(actor, batch, form_key=form_key, **values)
    return run


@_once
@command
def enter(
    actor: User, batch: Batch, *, form_key: str, block: Block, name: str = "", contact: str = "", is_name_public: bool = False,
    organisation: str = "", category: Category | None = None, same_as: int | None = None, is_another: bool = False,
    language: str = DEFAULT_LANGUAGE, **values: Any,
) -> Entry:
    """Type the next one of the batch, in the name of its author.

    ``same_as`` is the number of an earlier one by the same person. ``organisation`` is the name of the one for which they spoke, listed
    as to be confirmed, in its ``category``, where nobody listed it; ``values`` are those of :func:`~consult.contributions.service.lodge`.
    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where the batch is full or closed, :class:`SameWords` where it
    has these words already, unless it ``is_another`` slip.
    """
    lock(batch)  # held already where the form was looked for; the act says so itself
    require_in_time(batch)
    if not batch.left:
        raise Conflict(_("All %(count)s of this batch are typed or set aside.", count=batch.announced),
                       _("What was not counted when the batch was registered is registered as another batch."))
    if not is_another and (same := _find_same(batch, values.get("body", ""))):
        raise SameWords(same)
    kept = validated_line("contact", contact, max_length=MAX_CONTACT)
    contributions.check_said(block, **values)
    known = _same_author(batch, same_as) if same_as else None
    said = "" if known else _name(name, may_be_nameless=not is_blank(organisation))
    body = _organisation(actor, batch.consultation, organisation, category)
    author = known or _person(said, language, is_name_public=is_name_public)
    contribution = contributions.enter(actor, block, form_key=form_key, author=author, origin=batch.origin, received_at=batch.received_at,
                                      as_organisation=body, language=language, **values)
    salt = secrets.token_hex(16)
    batch.last_number += 1
    entry = Entry(form_key=form_key, batch=batch, number=batch.last_number, contribution=contribution, contact=kept,
                  code_hash=token_hash(_code(salt)), salt=salt, typed_by_id=actor.id, claimed_at=None)
    session.add(entry)
    session.flush()
    draw(batch)
    return entry


def _find_same(batch: Batch, body: str) -> Entry | None:
    words = contributions.check_words(body=body)["body"]
    return session.scalar(
        sa.select(Entry).join(Contribution, Contribution.id == Entry.contribution_id)
        .where(Entry.batch_id == batch.id, Contribution.lodged_body == words).order_by(Entry.number).limit(1))


def says_another(batch: Batch, *, body: str, name: str, organisation: str) -> bool:
    """Whether the batch has these words from others alone, by what they are called and for whom they speak; :class:`Invalid` names
    the field that cannot be taken.
    """
    spoken_for = listed[0].body.id if not is_blank(organisation) and (listed := finding.list_same([organisation])) else None
    if not is_blank(organisation) and spoken_for is None:
        return True
    words, called = contributions.check_words(body=body)["body"], validated_line("name", name, max_length=MAX_NAME)
    return session.scalar(
        sa.select(Entry.id).join(Contribution, Contribution.id == Entry.contribution_id).join(User, User.id == Contribution.author_id)
        .where(Entry.batch_id == batch.id, Contribution.lodged_body == words, User.name == called,
               Contribution.organisation_id.is_not_distinct_from(spoken_for)).limit(1)) is None


def _name(name: str, *, may_be_nameless: bool) -> str:
    said = validated_line("name", name, max_length=MAX_NAME)
    if is_blank(said) and not may_be_nameless:
        raise Invalid("name", _("Contributions are not anonymous: type the name of its author, or the organisation."),
                      _("What has neither is set aside, with this reason."))
    return said


def _person(said: str, language: str, *, is_name_public: bool) -> User:
    """A row that points to nobody's account: each slip without a person in common counts as somebody else's."""
    person = User(email=f"{secrets.token_hex(16)}{ELSEWHERE}", name=said, language=language if language in LANGUAGES else DEFAULT_LANGUAGE,
                  is_name_public=is_name_public and not is_blank(said), is_told_of_work=False, active=False, is_entered=True,
                  fs_uniquifier=secrets.token_hex(32))
    session.add(person)
    session.flush()
    return person


def _same_author(batch: Batch, number: int) -> User:
    earlier = session.scalar(sa.select(Entry).where(Entry.batch_id == batch.id, Entry.number == number))
    if earlier is None:
        raise Invalid("same_as", _("There is no No. %(number)s in this batch.", number=number))
    return earlier.contribution.author


def _organisation(actor: User, consultation: Consultation, name: str, category: Category | None) -> Organisation | None:
    if is_blank(name):
        return None
    if listed := finding.list_same([name]):
        return listed[0].body
    if category is None:
        raise Invalid("category", _("This organisation is not listed yet: choose its category, and it is listed as to be confirmed."),
                      _("If it is listed under another name, type that one."))
    return organisations.enter(actor, consultation, name=name, category=category)


# The stub


def _code(salt: str) -> str:
    """Made of what the row holds and of a key of the settings: who reads the database alone knows no code, and a stub is printed again."""
    key = derived_key(this_app().config["SECRET_KEY"], "stubs").encode()
    return base64.b32encode(hmac.digest(key, salt.encode(), "sha256")[:CODE_BYTES]).decode()


def list_stubs(actor: Actor, batch: Batch, *, after: Cursor | None = None) -> Page[Stub]:
    """Those of a batch, the newest first, to be printed and handed to their authors; without those that were claimed."""
    require(actor, Action.RECEPTION_VIEW, batch)
    page = _page(sa.select(Entry).where(Entry.batch_id == batch.id, Entry.claimed_at.is_(None)), after)
    stubs = [Stub(entry, code) for entry in page.rows if token_hash(code := _code(entry.salt)) == entry.code_hash]
    return Page(stubs, page.after, page.older)


# Where it belongs


def get_block(actor: Actor, consultation: Consultation, typed: str, language: str) -> Block:
    """The passage that is called so: its key, or words that stand in one passage alone; :class:`Invalid` (field ``passage``)."""
    require(actor, Action.RECEPTION_VIEW, consultation)
    said = validated_line("passage", typed, max_length=300)
    if is_blank(said):
        raise Invalid("passage", _("Say of which passage it speaks."), NO_PASSAGE)
    revisions = _newest(consultation, language)
    number = next((int(part) for part in [said[1:].split("-")[0]] if said[:1].lower() == "c" and part.isdecimal() and len(part) < 4), None)
    named = [revision for chapter, revision in revisions if chapter.number == number]
    if named:
        return chapters.get_called_block("passage", named[0].id, said)
    words = name_key(normalised(said))
    blocks = session.scalars(sa.select(Block).where(Block.revision_id.in_([revision.id for _chapter, revision in revisions]))
                             .order_by(Block.revision_id, Block.position))
    found = [block for block in blocks if words in name_key(normalised(block.text))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Invalid("passage", _("No passage is called so, and none has these words."), NO_PASSAGE)
    raise Invalid("passage", _("%(count)s passages have these words.", count=len(found)),
                  _("The first of them: %(keys)s. Type one of these keys, or more words.", keys=", ".join(
                      block.key for block in found[:MAX_NEAREST])))


def _newest(consultation: Consultation, language: str) -> list[tuple[Chapter, Revision]]:
    """Of each chapter, the text in this language, else in French."""
    known = chapters.list_published(consultation)
    found = [(chapter, known.get((chapter.number, language)) or known.get((chapter.number, DEFAULT_LANGUAGE)))
             for chapter in chapters.list_chapters(consultation)]
    return [(chapter, revision) for chapter, revision in found if revision is not None]


# Looking


def get_entry(actor: Actor, batch: Batch, number: int) -> Entry:
    """Raises :class:`NotFound`."""
    require(actor, Action.RECEPTION_VIEW, batch)
    entry = session.scalar(_whole(sa.select(Entry).where(Entry.batch_id == batch.id, Entry.number == number)))
    if entry is None:
        raise NotFound(_("There is no No. %(number)s in this batch.", number=number))
    return entry


def list_entries(actor: Actor, batch: Batch, *, after: Cursor | None = None) -> Page[Entry]:
    """The newest first."""
    require(actor, Action.RECEPTION_VIEW, batch)
    return _page(sa.select(Entry).where(Entry.batch_id == batch.id), after)


def _page(chosen: sa.Select, after: Cursor | None) -> Page[Any]:
    return get_page(_whole(chosen), falling(Entry.number), after=after, size=REGISTER_PAGE_SIZE)


def _whole(chosen: sa.Select) -> sa.Select:
    said = joinedload(Entry.contribution)
    return chosen.options(said.joinedload(Contribution.author).lazyload(User.appointments), said.joinedload(Contribution.organisation),
                          said.joinedload(Contribution.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)),
                          joinedload(Entry.check), joinedload(Entry.typed_by).lazyload(User.appointments))
