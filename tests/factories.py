"""Rows for tests, with defaults: ``a_thing(**over)``."""

import itertools
import secrets
from datetime import timedelta

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Appointment, Commission, Consultation, Phase, Round
from consult.contributions.models import (
    Attachment,
    AttachmentKind,
    CommentType,
    Contribution,
    ContributionState,
    DraftWording,
    Kind,
    OfferedDraft,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.contributions.service import counting
from consult.core import tallies
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from consult.core.stores import store
from consult.organisations.models import (
    Category,
    Mandate,
    Membership,
    MembershipState,
    Organisation,
    OrganisationState,
    Region,
    Sector,
)
from consult.synthesis.models import Disposition, ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.service.counting import regathered

counter = itertools.count(1)


def saved(row):
    session.add(row)
    session.flush()
    return row


def an_organisation(**over) -> Organisation:
    return saved(new_organisation(next(counter), **over))


def new_organisation(n: int, **over) -> Organisation:
    values = {
        "slug": f"organisation-{n}", "short": f"ORG{n}", "name_fr": f"Laboratoire Témoin {n}", "name_ar": f"مختبر م-{n}",
        "category": Category.LABORATORY, "sector": Sector.AGRIFOOD, "region": Region.RABAT, "state": OrganisationState.CONFIRMED,
        "confirmed_at": utcnow(),
    }
    return Organisation(**{**values, **over})


def a_user(*, role=None, commission=None, organisation=None, **over) -> User:
    user = new_user(next(counter), **over)
    session.add(user)
    if organisation:
        session.add_all(speaking(user, organisation))
    if role:
        session.add(Appointment(user=user, role=role, commission=commission))
    session.flush()
    if role:
        session.refresh(user, ["appointments"])
    return user


def speaking(user: User, organisation: Organisation) -> tuple[Membership, Mandate]:
    """A member who may sign for it."""
    return Membership(user=user, organisation=organisation, state=MembershipState.MEMBER), Mandate(user=user, organisation=organisation)


def new_user(n: int, **over) -> User:
    values = {
        "email": f"person-{n}@example.org", "name": f"Personne {n}", "fs_uniquifier": secrets.token_hex(16),
        "confirmed_at": utcnow(), "language": "fr", "is_name_public": True,
    }
    return User(**{**values, **over})


def a_consultation(*, phase=Phase.OPEN, opened_days_ago=10, lasting_days=30, **over) -> Consultation:
    """With two commissions, and one round around now."""
    values = {
        "slug": f"consultation-{next(counter)}", "title_fr": "Politique nationale de la qualité", "title_ar": "السياسة الوطنية للجودة",
        "title_en": "National quality policy", "phase": phase, "cndp_number": "D-000/2026", "controller": "Ministère (exemple)",
        "recipients": "Commissions", "contact_email": "contact@example.org", "is_example": True,
    }
    consultation = Consultation(**{**values, **over})
    consultation.commissions = [
        Commission(number=n, title_fr=f"Commission {n}", title_ar=f"اللجنة {n}", title_en=f"Commission {n}") for n in (1, 2)
    ]
    opens_at = utcnow() - timedelta(days=opened_days_ago)
    consultation.rounds = [Round(number=1, opens_at=opens_at, closes_at=opens_at + timedelta(days=lasting_days), confirmed_at=opens_at)]
    return saved(consultation)


MARKDOWN = """---
title: {title}
commission: Commission {n}
chapter: {n}
language: {language}
---

# {chapter_word} {n} — {title} {{#C{n}}}

> **Texte d’exemple.**

## Contexte {{#C{n}-contexte}}

Un paragraphe de contexte, avec une note[^1].

| Indicateur | Cible |
|---|---|
| Normes | 100 |

## {axis} 1 — Mesurer

Intention de l’axe.

### {project} 1.1 — Étalonner

But du projet.

- **{action} 1.1.1** — Publier chaque année la liste des étalons nationaux.

    *Pilote :* LNM · *Échéance :* 2027 · *Indicateur :* une liste par an

- **{action} 1.1.2** — Former les techniciens des laboratoires.

    *Pilote :* OFPPT · *Échéance :* 2028 · *Indicateur :* personnes formées

[^1]: Loi 12-06.
"""
WORDS = {
    "fr": {"chapter_word": "Chapitre", "axis": "Axe", "project": "Projet", "action": "Action", "title": "Métrologie"},
    "ar": {"chapter_word": "الباب", "axis": "المحور", "project": "المشروع", "action": "الإجراء", "title": "المترولوجيا"},
}


def markdown(number: int = 1, language: str = "fr", **over) -> str:
    """A small chapter file with one of each kind of block."""
    return MARKDOWN.format(**{"n": number, "language": language, **WORDS[language], **over})


def a_chapter(consultation, *, number: int = 1, languages=("fr", "ar")) -> Chapter:
    for language in languages:
        chapters.import_chapter(SYSTEM, consultation, data=markdown(number, language).encode())
    return chapters.get_chapter(consultation, number)


def block_of(chapter: Chapter, key: str, language: str = "fr") -> Block:
    return session.scalars(
        sa.select(Block).join(Revision).where(Revision.chapter_id == chapter.id, Revision.language == language, Block.key == key)
    ).one()


def a_contribution(*, block: Block, author: User | None = None, replacement: str | None = None, **over) -> Contribution:
    """A row as if it had been lodged; the service that lodges has its own tests."""
    n = next(counter)
    author = author or a_user(organisation=an_organisation())
    contribution = saved(new_contribution(n, block, replacement, **{"author": author, "organisation": author.organisation, **over}))
    digest = contribution.digest  # reads what it was signed with, before there is a receipt that is not written yet
    session.add(Receipt(contribution=contribution, digest=digest))
    session.flush()
    counted([contribution])
    return contribution


def a_file(data: bytes, *, number: int = 1, **over) -> Attachment:
    """To be lodged: ``a_contribution(attachments=[a_file(b"…")], files_count=1)``."""
    values = {"number": number, "name": f"note-{number}.pdf", "kind": AttachmentKind.PDF, "is_confidential": False}
    return Attachment(**{**values, **over}, size=len(data), sha256=store().put(data))


def an_offered_draft(*, block: Block, author: User | None = None, fields: dict | None = None, **over) -> OfferedDraft:
    """As if its author, a member of the organisation, had offered it."""
    author = author or a_user(organisation=an_organisation())
    values = {
        "form_key": f"offer-{next(counter)}", "author": author, "organisation_id": author.organisation_id, "block": block,
        "consultation_id": block.chapter.consultation_id, "chapter_number": block.chapter.number, "place": block.position,
    }
    offered = saved(OfferedDraft(**{**values, **over}))
    saved(DraftWording(offered_draft_id=offered.id, number=1, author_id=author.id,
                       fields={"position": "opposed", "body": "Un avis.", **(fields or {})}))
    return offered


def counted(contributions: list[Contribution]) -> None:
    """Count what no command lodged."""
    chapters.mark_changed(contributions[0].chapter)
    tallies.add(counting.count([contribution.id for contribution in contributions]))


def change(*contributions: Contribution, **values) -> None:
    """What stands of them, without the act that leads there."""
    with counting.recounted(contributions):
        for contribution in contributions:
            for name, value in values.items():
                setattr(contribution, name, value)


def new_contribution(n: int, block: Block, replacement: str | None = None, **over) -> Contribution:
    values = {
        "ref": f"PNQ-C{block.chapter.number}-T{n:04}", "form_key": f"form-{n}", "chapter": block.chapter, "block": block,
        "block_key": block.key, "language": "fr", "kind": Kind.COMMENT, "comment_type": CommentType.TECHNICAL,
        "position": Position.IN_FAVOUR_WITH_CHANGES, "body": f"Précisez ce point ({n}).",
        "amendment": SuggestedAmendment(replacement=replacement) if replacement else None,
    }
    return Contribution(**{**values, **over})


def a_published_contribution(**over) -> Contribution:
    return a_contribution(**{"state": ContributionState.PUBLISHED, **over})


def published_contributions(number: int, *, block: Block, replacement: str | None = None) -> None:
    """As many as ``a_published_contribution`` makes one by one, each of another author for another organisation, written together."""
    made = []
    for n in itertools.islice(counter, number):
        author, organisation = new_user(n), new_organisation(n)
        session.add_all(speaking(author, organisation))
        made.append(new_contribution(n, block, replacement, author=author, organisation=organisation, state=ContributionState.PUBLISHED))
    session.add_all(made)
    session.flush()
    digests = [contribution.digest for contribution in made]
    session.add_all([Receipt(contribution=contribution, digest=digest) for contribution, digest in zip(made, digests, strict=True)])
    session.flush()
    counted(made)


def a_synthesis(chapter: Chapter, **over) -> Synthesis:
    return saved(Synthesis(chapter=chapter, **over))


def an_item(synthesis: Synthesis, *contributions: Contribution, **over) -> SynthesisItem:
    values = {
        "synthesis": synthesis, "number": synthesis.last_number + 1,
        "title": "Liste des étalons", "summary": "Plusieurs demandent une liste.", "disposition": Disposition.NOTED,
        "rationale": "Le texte le prévoit déjà.",
    }
    item = saved(SynthesisItem(**{**values, **over}))
    synthesis.last_number = max(synthesis.last_number, item.number)
    gather(item, *contributions)
    return item


def gather(item: SynthesisItem, *contributions: Contribution) -> None:
    """Whatever their state."""
    with regathered([contribution.id for contribution in contributions]):
        for contribution in contributions:
            saved(ItemContribution(item=item, contribution=contribution))
