"""Two texts laid against each other: what the reader is shown of each change."""

import pytest

from consult.chapters import comparison
from consult.chapters.comparison import Comparison, compare
from consult.chapters.models import Block, BlockFate, BlockKind
from consult.chapters.parsing import parse_file
from consult.text.redline import redline
from tests import factories
from tests.benchmarks.revisions import reworded


def blocks(text: str) -> list[Block]:
    return [
        Block(key=b.key, kind=b.kind, level=b.level, label=b.label, html=b.html, text=b.text, lead=b.lead)
        for b in parse_file(text.encode()).blocks
    ]


def after(*changes: tuple[str, str], language: str = "fr") -> Comparison:
    old = new = factories.markdown(language=language)
    for before, now in changes:
        assert before in new
        new = new.replace(before, now)
    return compare(blocks(old), blocks(new))


def row_of(found: Comparison, key: str):
    return next(row for row in found.rows if row.key == key)


def joined(segments, *kept) -> str:
    return "".join(words for op, words in segments if op in kept)


def test_the_same_text_has_nothing_to_show():
    found = after()
    assert found.is_same
    assert list(found.totals) == [BlockFate.KEPT]
    assert [(run.unchanged, run.rows) for run in found.runs()] == [(len(found.rows), ())]


def test_a_changed_block_shows_its_words():
    row = row_of(after(("chaque année", "tous les deux ans")), "C1-A1-P1-a1")
    assert row.change == BlockFate.CHANGED
    assert ("delete", "chaque année") in row.segments
    assert ("insert", "tous les deux ans") in row.segments
    assert joined(row.segments, "equal", "delete") == row.old.text == joined(row.before, "equal", "delete")
    assert joined(row.segments, "equal", "insert") == row.new.text == joined(row.now, "equal", "insert")


def test_arabic_is_compared_word_by_word():
    row = row_of(after(("Publier chaque année", "تُنشَرُ كلَّ سنةٍ"), language="ar"), "C1-A1-P1-a1")
    assert row.change == BlockFate.CHANGED
    assert joined(row.segments, "equal", "insert") == row.new.text


def test_vowel_signs_belong_to_their_word():
    old, new = (blocks(factories.markdown(language="ar").replace("Intention de l’axe.", words))
                for words in ("تُنشَرُ القائمةُ كلَّ سنة.", "تُنشَرُ القائمةُ كلَّ سنتين."))
    row = row_of(compare(old, new), "C1-A1-§1")
    assert row.segments == (("equal", "تُنشَرُ القائمةُ كلَّ "), ("delete", "سنة"), ("insert", "سنتين"), ("equal", "."))


def test_a_new_block_and_a_dropped_one():
    dropped = factories.markdown()[factories.markdown().index("- **Action 1.1.2**"):factories.markdown().index("[^1]:")]
    found = after((dropped, ""))
    row = row_of(found, "C1-A1-P1-a2")
    assert (row.change, row.new) == (BlockFate.DELETED, None)
    assert {op for op, _words in row.segments} == {"delete"}
    assert [r.key for r in found.rows].index("C1-A1-P1-a2") == [r.key for r in found.rows].index("C1-A1-P1-a1") + 1
    found = compare(blocks(factories.markdown().replace(dropped, "")), blocks(factories.markdown()))
    assert row_of(found, "C1-A1-P1-a2").change == BlockFate.NEW
    assert found.counts[BlockKind.ACTION] == {BlockFate.NEW: 1, BlockFate.KEPT: 1}


SECTION_DROPPED = factories.markdown()[factories.markdown().index("### Projet 1.1"):factories.markdown().index("[^1]:")]
SECTION = """## Champ d’application

Le présent chapitre vise les laboratoires, les organismes et les entreprises du Royaume.

"""


def test_a_moved_block_is_moved_not_deleted_and_added():
    text = factories.markdown()
    old = text.replace("## Axe 1", SECTION + "## Axe 1")
    new = text.replace("[^1]: Loi", SECTION + "[^1]: Loi")
    found = compare(blocks(old), blocks(new))
    assert not {BlockFate.NEW, BlockFate.DELETED} & set(found.totals)
    row = next(r for r in found.rows if r.new and "Le présent chapitre" in r.new.text)
    assert (row.change, row.has_moved, row.segments) == (BlockFate.MOVED, True, ())
    assert row.after.text == "Champ d’application"
    trace = next(r for r in found.rows if r.is_trace and "Le présent chapitre" in r.old.text)
    assert trace.kin == (row.new,)
    assert found.rows.index(trace) < found.rows.index(row)


def test_a_block_that_moved_and_changed_shows_both():
    text = factories.markdown()
    old = text.replace("## Axe 1", SECTION + "## Axe 1")
    new = text.replace("[^1]: Loi", SECTION.replace("entreprises", "sociétés") + "[^1]: Loi")
    row = next(r for r in compare(blocks(old), blocks(new)).rows if r.new and "sociétés" in r.new.text)
    assert (row.change, row.has_moved) == (BlockFate.CHANGED, True)
    assert ("delete", "entreprises") in row.segments


ONE, TWO = (
    "Les laboratoires nationaux participent chaque année à des comparaisons internationales et en publient les résultats.",
    "Le ministère chargé du commerce finance leur matériel de référence sur cinq ans et rend compte de cet effort au Parlement.",
)


def test_a_split_block_shows_each_part_without_deletion():
    text = factories.markdown()
    found = compare(blocks(text.replace("But du projet.", f"{ONE} {TWO}")), blocks(text.replace("But du projet.", f"{ONE}\n\n{TWO}")))
    parts = [row for row in found.rows if row.change == BlockFate.SPLIT]
    assert [row.new.text for row in parts] == [ONE, TWO]
    assert all(joined(row.segments, "equal") == row.new.text for row in parts)
    assert all(row.kin for row in parts)
    assert found.inserted == found.deleted == 0


def test_merged_blocks_show_one_block_and_where_the_other_went():
    text = factories.markdown()
    found = compare(blocks(text.replace("But du projet.", f"{ONE}\n\n{TWO}")), blocks(text.replace("But du projet.", f"{ONE} {TWO}")))
    row = next(row for row in found.rows if row.change == BlockFate.MERGED and not row.is_trace)
    assert [piece.text for piece in row.kin] == [ONE, TWO]
    assert row.segments == ()
    assert row.is_changed
    trace = next(row for row in found.rows if row.is_trace)
    assert (trace.old.text, trace.kin) == (TWO, (row.new,))


def test_what_is_only_renumbered_says_so():
    text = factories.markdown()
    old, new = blocks(text), blocks(text.replace("## Axe 1 —", "## Axe 2 —"))
    for block, twin in zip(new, old, strict=True):
        block.key = twin.key
    row = next(row for row in compare(old, new).rows if row.new.kind == BlockKind.AXIS)
    assert row.change == BlockFate.KEPT
    assert row.is_renumbered
    assert ("insert", "2") in row.segments


def test_changes_alone_stand_under_their_titles():
    found = after(("des laboratoires.", "des laboratoires d’essais."))
    first, last = found.runs()
    assert [title.key for title in first.titles] == ["C1", "C1-A1", "C1-A1-P1"]
    assert [row.key for row in first.rows] == ["C1-A1-P1-a2"]
    assert first.unchanged + len(first.rows) + last.unchanged == len(found.rows)


def test_what_was_dropped_stands_under_what_stood_above_it():
    found = after((SECTION_DROPPED, ""), ("Un paragraphe de", "Le paragraphe de"))
    runs = list(found.runs())
    assert [[title.key for title in run.titles] for run in runs if run.rows] == [["C1", "C1-contexte"], ["C1-A1"], [], [], []]


def test_the_summary_counts_each_sort():
    found = after(("chaque année", "tous les ans"), ("But du projet.", "But du projet de loi."), ("Étalonner", "Étalonner et vérifier"))
    assert found.counts[BlockKind.ACTION][BlockFate.CHANGED] == 1
    assert found.counts[BlockKind.PROJECT][BlockFate.CHANGED] == 1
    assert found.counts[BlockKind.PARAGRAPH][BlockFate.CHANGED] == 1
    assert sum(found.totals.values()) == len(found.rows)


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_sixty_kilobytes_are_compared_with_one_redline_for_each_change(language, monkeypatch):
    old, new = reworded(language)
    drawn = []
    monkeypatch.setattr(comparison, "redline", lambda *texts: drawn.append(texts) or redline(*texts))
    assert sum(len(block.text.encode()) for block in new) > 58_000
    found = compare(old, new)
    changed = [row for row in found.rows if row.segments]
    assert len(set(drawn)) == len(drawn) <= len(changed)
    assert found.totals[BlockFate.CHANGED] > 50
    assert all(joined(row.segments, "equal", "insert") == row.new.text for row in found.rows if row.new and row.segments)
