"""A plugin: when the whole suite ran, every template was taken up by some test, or the run fails and names those that were not.

Each process notes what Jinja loads; under xdist the workers hand their notes to the process that started them.
"""

from pathlib import Path

import pytest
from flask.templating import DispatchingJinjaLoader

TEMPLATES = Path(__file__).parents[2] / "templates"
loaded: set[str] = set()
missing: list[str] = []
original = DispatchingJinjaLoader.get_source


def noted(self, environment, template):
    loaded.add(template)
    return original(self, environment, template)


def pytest_configure(config) -> None:
    DispatchingJinjaLoader.get_source = noted


def pytest_unconfigure(config) -> None:
    DispatchingJinjaLoader.get_source = original


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    loaded.update(getattr(node, "workeroutput", {}).get("templates", ()))


def is_whole(config) -> bool:
    """No folder, file or name was chosen; leaving the browser out is allowed."""
    chosen = config.getoption("keyword") or config.getoption("markexpr") not in ("", "not browser") or config.getoption("deselect")
    return not chosen and not config.getoption("lf", False) and list(config.args) == list(config.getini("testpaths"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["templates"] = sorted(loaded)
    elif exitstatus == 0 and is_whole(session.config):
        ours = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*") if path.suffix in (".html", ".txt")}
        missing.extend(sorted(ours - loaded))
        if missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    if missing:
        terminalreporter.section("templates that no test takes up")
        for name in missing:
            terminalreporter.line(name)
