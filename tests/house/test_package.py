"""What is delivered: the list of packages, the wheel, the README's settings, the changelog."""

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import fields

import pytest

from consult.core.config import SECRETS, Config, variable
from tests.house.source import PACKAGE, ROOT

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "tests", "var", "build", "dist", "*.egg-info", "ttf", "docs", "*.gz")
START = """
import sys, pathlib, consult
assert pathlib.Path(consult.__file__).is_relative_to(sys.argv[1]), consult.__file__
from consult import create_app
from consult.core.config import resource_dir
import flask_migrate
app = create_app()
with app.app_context():
    flask_migrate.upgrade()
client = app.test_client()
assert client.get("/healthz").json["status"] == "ok"
assert client.get("/readyz").json == {"status": "ready"}
page = client.get("/ar/")
assert page.status_code == 200 and 'dir="rtl"' in page.text, page.status
with client.get("/static/css/base.css") as sheet:
    assert sheet.status_code == 200
assert client.get("/fr/nothing").status_code == 404
assert len(list(resource_dir("policy_drafts").glob("*.md"))) == 10
"""


def settings() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def folders() -> set[str]:
    """Every folder of ours that holds Python is a package; migrations are data, read by path."""
    return {
        ".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("*.py")
        if "migrations" not in path.parts and "__pycache__" not in path.parts
    }


def test_every_folder_is_a_package_and_listed():
    listed = set(settings()["options"]["packages"].split())
    assert {name for name in folders() if not (ROOT / name.replace(".", "/") / "__init__.py").is_file()} == set()
    assert listed - {"consult.templates", "consult.static", "consult.policy_drafts"} == folders()


def test_folders_of_tests_are_packages():
    assert [path for path in {path.parent for path in (ROOT / "tests").rglob("test_*.py")} if not (path / "__init__.py").is_file()] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as an installer does, from a copy without what was built before."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", build], cwd=folder / "source", check=True, capture_output=True)  # noqa: S603
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_everything(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = wheel.parent / "source"
    homes = {"templates": "consult/templates", "static": "consult/static", "policy_drafts": "consult/policy_drafts", "consult": "consult"}
    wanted = {
        f"{home}/{path.relative_to(source / top).as_posix()}" for top, home in homes.items() for path in (source / top).rglob("*")
        if path.is_file() and path.suffix not in (".po", ".pot", ".gz", ".pyc")
    }
    assert sorted(wanted - inside) == []
    assert [name for name in inside if "tests/" in name or name.endswith((".sqlite", ".pyc"))] == []


@pytest.mark.slow
def test_the_application_starts_from_the_wheel(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)  # noqa: S202 - our own archive
    environment = {"PYTHONPATH": str(site), "CONSULT_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin",
                   "PYTHONPYCACHEPREFIX": sys.pycache_prefix, "PYTHONDONTWRITEBYTECODE": "1"}  # of libraries read, of the site unwritten
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", START, str(site)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_readme_lists_exactly_the_settings():
    told = dict(re.findall(r"^\| `(CONSULT_\w+)` \| (.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    real = {variable(field.name): field.metadata["help"] for field in fields(Config)}
    assert told == real


def test_the_readme_names_no_setting_that_is_not():
    named = set(re.findall(r"CONSULT_[A-Z_]+", (ROOT / "README.md").read_text()))
    in_files = {f"{variable(name)}_FILE" for name in SECRETS}
    assert named - in_files - {variable(field.name) for field in fields(Config)} <= {"CONSULT_TEST_DATABASE"}


def test_the_changelog_tells_each_kind_of_change():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert settings()["metadata"]["version"] in text or "Unreleased" in text
    for title in ("Added", "What an operator must do"):
        assert title in text


def test_every_dependency_is_locked():
    for lock, section in (("requirements.lock", settings()["options"]["install_requires"]),
                          ("requirements-test.lock", settings()["options.extras_require"]["test"]),
                          ("requirements-mutants.lock", settings()["options.extras_require"]["mutants"])):
        locked = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}
        wanted = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line)[0]).lower() for line in section.splitlines()
                  if line.strip() and not line.startswith("#")}
        assert wanted - locked == set()
