"""Which rows an act changed is noted, however they were written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.accounts.models import User
from consult.core import db
from consult.core.append_only import all_but
from consult.core.db import NOTED, Base, session, unit_of_work
from consult.core.records import canonical, layout_of
from tests import factories


@pytest.fixture
def told(own_app, monkeypatch) -> list[dict[str, set[int]]]:
    """What each unit of work left untold."""
    untold: list[dict[str, set[int]]] = []
    monkeypatch.setattr(db, "tell_untold", lambda: untold.append(
        {model.__tablename__: set(keys) for model, keys in session.info.pop(NOTED, {}).items()}))
    return untold


def test_what_is_written_with_the_commit_alone_is_noted_too(told):
    with unit_of_work():
        user = factories.a_user()
    with unit_of_work():
        session.get_one(User, user.id).name = "Autre nom"
    assert told == [{"user": {user.id}}, {"user": {user.id}}]


def test_what_is_nobodys_word_is_not(told):
    with unit_of_work():
        user = factories.a_user()
    with unit_of_work():
        session.get_one(User, user.id).language = "ar"
    assert told[1:] == [{}]


def test_what_was_rolled_back_is_forgotten(told):
    with pytest.raises(RuntimeError), unit_of_work():
        factories.a_user()
        raise RuntimeError
    with unit_of_work():
        pass
    assert told == [{}]


def test_every_model_says_what_of_it_belongs_to_the_record(app):
    silent = [mapper.class_.__name__ for mapper in Base.registry.mappers if "__recorded__" not in vars(mapper.class_)]
    assert silent == []


def test_a_model_that_names_what_is_no_column_is_refused(monkeypatch):
    layout_of.cache_clear()
    monkeypatch.setattr(User, "__recorded__", all_but("no_such_column"))
    with pytest.raises(ValueError, match="no_such_column"):
        layout_of(User)
    monkeypatch.undo()
    layout_of.cache_clear()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner), max_leaves=20)


@given(VALUES)
def test_a_value_has_one_json(value):
    """What was digested once is digested so for ever: as Python's own encoder writes it."""
    try:
        said = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            canonical(value)
    else:
        assert canonical(value) == said


def test_what_is_no_json_has_none():
    with pytest.raises(TypeError):
        canonical({"a": object()})
