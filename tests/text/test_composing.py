"""Normalising gives what Unicode says, in a time that grows as the text does."""

import ast
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.accounts import attempts
from consult.chapters.service import naming
from consult.core import origins
from consult.text import addresses, normalising, passwords, quotes, stems
from consult.text.composing import HALF_WIDTH, MARKS, MAX_MARKS, composed
from tests.growing import grows_as_its_text
from tests.house.source import modules

FORMS = ["NFC", "NFD", "NFKC", "NFKD"]
HOSTILE = {
    "two classes": lambda n: "a" + "\u0315" * n + "\u0300" * n, "by turns": lambda n: "a" + "\u0315\u0300" * n,
    "of Tibetan": lambda n: "a" + "\u0f73" * n, "of half a width": lambda n: "a" + "\u0315\uff9e" * n,
    "of Arabic": lambda n: "ا" + "\u0651\u064e" * n, "an address": lambda n: "a" + "\u0315" * n + "\u0300" * n + "@exemple.ma",
}
DOORS = {
    **{form: lambda text, form=form: composed(form, text) for form in FORMS}, "normalised": normalising.normalised,
    "name_key": normalising.name_key, "folded": passwords.folded, "stem": stems.stem.__wrapped__, "quote": quotes.Folded,
    "address": addresses.spelt, "passage": naming.spelt,
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("door", DOORS)
def test_marks_without_end_take_as_long_as_any_text(door, text):
    assert grows_as_its_text(DOORS[door], HOSTILE[text], 4_000)


@given(st.sampled_from(FORMS), st.lists(st.tuples(
    st.sampled_from(["a", "ộ", "\ufdfa", "ا", "\uac00", "\u0f40", ""]),
    st.text(alphabet="\u0300\u0301\u0308\u0315\u0323\u0327\u0344\u064e\u0651\u0f71\u0f73\u0f75\u0f81\u3099\uff9e\uff9f\U0001d165",
            min_size=MAX_MARKS - 1, max_size=MAX_MARKS + 40)), max_size=3))
def test_it_is_what_unicode_says(form, parts):
    text = "".join(letter + marks for letter, marks in parts)
    assert composed(form, text) == unicodedata.normalize(form, text)


def test_every_mark_that_is_sorted_is_known():
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    sorted_ones = {sign for sign in every if unicodedata.combining(unicodedata.normalize("NFKD", sign)[0])}
    assert sorted_ones == set(MARKS + HALF_WIDTH)


def test_nothing_else_normalises():
    """Not even a text that is short today; a library of ours is handed a text that is (tests below)."""
    found = {path for path, tree in modules().items() for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and node.attr == "normalize" and isinstance(node.value, ast.Name)
             and node.value.id == "unicodedata" or isinstance(node, ast.ImportFrom) and node.module == "unicodedata"}
    assert found == {"consult/text/composing.py"}


@pytest.mark.parametrize(("method", "field"), [("POST", "identity"), ("POST", "email"), ("GET", "id")])
def test_whose_account_is_tried_is_looked_for_in_as_much_as_an_address_has(app, monkeypatch, method, field):
    handed = []

    def noting(form, text):
        handed.append(len(text))
        return composed(form, text)

    monkeypatch.setattr(attempts, "composed", noting)
    monkeypatch.setattr(addresses, "composed", noting)
    text = HOSTILE["two classes"](6_000)
    given_as = {"query_string": {field: text}} if method == "GET" else {"data": {field: text}}
    with app.test_request_context("/fr/accounts/login", method=method, **given_as):
        attempts.account()
    assert handed
    assert max(handed) <= addresses.MAX_TYPED


def test_a_password_is_normalised_by_the_same(app):
    with app.test_request_context("/"):
        normalize = app.extensions["security"].password_util.normalize
        assert grows_as_its_text(normalize, HOSTILE["two classes"], 4_000)
        assert normalize("ﬁé") == unicodedata.normalize("NFKD", "ﬁé")


@pytest.mark.parametrize("how", ["data", "query_string"])
def test_no_library_is_handed_a_long_address_of_another_host(client, how):
    path = "/fr/accounts/login"
    far, near = "//a" + "\u0315\u0300" * origins.MAX_ELSEWHERE, "/fr/" + "é" * 2 * origins.MAX_ELSEWHERE
    assert client.post(path, **{how: {"next": far}}).status_code == 413
    assert client.post(path, **{how: {"next": near}}).status_code == 422
