"""Cursors, orders and pages by themselves; the lists that use them are in ``tests/house/test_paging.py``."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import request, url_for
from hypothesis import given
from hypothesis import strategies as st

from consult.core.db import session
from consult.core.jobs import Job
from consult.core.paging import MAX_NUMBER, Cursor, PageLinks, cut, falling, get_page, rising

NUMBERS = st.integers(min_value=0, max_value=MAX_NUMBER)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_a_cursor_comes_back_from_an_address_as_it_went(key):
    cursor = Cursor(tuple(key))
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", [
    "", "x", "-", "1-", "-1", "1--2", "1.5", " 1", "1 ", "1\n", "+1", "1_0", "²", "٣", "0x1", str(MAX_NUMBER + 1), "9" * 30,
    "1-" * 30 + "1", "1-2-3-4-5", "1'; DROP TABLE job", "\x00",
])
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(ValueError, match="no place in a list"):
        Cursor.parse(text)


def test_in_a_request_what_is_no_cursor_is_none(app):
    with app.test_request_context("/?after=12-7&before=x"):
        assert [request.args.get(name, type=Cursor.parse) for name in ("after", "before", "left_after")] == [Cursor((12, 7)), None, None]
        assert url_for("contributions.mine", after=Cursor((12, 7)), language="fr").endswith("?after=12-7")


def some_jobs() -> list[Job]:
    """In the order of (subject, id): several have the same subject, as several contributions stand on one passage."""
    jobs = [Job(name="test", subject_id=subject) for subject in (3, 1, 2, 1, 3, 1, 2)]
    session.add_all(jobs)
    session.flush()
    return sorted(jobs, key=lambda job: (job.subject_id, job.id))


def walk(order, size: int, chosen=None) -> list[list]:
    chosen, pages, after = sa.select(Job) if chosen is None else chosen, [], None
    while True:
        page = get_page(chosen.where(Job.name == "test"), order, after=after, size=size)
        assert page.after == after
        pages.append(page.rows)
        if (after := page.older) is None:
            return pages


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_pages_hold_every_row_once_in_order(app, size):
    jobs = some_jobs()
    for order, expected in ((rising(Job.subject_id, Job.id), jobs), (falling(Job.subject_id, Job.id), jobs[::-1]),
                            (rising(Job.subject_id, Job.id).reversed(), jobs[::-1])):
        pages = walk(order, size)
        assert [job for page in pages for job in page] == expected
        assert [len(page) for page in pages] == [size] * (len(jobs) // size) + ([len(jobs) % size] if len(jobs) % size else [])


def test_several_things_selected_come_as_rows(app):
    jobs = some_jobs()
    pages = walk(rising(Job.subject_id, Job.id), 4, sa.select(Job.subject_id, Job.name))
    assert [tuple(row) for page in pages for row in page] == [(job.subject_id, "test") for job in jobs]


def test_a_cursor_of_another_list_begins_at_the_beginning(app):
    jobs = some_jobs()
    page = get_page(sa.select(Job).where(Job.name == "test"), rising(Job.subject_id, Job.id), after=Cursor((2,)), size=3)
    assert (page.rows, page.after) == (jobs[:3], None)


def test_a_cursor_whose_row_is_gone_still_has_its_place(app):
    jobs = some_jobs()
    page = get_page(sa.select(Job).where(Job.name == "test"), rising(Job.subject_id, Job.id), after=Cursor((1, MAX_NUMBER)), size=3)
    assert page.rows == jobs[3:6]


def test_a_page_knows_where_its_pager_leads():
    rows = [SimpleNamespace(id=n) for n in range(4)]
    asked = []

    def address(**values) -> str:
        asked.append(values)
        return "/list" + "".join(f"?{name}={value}" for name, value in values.items())
    middle = cut(rows, lambda row: (row.id,), after=Cursor((9,)), size=3)
    assert middle.rows == rows[:3]
    assert middle.links(address) == PageLinks(older="/list?after=2", newest="/list")
    assert middle.links(address, "before").older == "/list?before=2"
    assert cut(rows[:3], lambda row: (row.id,), after=None, size=3).links(address) == PageLinks(older=None, newest=None)
