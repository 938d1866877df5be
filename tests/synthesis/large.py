"""A text of two axes, and a synthesis of many items written together."""

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position
from consult.core import tallies
from consult.core.db import session
from consult.core.permissions import SYSTEM
from consult.organisations.models import Category, Organisation, Region, Sector
from consult.synthesis.models import BlockChange, Disposition, ItemContribution, Synthesis, SynthesisItem
from tests import factories

CONTEXT, FIRST, SECOND, AFTER = "C1-contexte-§1", "C1-A1-P1-a1", "C1-A2-P1-a1", "C1-suivi-§1"
MORE = """## Axe 2 — Former

### Projet 2.1 — Enseigner

- **Action 2.1.1** — Ouvrir une licence de métrologie.

## Suivi {#C1-suivi}

Un comité suit le tout.

[^1]: Loi 12-06."""
WORDS = {
    "title": "عنوان نقطة \"تركيبية\"", "summary": "ملخص <b>طويل</b> & \"مقتبس\". " * 8,
    "rationale": "تعليل مفصل & \"مقتبس\" من <النص>. " * 20, "disposition": Disposition.ACCEPTED, "ground": None,
}
OPINIONS = (Position.IN_FAVOUR, Position.OPPOSED, Position.IN_FAVOUR_WITH_CHANGES)


def with_two_axes(chapter: Chapter) -> Chapter:
    """The small chapter, with a second axis and a heading of the same level after it, in French."""
    text = factories.markdown(1).replace("[^1]: Loi 12-06.", MORE)
    chapters.import_chapter(SYSTEM, chapter.consultation, data=text.encode())
    return chapter


def block_of(chapter: Chapter, key: str) -> Block:
    """In the present text."""
    return session.scalars(sa.select(Block).where(Block.revision_id == chapters.newest_revision(chapter.id), Block.key == key)).one()


def write_items(synthesis: Synthesis, number: int, **over) -> list[int]:
    """As many items as asked, with long words; their ids."""
    ids = new_ids(SynthesisItem, number)
    session.connection().execute(sa.insert(SynthesisItem.__table__), [
        {**WORDS, **over, "id": item_id, "synthesis_id": synthesis.id, "number": n, "row_counter": 1}
        for n, item_id in enumerate(ids, synthesis.last_number + 1)])
    synthesis.last_number += number
    return list(ids)


def new_ids(model, number: int) -> range:
    last = session.scalar(sa.select(sa.func.coalesce(sa.func.max(model.id), 0)))
    return range(last + 1, last + 1 + number)


def write_contributions(chapter: Chapter, placed: list[tuple[int, str]]) -> None:
    """One contribution for each (item, key of its passage), of thirty organisations of every category and thirty persons."""
    ids, people, houses = new_ids(Contribution, len(placed)), new_ids(User, 60), new_ids(Organisation, 30)
    blocks = {key: block_of(chapter, key).id for key in {key for _item, key in placed}}
    session.flush()
    write = session.connection().execute
    write(sa.insert(User.__table__), [
        {"id": n, "email": f"large-{n}@example.org", "name": f"P{n}", "fs_uniquifier": f"large-{n}", "language": "fr"} for n in people])
    write(sa.insert(Organisation.__table__), [
        {"id": n, "slug": f"large-{n}", "short": f"O{n}", "name_fr": f"Organisme {n}", "category": list(Category)[n % len(Category)],
         "sector": Sector.AGRIFOOD, "region": Region.RABAT} for n in houses])
    write(sa.insert(Contribution.__table__), [
        {"id": n, "ref": f"PNQ-C1-L{n:06}", "form_key": f"large-{n}", "chapter_id": chapter.id, "block_id": blocks[key], "block_key": key,
         "current_key": key, "author_id": people[n % 60], "organisation_id": houses[n % 30] if n % 2 else None, "language": "fr",
         "kind": Kind.COMMENT, "comment_type": CommentType.TECHNICAL, "position": OPINIONS[n % 3], "body": "Précisez.",
         "state": ContributionState.PUBLISHED} for n, (_item, key) in zip(ids, placed, strict=True)])
    write(sa.insert(ItemContribution.__table__), [
        {"item_id": item_id, "contribution_id": n} for n, (item_id, _key) in zip(ids, placed, strict=True)])
    tallies.recount_all()
    if session.get_bind().dialect.name == "postgresql":  # which does so by itself a while after a commit
        write(sa.text("ANALYZE"))


def a_large_synthesis(chapter: Chapter, *, items: int = 1000, contributions: int = 20_000) -> Synthesis:
    """Every item gathers contributions on three passages and is contested; one gathers a tenth of them all, two have very many words,
    and every other gives new wording.
    """
    synthesis = factories.a_synthesis(with_two_axes(chapter))
    ids = write_items(synthesis, items - 2) + write_items(synthesis, 2, summary="\"" * 10_000, rationale="<" * 10_000)
    keys = (CONTEXT, FIRST, SECOND, AFTER)
    placed = [(ids[n % items], keys[min((n % items) % 4 + n // items % 3, 3)]) for n in range(contributions - contributions // 10)]
    write_contributions(chapter, placed + [(ids[0], FIRST)] * (contributions // 10))
    block = block_of(chapter, FIRST)
    session.connection().execute(sa.insert(BlockChange.__table__), [
        {"item_id": item_id, "block_id": block.id, "wording": "نص جديد & \"بديل\" " * 20} for item_id in ids[::2]])
    session.flush()
    session.expire_all()
    return synthesis
