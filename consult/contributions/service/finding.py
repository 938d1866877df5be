"""What is found of what people said: contributions and replies that everybody reads, by their words; never by who wrote them."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, load_only

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import Attachment, AttachmentWords, Contribution, Reply, SuggestedAmendment
from consult.contributions.service.indexing import TEXT_COLUMNS
from consult.contributions.statement import TEXTS
from consult.core import events as core_events
from consult.core.db import session
from consult.core.finding import Findable, Hit, Passage, columns
from consult.core.i18n import N_, _
from consult.organisations.models import Organisation

OWN = 20  # what a word of the contribution is worth beside one of its files, which may be long


@core_events.findables.fill
def contributions() -> Findable:
    return Findable("said", N_("Contributions"), _said_to_everybody, _texts_of_contributions, _hits_of_contributions)


@core_events.findables.fill
def replies() -> Findable:
    return Findable("reply", N_("Replies to contributions"), _replied_to_everybody, _texts_of_replies, _hits_of_replies)


def _said_to_everybody() -> sa.Select[Any]:
    said = Contribution
    return (
        sa.select(*columns(
            id=said.id, chapter_id=said.chapter_id, number=Chapter.number, place=chapters.position_of(said.chapter_id, said.current_key),
            at=said.submitted_at, key=said.current_key, ref=said.ref, language=said.language, organisation_id=said.organisation_id,
            kind=said.kind, comment_type=said.comment_type, position=said.position))
        .join(Chapter, Chapter.id == said.chapter_id).where(said.is_public))


def _replied_to_everybody() -> sa.Select[Any]:
    said = Contribution
    return (
        sa.select(*columns(
            id=Reply.id, chapter_id=Reply.chapter_id, number=Chapter.number, place=chapters.position_of(said.chapter_id, said.current_key),
            at=Reply.submitted_at, key=said.current_key, ref=Reply.ref, language=Reply.language, organisation_id=Reply.organisation_id))
        .join(said, said.id == Reply.contribution_id).join(Chapter, Chapter.id == Reply.chapter_id).where(Reply.is_public))


def _texts_of_contributions(ids: Sequence[int]) -> Iterable[tuple[int, list[Passage]]]:
    rows = sa.select(Contribution.id, *(getattr(Contribution, field.name) for field in TEXTS), Contribution.exact,
                     SuggestedAmendment.replacement)
    attached = _attached_words(ids)
    for contribution_id, *texts in session.execute(
            rows.outerjoin(SuggestedAmendment, SuggestedAmendment.contribution_id == Contribution.id).where(Contribution.id.in_(ids))):
        yield contribution_id, [
            *(Passage(words, OWN if contribution_id in attached else 1) for words in texts if words),
            *(Passage(words) for words in attached.get(contribution_id, ()))]


def _attached_words(ids: Sequence[int]) -> dict[int, list[str]]:
    """What was read of the files that everybody opens: none of a contribution of which words are hidden."""
    found: dict[int, list[str]] = {}
    read = sa.select(Attachment.contribution_id, AttachmentWords.words).where(AttachmentWords.attachment_id == Attachment.id)
    for contribution_id, words in session.execute(read.join(Attachment.contribution).where(
            ~Contribution.is_redacted, Attachment.contribution_id.in_(ids), Attachment.is_confidential.is_(False)).order_by(Attachment.id)):
        found.setdefault(contribution_id, []).append(words)
    return found


def _texts_of_replies(ids: Sequence[int]) -> Iterable[tuple[int, list[Passage]]]:
    for reply_id, body in session.execute(sa.select(Reply.id, Reply.body).where(Reply.id.in_(ids))):
        yield reply_id, [Passage(body)]


def _hits_of_contributions(ids: Sequence[int], language: str) -> list[Hit]:
    rows = session.scalars(
        sa.select(Contribution).where(Contribution.id.in_(ids)).options(
            load_only(Contribution.ref, Contribution.language, Contribution.position, Contribution.submitted_at, Contribution.exact,
                      Contribution.current_key, Contribution.block_key, *TEXT_COLUMNS),
            joinedload(Contribution.amendment), _organisation(Contribution), lazyload(Contribution.chapter)))
    return [
        Hit(said.id, said.ref, "contributions.show", {"ref": said.ref}, said.language, _words_of(said), said.submitted_at, ref=said.ref,
            by=_by(said, language), place=said.provision_key, notes=[said.position.label])
        for said in rows]


def _words_of(said: Contribution) -> str:
    parts = [said.body, said.justification, said.amendment.replacement if said.amendment else "", said.exact]
    return "\n".join(part for part in parts if part)


def _hits_of_replies(ids: Sequence[int], language: str) -> list[Hit]:
    rows = session.scalars(sa.select(Reply).where(Reply.id.in_(ids)).options(
        joinedload(Reply.contribution).options(load_only(Contribution.ref, Contribution.current_key, Contribution.block_key),
                                               lazyload(Contribution.chapter)),
        _organisation(Reply), lazyload(Reply.chapter)))
    return [
        Hit(reply.id, reply.ref, "contributions.show", {"ref": reply.ref}, reply.language, reply.body, reply.submitted_at, ref=reply.ref,
            by=_by(reply, language), place=reply.provision_key, notes=[_("Reply to %(ref)s", ref=reply.contribution.ref)])
        for reply in rows]


def _organisation(model: type[Any]) -> Any:
    return joinedload(model.organisation).load_only(Organisation.short, Organisation.name_fr, Organisation.name_ar, Organisation.name_en)


def _by(said: Contribution | Reply, language: str) -> str:
    return said.organisation.name(language) if said.organisation else ""
