"""The synthesis as it is read: items in text order with their references, counts and redlines, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionState, Position
from consult.core.db import session
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Organisation
from consult.synthesis.models import ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.service.respondents import Respondent, Respondents, by_category
from consult.synthesis.service.text_order import LAST, beginnings, places, text_order
from consult.synthesis.service.wordings import Rewording, list_rewordings


@dataclass(frozen=True)
class Reference:
    """A contribution that an item rests on."""

    ref: str
    position: Position
    state: ContributionState


@dataclass
class PlacedItem:
    """One item with the wordings that it changes, and where in the text it begins."""

    item: SynthesisItem
    order: int = LAST
    changes: list[Rewording] = field(default_factory=list)


@dataclass
class ItemView(PlacedItem):
    """One item with all that its readers are shown."""

    labels: dict[str, str] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    respondents: list[Respondent] = field(default_factory=list)
    voices: Respondents | None = None


def list_placed_items(consultation: Consultation, *, chapter: Chapter | None = None) -> list[PlacedItem]:
    """All items, or those of one chapter, chapter by chapter in text order; two queries."""
    return placed(Chapter.consultation_id == consultation.id, *((Chapter.id == chapter.id,) if chapter else ()))


def list_public_items(consultation: Consultation) -> list[PlacedItem]:
    """Those of the syntheses that everybody reads."""
    return placed(Chapter.consultation_id == consultation.id, Chapter.id.in_(sa.select(Synthesis.chapter_id).where(Synthesis.is_public)))


def placed(*of_chapters: sa.ColumnElement[bool]) -> list[PlacedItem]:
    begins = beginnings(*of_chapters)
    order, *_number = text_order(begins)
    rows = session.execute(
        sa.select(SynthesisItem, order).join(SynthesisItem.synthesis).join(Chapter, Chapter.id == Synthesis.chapter_id)
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id).where(*of_chapters)
        .order_by(Chapter.number, *text_order(begins)).options(contains_eager(SynthesisItem.synthesis).lazyload(Synthesis.chapter))
    )
    items = {item.id: PlacedItem(item, at) for item, at in rows}
    for item_id, changes in list_rewordings(items).items():
        items[item_id].changes += changes
    return list(items.values())


def list_items(actor: Actor, synthesis: Synthesis) -> list[ItemView]:
    """All items in text order; public once the synthesis is."""
    require(actor, Action.SYNTHESIS_READ, synthesis)
    views = {item.id: ItemView(item) for item in session.scalars(
        sa.select(SynthesisItem).where(SynthesisItem.synthesis_id == synthesis.id))}
    whole = []
    for item_id, reference, respondent, key, label, order in spoken(synthesis):
        if respondent:
            whole.append(respondent)
        if item_id not in views:
            continue
        view = views[item_id]
        view.order = min(view.order, order)
        view.labels.setdefault(key, label)
        view.references.append(reference)
        if respondent:
            view.respondents.append(respondent)
    of = by_category(whole)
    for item_id, changes in list_rewordings(views).items():
        views[item_id].changes += changes
    for view in views.values():
        view.voices = Respondents.among(view.respondents, of)
    return sorted(views.values(), key=lambda view: (view.order, view.item.number))


def spoken(synthesis: Synthesis):
    """Each contribution to the chapter, in text order: its item, reference, and its voice when it is published."""
    place = places(synthesis.chapter)
    order = sa.func.coalesce(place.c.position, LAST)
    rows = session.execute(
        sa.select(ItemContribution.item_id, Contribution.ref, Contribution.position, Contribution.state, Contribution.organisation_id,
                  Contribution.author_id, Organisation.category, Contribution.provision_key, place.c.label, order)
        .select_from(Contribution).outerjoin(ItemContribution).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(place, place.c.key == Contribution.provision_key)
        .where(Contribution.chapter_id == synthesis.chapter.id).order_by(order, Contribution.id)
    )
    for item_id, ref, position, state, organisation_id, author_id, category, key, label, at in rows:
        respondent = Respondent(position, category, organisation_id, author_id) if state.is_public else None
        yield item_id, Reference(ref, position, state), respondent, key, label or key, at


def list_contested(views: Iterable[ItemView]) -> list[ItemView]:
    """Those where some are in favour and some opposed."""
    return [view for view in views if view.voices and view.voices.is_contested]
