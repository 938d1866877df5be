"""New wordings. Each was written on one version of its passage; what later versions made of that passage is told beside it."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters import service as chapters
from consult.chapters.models import Block, Revision
from consult.core.db import session
from consult.synthesis.models import BlockChange, SynthesisItem
from consult.text.redline import redline

_then, _now = aliased(Revision), aliased(Block)


@dataclass(frozen=True)
class Rewording:
    """New wording of one passage, beside the one it was written on, that of ``version``, and the ``present`` one; None when it is gone."""

    key: str
    label: str
    old: str
    new: str
    version: int
    present: str | None

    @property
    def segments(self) -> list[tuple[str, str]]:
        return redline(self.old, self.new)

    @property
    def is_outdated(self) -> bool:
        """A later version says it otherwise: what was decided was not decided on the text as it now reads."""
        return self.present != self.old

    @property
    def is_gone(self) -> bool:
        return self.present is None

    @property
    def is_reached(self) -> bool:
        """A later version already says what was wanted."""
        return self.present is not None and self.present.strip() == self.new

    @property
    def since(self) -> list[tuple[str, str]]:
        """What later versions changed."""
        return redline(self.old, self.present or "")

    @property
    def left(self) -> list[tuple[str, str]]:
        """What the new wording would change in the present one."""
        return redline(self.present or "", self.new)


def present_wording(changes: sa.Select) -> sa.Select:
    """Join to each change the block that it was written on, its revision and, where there is one, the same passage as it now reads."""
    newest = chapters.newest_revision(_then.chapter_id, _then.language)
    return (
        changes.join(Block, Block.id == BlockChange.block_id).join(_then, _then.id == Block.revision_id)
        .outerjoin(_now, sa.and_(_now.revision_id == newest, _now.key == Block.key))
    )


def has_outdated() -> sa.ColumnElement[bool]:
    """Of an item, inside of a query: a later version changed a passage to which it gives new wording."""
    changes = present_wording(sa.select(BlockChange.id)).where(
        BlockChange.item_id == SynthesisItem.id, sa.or_(_now.id.is_(None), _now.lead != Block.lead))
    return changes.correlate(SynthesisItem).exists()


def list_rewordings(item_ids: Collection[int]) -> dict[int, list[Rewording]]:
    """By item, in text order."""
    if not item_ids:
        return {}
    rows = session.execute(
        present_wording(sa.select(
            BlockChange.item_id, Block.key, Block.label, Block.lead, BlockChange.wording, _then.number, _now.lead.label("present"),
        ).select_from(BlockChange)).where(BlockChange.item_id.in_(list(item_ids))).order_by(Block.position, BlockChange.id)
    )
    by_item: dict[int, list[Rewording]] = {}
    for item_id, key, label, old, new, version, present in rows:
        by_item.setdefault(item_id, []).append(
            Rewording(key=key, label=label or key, old=old, new=new, version=version, present=present))
    return by_item
