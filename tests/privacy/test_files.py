"""Documents in which somebody is named who may not be any more."""

import os
import time

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.core.db import session, unit_of_work
from consult.core.permissions import SYSTEM
from consult.exports import files
from consult.exports import service as exports
from consult.exports.jobs import make_export
from consult.exports.models import Export, ExportFormat, ExportKind, ExportState
from consult.privacy import clock, service
from tests import factories

NAME = "Zarqwen Belmarkou"


@pytest.fixture
def author(own_app) -> int:
    """Named in public, with something to say."""
    with unit_of_work():
        consultation = factories.a_consultation()
        person = factories.a_user(name=NAME, is_name_public=True)
        factories.a_published_contribution(block=factories.block_of(factories.a_chapter(consultation), "C1-A1-P1-a1"), author=person)
        export = exports.request(SYSTEM, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
        assert export.id == 1
        return person.id


def renamed(person: User, **over) -> None:
    accounts.edit_profile(person, person, **{"name": person.name, "language": "fr", "is_name_public": True, **over})


@pytest.mark.parametrize(("change", "is_made_again"), [
    (lambda person: service.forget(person, person), True),
    (lambda person: renamed(person, is_name_public=False), True),
    (lambda person: renamed(person, name="Autrement"), True),
    (lambda person: renamed(person, function="Autre chose"), False),
    (lambda person: renamed(factories.a_user(is_name_public=False)), False),
    (lambda person: renamed(factories.a_user(is_name_public=True), is_name_public=False), False),
])
def test_a_file_that_was_being_made_is_not_kept_where_it_may_name_somebody_no_more(author, monkeypatch, change, is_made_again):
    measure = files.measure

    def changed_meanwhile(path):
        monkeypatch.setattr(files, "measure", measure)
        assert NAME in path.read_text("utf-8-sig")
        said = measure(path)
        with unit_of_work():
            change(session.get_one(User, author))
        return said
    monkeypatch.setattr(files, "measure", changed_meanwhile)
    if is_made_again:
        with pytest.raises(RuntimeError):
            make_export(1, lambda _percent: None)
        assert list(files.folder().iterdir()) == []
    make_export(1, lambda _percent: None)
    assert (NAME in files.path_of("export-1.fr.csv").read_text("utf-8-sig")) is not is_made_again
    assert session.get_one(Export, 1).state == ExportState.READY


@pytest.mark.parametrize("has_contributed", [True, False])
def test_whoever_is_named_in_no_document_takes_none_back(author, has_contributed):
    make_export(1, lambda _percent: None)
    with unit_of_work():
        person = session.get_one(User, author) if has_contributed else factories.a_user(is_name_public=True)
        renamed(person, is_name_public=False)
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == (0 if has_contributed else 1)
    assert files.path_of("export-1.fr.csv").exists() is not has_contributed


def test_files_that_no_document_has_go_after_an_hour(author):
    make_export(1, lambda _percent: None)
    for name in ("export-7.fr.csv", "export-8.fr.csv", "2026-dossier.zip"):
        files.path_of(name).write_text(NAME)
    for name in ("export-1.fr.csv", "export-7.fr.csv", "2026-dossier.zip"):
        os.utime(files.path_of(name), (0, time.time() - 2 * files.ABANDONED_AFTER))
    with unit_of_work():
        clock.end_all()
    assert {path.name for path in files.folder().iterdir()} == {"export-1.fr.csv", "export-8.fr.csv", "2026-dossier.zip"}
