"""The checks that `consult verify` asks; what each of them finds is tested by its words, in test_cli and test_former_database."""

import ast

import pytest

from consult.core import verification
from consult.core.errors import RegistrationError
from tests.house.source import functions, modules


def decorated(name: str) -> set[str]:
    """module.function of everything in the source that bears this mark."""
    return {
        f"{path.removesuffix('.py').replace('/', '.')}.{function.name}" for path, tree in modules().items() for function in functions(tree)
        if any(isinstance(mark, ast.Name) and mark.id == name for mark in function.decorator_list)
    }


def names(checks) -> list[str]:
    return [f"{check.__module__}.{check.__qualname__}" for check in checks]


def test_every_check_that_is_written_is_asked():
    """A module of checks that nothing imports would be asked by nobody: import it in the ``service`` of its room."""
    assert sorted(names(verification.checks)) == sorted({"consult.core.audit.verify", *decorated("verifies")})
    assert len(verification.checks) > 3
    assert set(names(verification.file_checks)) == decorated("verifies_files")


def test_the_journal_is_checked_first():
    assert names(verification.checks)[0] == "consult.core.audit.verify"


def test_files_are_checked_by_one_room():
    with pytest.raises(RegistrationError, match=r"verify_archive already: take .*a_second away"):
        @verification.verifies_files
        def a_second(path):
            return []


def test_faults_are_told_in_the_order_of_the_checks(own_app, monkeypatch):
    monkeypatch.setattr(verification, "checks", [lambda: ["one", "two"], lambda: (), lambda: iter(["three"])])
    assert verification.verify_database() == ["one", "two", "three"]
