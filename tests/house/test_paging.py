"""Every list that has pages: no row twice, none skipped while others are added, and an address that means nothing is the first page."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState
from consult.contributions.service.anchoring import anchor_late
from consult.core.paging import Cursor, Page
from consult.exports import service as exported
from consult.exports.models import Export, ExportFormat, ExportKind
from consult.moderation import service as moderation
from consult.moderation.models import ModerationDecision, Reason, Verdict
from consult.synthesis import service as synthesis
from consult.synthesis.models import ItemContribution
from tests import factories
from tests.contributions.revising import A1, A2, DROP, revise
from tests.house.source import modules

SIZES = {
    "consult.exports.service": ("ENTRY_PAGE_SIZE",), "consult.contributions.service.anchor_review": ("ENTRY_PAGE_SIZE",),
    "consult.contributions.service.reading": ("PAGE_SIZE",), "consult.moderation.service.listing": ("PAGE_SIZE",),
    "consult.moderation.service.register": ("REGISTER_PAGE_SIZE",),
    "consult.synthesis.service.gathered": ("ENTRY_PAGE_SIZE",), "consult.synthesis.service.report": ("PAGE_SIZE",),
    "consult.synthesis.service.items": ("WORK_PAGE_SIZE",), "consult.synthesis.service.workbench": ("WORK_PAGE_SIZE",),
}

NONSENSE = ("x", "", "1-", "9" * 30, "1-2-3", "%00")


@dataclass
class Listing:
    """One list: a page of it, how a row is added, which number tells rows apart, and the list's address with the cursor's name."""

    page: Callable[[Cursor | None], Page]
    add: Callable[[], Any]
    address: str
    cursor: str = "after"
    id_of: Callable[[Any], Any] = lambda row: row.id


def traced(row) -> str:
    """Traces of what was taken down have no number of their own."""
    return row.ref


@pytest.fixture
def world(consultation, chapter, block, participant, rapporteur, secretary, client):
    client.sign_in(secretary)
    return {"consultation": consultation, "chapter": chapter, "block": block, "participant": participant, "rapporteur": rapporteur,
            "secretary": secretary, "client": client}


def discussion(chapter, block, **_world) -> Listing:
    states = iter([ContributionState.WITHHELD, ContributionState.PUBLISHED] * 20)
    return Listing(lambda after: contributions.list_for_block(chapter, block.key, after=after),
                   lambda: factories.a_contribution(block=block, state=next(states)), f"/fr/contributions/discussion/1/{A1}", id_of=traced)


def anchored_late(said: Contribution) -> None:
    with contributions.recounted([said]):
        anchor_late(said)


def left_behind(chapter, block, **_world) -> Listing:
    def add() -> Contribution:
        said = factories.a_published_contribution(block=block)
        anchored_late(said)
        return said
    revise(chapter, DROP)
    return Listing(lambda after: contributions.list_left_of(chapter, block.key, after=after), add,
                   f"/fr/contributions/discussion/1/{A1}", "left_after", id_of=traced)


def on_a_provision(chapter, block, **_world) -> Listing:
    return Listing(lambda after: contributions.list_about_provision(chapter, block.key, after=after),
                   lambda: factories.a_published_contribution(block=block), f"/fr/chapters/1/provisions/{A1}", id_of=traced)


def amendments(chapter, block, **_world) -> Listing:
    return Listing(lambda after: contributions.list_about_provision(chapter, block.key, after=after, only_amendments=True),
                   lambda: factories.a_published_contribution(block=block, replacement="Autrement."),
                   f"/fr/chapters/1/provisions/{A1}?said=amendments", id_of=traced)


def mine(block, secretary, **_world) -> Listing:
    return Listing(lambda after: contributions.list_mine(secretary, after=after),
                   lambda: factories.a_contribution(block=block, author=secretary), "/fr/contributions/mine")


def places(chapter, block, rapporteur, **_world) -> Listing:
    """Half of them unsure, which come first: added in turn, they stand in two runs."""
    blocks = iter([block, factories.block_of(chapter, A2)] * 20)
    revision = revise(chapter, DROP)

    def add():
        said = factories.a_published_contribution(block=next(blocks))
        anchored_late(said)
        return contributions.get_last_place(said)[0]
    return Listing(lambda after: contributions.list_anchors(rapporteur, revision, after=after), add, "/fr/contributions/anchors/1")


def workbench(chapter, block, rapporteur, **_world) -> Listing:
    blocks = iter([factories.block_of(chapter, A2), block] * 20)
    draft = synthesis.get_or_new(chapter)
    return Listing(lambda after: synthesis.list_workbench(rapporteur, draft, synthesis.WorkbenchFilter(), after=after),
                   lambda: factories.a_published_contribution(block=next(blocks)), "/fr/synthesis/workbench/1",
                   id_of=lambda row: getattr(row, "contribution", row).id)


def an_items(chapter, block, rapporteur, **_world) -> Listing:
    item = factories.an_item(factories.a_synthesis(chapter))

    def add() -> Contribution:
        said = factories.a_published_contribution(block=block)
        factories.saved(ItemContribution(item=item, contribution=said))
        return said
    return Listing(lambda after: synthesis.list_item_contributions(rapporteur, item, after=after), add,
                   f"/fr/synthesis/edit-item/{item.id}")


def gathered(chapter, block, secretary, **_world) -> Listing:
    """On two passages in turn, in the order of the text."""
    item = factories.an_item(factories.a_synthesis(chapter))
    blocks = iter([factories.block_of(chapter, A2), block] * 20)

    def add() -> Contribution:
        said = factories.a_published_contribution(block=next(blocks))
        factories.saved(ItemContribution(item=item, contribution=said))
        return said
    return Listing(lambda after: synthesis.list_gathered(secretary, item, after=after), add, "/fr/synthesis/gathered/1/1",
                   id_of=lambda row: getattr(row, "contribution", row).id)


def read(chapter, block, secretary, **_world) -> Listing:
    """Items on two passages in turn, in the order of the text."""
    report, blocks = factories.a_synthesis(chapter), iter([factories.block_of(chapter, A2), block] * 20)
    return Listing(lambda after: synthesis.list_items(secretary, report, after=after),
                   lambda: factories.an_item(report, factories.a_published_contribution(block=next(blocks))), "/fr/synthesis/read/1",
                   id_of=lambda row: getattr(row, "item", row).id)


def queue_of(state: ContributionState):
    def listing(chapter, block, rapporteur, **_world) -> Listing:
        return Listing(lambda after: moderation.queue(rapporteur, [chapter], states=[state], after=after),
                       lambda: factories.a_contribution(block=block, state=state), f"/fr/moderation/?state={state.value}")
    return listing


def register(consultation, block, rapporteur, **_world) -> Listing:
    def add() -> ModerationDecision:
        said = factories.a_published_contribution(block=block)
        return factories.saved(ModerationDecision(
            contribution=said, verdict=Verdict.PUBLISH, reason=Reason.CONFORMS, moderator=rapporteur))
    return Listing(lambda after: moderation.list_register(consultation, after=after), add, "/fr/moderation/register")


def exports(consultation, secretary, **_world) -> Listing:
    def add() -> Export:
        return factories.saved(Export(consultation=consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr",
                                      requested_by_id=secretary.id))
    return Listing(lambda before: exported.list_exports(secretary, consultation, before=before), add, "/fr/exports", "before")


LISTINGS = {
    "discussion": discussion, "left behind": left_behind, "provision": on_a_provision, "amendments": amendments, "mine": mine,
    "places": places, "workbench": workbench, "item": an_items, "gathered": gathered, "read": read,
    "queue": queue_of(ContributionState.SUBMITTED), "published": queue_of(ContributionState.PUBLISHED), "register": register,
    "exports": exports,
}


@pytest.fixture(params=LISTINGS.values(), ids=LISTINGS)
def listing(request, world, monkeypatch) -> Listing:
    for module, names in SIZES.items():
        for name in names:
            monkeypatch.setattr(f"{module}.{name}", 3)
    return request.param(**world)


def walk(listing: Listing, between: Callable[[], Any] = lambda: None) -> list:
    """What each page shows, one after the other, while others add between them."""
    seen, after = [], None
    for _turn in range(20):
        page = listing.page(after)
        assert len(page.rows) <= 3
        seen += [listing.id_of(row) for row in page.rows]
        if (after := page.older) is None:
            return seen
        between()
    raise AssertionError("the list has no end")


def test_no_row_is_shown_twice_or_skipped_while_others_are_added(listing):
    made, later = [listing.id_of(listing.add()) for _n in range(10)], []
    order = walk(listing)
    assert sorted(order) == sorted(made)
    seen = walk(listing, lambda: later.append(listing.id_of(listing.add())))
    assert len(later) >= 3
    assert [row for row in seen if row not in later] == order
    assert len(seen) == len(set(seen))


def test_addresses_lead_on_and_back_and_nonsense_is_the_first_page(listing, world):
    for _n in range(4):
        listing.add()
    sign = "&" if "?" in listing.address else "?"

    def pager(cursor: Any) -> tuple[bool, bool]:
        """Whether the page leads back, and on."""
        answer = world["client"].get(f"{listing.address}{sign}{listing.cursor}={cursor}")
        assert answer.status_code == 200, cursor
        return 'rel="prev"' in answer.text, 'rel="next"' in answer.text
    assert pager(listing.page(None).older) == (True, False)
    assert {odd: pager(odd) for odd in NONSENSE} == dict.fromkeys(NONSENSE, (False, True))


def test_pages_are_cut_in_one_place():
    """A list of its own that asks for one row more than it shows: give it to ``get_page`` (or ``cut``) of consult/core/paging.py."""
    own = [
        f"{path}:{node.lineno}" for path, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "limit"
        and any(isinstance(part, ast.BinOp) for part in ast.walk(node.args[0])) and path != "consult/core/paging.py"
        and "PAGE_SIZE" not in ast.unparse(node)
    ]
    assert own == []


def test_sizes_of_pages_are_named_in_one_place():
    """A number of rows a page of its own: choose one of consult/core/paging.py, or name it there with its reason."""
    own = [
        f"{path}:{node.lineno}" for path, tree in modules().items() for node in tree.body
        if isinstance(node, ast.Assign) and path != "consult/core/paging.py" and isinstance(node.value, ast.Constant)
        and any(isinstance(name, ast.Name) and "PAGE" in name.id for name in node.targets)
    ]
    assert own == []
