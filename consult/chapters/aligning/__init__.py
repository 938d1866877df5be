"""What became of each block of a text in its next revision: the algorithm that is the point of this room.

Equal wordings come first, letter for letter before nearly so (alone on both sides, then beside what is paired already), the rest by
similarity (``text/similarity.py``) and by place: between paired neighbours, beside them, under the same number, of the same kind. A heading
or lead-in may have other words where what it introduces is the same; what was written anew in its place is told by its place, and equal
words far away do not take a block from the nearly equal one that stands there (``in_place.py``). Blocks outside of the heaviest increasing
run of pairs have moved (Schensted 1961, weighted by length). What is left is looked for inside of other blocks: split and merged. A block
is surely deleted where nothing new of its sort stands between its sure neighbours, neither of these grew, and its words came up nowhere.
Each link carries a confidence from 0 to 1; under :data:`SURE` a person decides, so also where a block is gone and another stands in its
place.
"""

from collections.abc import Collection, Mapping, Sequence

from consult.chapters.aligning.fates import Aligner
from consult.chapters.aligning.links import SURE, Link, paired
from consult.chapters.aligning.sides import BlockSide, Unit

__all__ = ["SURE", "Link", "align", "paired"]


def align(
    old: Sequence[Unit], new: Sequence[Unit], *, given: Mapping[int, int | None] | None = None, dropped: Collection[int] = (),
) -> list[Link]:
    """What became of every block: one link at least for each of ``old`` and each of ``new``, in the order of the new text.

    ``given`` holds what is known before, by a key that the author wrote or by a person's decision: place in ``new`` to place in
    ``old``, or None for a block that continues none; ``dropped`` are the places in ``old`` that nothing continues.
    """
    return Aligner(BlockSide(old), BlockSide(new), given or {}, dropped).links()
