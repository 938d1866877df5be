"""A plugin: what tests do again and again is done in less time, with the same result.

Each application that a test makes for itself compiles the same addresses: they are compiled once a process. Python's collector
went through everything that was imported, again and again, to find nothing: what stands when the tests begin is left out.
"""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule

SELDOM = 50_000  # objects more than before, until Python looks for rings among them: 700 by itself


def built_once(compile_builder: Callable) -> Callable:
    """A rule's builder of addresses depends on what is written in the rule alone."""
    builders: dict[tuple[Any, ...], Callable] = {}

    def builder_of(rule: Rule, append_unknown: bool = True) -> Callable:
        written = rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown
        if written not in builders:
            builders[written] = compile_builder(rule, append_unknown)
        return builders[written]
    return builder_of


def pytest_configure() -> None:
    """For the rest of this process."""
    Rule._compile_builder = built_once(Rule._compile_builder)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM, 20, 20)
