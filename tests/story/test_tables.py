"""Rows of a table, on paper and under the mouse."""

import pytest

pytestmark = pytest.mark.browser
ACTS = "tr.block > td.acts"
SHOWN = "cell => [...cell.children].filter(part => part.checkVisibility({opacityProperty: true})).map(part => part.className)"


def test_rows_have_their_numbers_on_paper_and_their_links_under_the_mouse(site, arrive):
    person = arrive(site, "fr")
    person.page.set_viewport_size({"width": 1280, "height": 900})
    person.go("chapters/1")
    cells = person.page.locator(ACTS)
    assert cells.count() > 3
    row = cells.nth(2)
    person.page.mouse.move(1, 1)
    assert "past" not in row.evaluate(SHOWN)
    row.hover()
    assert "past" in row.evaluate(SHOWN)
    person.page.emulate_media(media="print")
    assert set(map(tuple, cells.evaluate_all(f"cells => cells.map({SHOWN})"))) == {("tag",)}
