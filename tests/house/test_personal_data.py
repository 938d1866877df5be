"""What is held on people: nothing of it without a line in the table of what is held, a period, and a notice where it is asked for."""

import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

from consult import house
from consult.core.db import Base
from consult.core.permissions import RULES, Action
from consult.journal.policy import READING
from consult.journal.words import ACTS
from consult.privacy import takeout
from consult.privacy.holdings import HOLDINGS, REASONS, Fate, Subject
from consult.privacy.register import REGISTER
from consult.privacy.retention import ABOUT_NOBODY, PERIODS
from tests.house.source import ROOT

MODELS = [mapper.class_ for mapper in Base.registry.mappers if hasattr(mapper.class_, "__table__")]
OF_PERSONS = re.compile(r"(^|_)(e?mails?|recipient|address|agent|phone|ip|browser|author|user|person)($|_)")
NOT_OF_A_PERSON = {
    ("consultation", "contact_email"): "the secretariat’s", ("kept_form", "address"): "of a page",
    ("user", "us_phone_number"): "of the account", ("user", "fs_webauthn_user_handle"): "of the account",
    ("user", "email"): "of the account", ("registration", "browser_key"): "of a row that is held",
    ("contribution_draft", "browser"): "of a row that is held", ("user_session", "agent"): "of a row that is held",
    ("synthesis_notice", "author_id"): "held",
    ("decision_notice", "author_id"): "held",
}


def held_columns() -> set[tuple[str, str]]:
    return {(holding.column.class_.__tablename__, holding.column.key) for holding in HOLDINGS}


def references() -> list[tuple[str, str]]:
    """Every column that points to a person."""
    return sorted((model.__tablename__, column.name) for model in MODELS for column in model.__table__.columns
                  for key in column.foreign_keys if key.target_fullname == "user.id")


@pytest.mark.parametrize(("table", "column"), references())
def test_each_reference_to_a_person_is_held_in_the_table(table, column):
    assert (table, column) in held_columns(), (
        f"{table}.{column} points to a person: give it a line in HOLDINGS (consult/privacy/holdings.py), which says what becomes of it")


def test_each_column_that_may_name_a_person_is_looked_at():
    known = held_columns() | NOT_OF_A_PERSON.keys()
    assert [(model.__tablename__, name) for model in MODELS for name in map(str, model.__table__.columns.keys())
            if OF_PERSONS.search(name) and (model.__tablename__, name) not in known] == []


def test_each_model_has_its_period_or_holds_nothing_about_anybody():
    kept = [model for period in PERIODS for model in period.models]
    said = {model.__tablename__ for model in (*kept, *ABOUT_NOBODY)}
    assert sorted(said) == sorted({model.__tablename__ for model in MODELS}), (
        "give the model a period in PERIODS (consult/privacy/retention.py), or say in ABOUT_NOBODY why nothing in it is about a person")
    assert len(kept) == len(set(kept))
    assert set(kept).isdisjoint(ABOUT_NOBODY)
    of_people = {table for table, _column in references()}
    assert [model for model in ABOUT_NOBODY if model.__personal__ or model.__tablename__ in of_people] == []


def test_a_period_is_ended_by_what_it_names():
    for period in PERIODS:
        if period.lasts is not None and period.ends is None:
            module, function = re.fullmatch(r"(\w+\.\w+)\.([\w.]+)", period.ended_by).groups()
            assert callable(attrgetter(function)(import_module(f"consult.{module}"))), period.data
        assert period.lasts is not None or period.ended_by, period.data


def test_what_goes_with_a_person_may_go():
    assert [holding.name for holding in HOLDINGS if holding.fate == Fate.GOES and holding.model.__append_only__ is not False] == []
    assert [subject for subject in Subject if {holding.fate for holding in HOLDINGS if holding.subject == subject} & {Fate.STAYS}
            and subject not in REASONS] == [], "say why it stays"


def test_the_register_has_every_subject_once():
    assert sorted(subject for one in REGISTER for subject in one.subjects) == sorted(Subject)


def test_no_secret_leaves_in_the_file_of_ones_own_data():
    secret = re.compile(r"(token|password|secret|salt|uniquifier|key$|hash)")
    allowed = {"current_key", "place_key", "block_key", "provision_key", "key"}
    loose = {column.name for holding in HOLDINGS for column in holding.model.__table__.columns
             if secret.search(column.name) and column.name not in takeout.SECRETS | allowed}
    assert loose == set()


def test_every_act_has_words_in_the_table_of_permissions():
    assert set(RULES) == {*ACTS, *READING}
    assert set(ACTS).isdisjoint(READING)


def test_every_rule_says_what_it_asks():
    silent = [f"{action}: {line.index(rule)}" for action, ways in RULES.items() for line in ways for rule in line
              if not (str(rule.words) or rule.roles or rule.phases)]
    assert silent == []
    assert len(Action) == len(RULES)


@pytest.mark.parametrize("name", house.TABLES)
def test_what_docs_say_is_what_the_code_says(name):
    path: Path = ROOT / "docs" / f"{name}.md"
    assert path.read_text() == house.in_french(house.TABLES[name]), f"make it again: python -m consult.house {name} > docs/{name}.md"


# The notice of article 5

FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
# What a person is asked for that says who they are, or who somebody else is.
ASKED = re.compile(r"\{\{\s*field\((\w+)\.(email|identity|name|name_ar|function|body|organisation)\b|name=\"(email|address|name)\"")
# Forms without it, and why.
WITHOUT_NOTICE = {
    "journal/view_events.html": "looks for events of somebody in charge; nothing typed in it is kept",
    "synthesis/edit_item.html": "asks for no person", "chapters/import_chapter.html": "asks for no person",
    "chapters/edit_working_draft.html": "the text of a chapter", "security/wan_register.html": "the name of a device",
}


def test_every_form_that_asks_who_somebody_is_shows_the_notice():
    loose = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        name = path.relative_to(ROOT / "templates").as_posix()
        if any(ASKED.search(form) for form in FORM.findall(text)) and "notice(consultation" not in text and name not in WITHOUT_NOTICE:
            loose.append(name)
    assert loose == [], "put `notice(consultation)` of macros/forms.html into the form (law 09-08, article 5)"
