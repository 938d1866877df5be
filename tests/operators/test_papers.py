"""The papers of operators say what is so: settings, commands, units, container and compose file."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest
import yaml

from consult.cli import cli
from consult.core.config import Config, ConfigError, variable
from tests.house.source import ROOT
from tests.operators.hosts import KEY, PAPERS

GUIDE = (ROOT / "docs" / "exploitant.md").read_text("utf-8")
COMMAND = re.compile(r"(?:^|&& |exec )(?:/opt/consult/\.venv/bin/)?consult (?P<words>[^|&#;'`)]*)")
UNITS = ("consult-web.service", "consult-work.service")
MAX_EXPOSURE = 30  # of 100, as systemd-analyze counts it


def settings_of(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_every_setting_is_told_and_no_other():
    told = set(re.findall(r"^\| `(CONSULT_\w+)` \|", GUIDE, re.MULTILINE))
    assert told == {variable(one.name) for one in fields(Config)}
    assert set(re.findall(r"CONSULT_[A-Z_]+", "".join(path.read_text("utf-8") for path in PAPERS.iterdir()))) <= told


def test_the_example_of_settings_starts_once_it_has_a_key_and_not_before():
    example = settings_of((PAPERS / "consult.env").read_text("utf-8"))
    with pytest.raises(ConfigError, match="^CONSULT_SECRET_KEY"):
        Config.from_environment(example).refuse_unsafe()
    Config.from_environment({**example, "CONSULT_SECRET_KEY": KEY}).refuse_unsafe()
    assert not any(set(value) & set("\"' &$") for value in example.values()), "the shell and systemd would read it otherwise"


def commands() -> list[list[str]]:
    """What operators are told to type, in blocks and in the text, and what units and containers run."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) + re.findall(r"`(consult [^`]+)`", GUIDE)
    units = [line.removeprefix("ExecStart=") for name in UNITS for line in (PAPERS / name).read_text().splitlines() if "ExecStart" in line]
    typed = [found["words"] for text in blocks + units for line in text.splitlines() if (found := COMMAND.search(line))]
    return [shlex.split(words) for words in typed] + container_commands()


def container_commands() -> list[list[str]]:
    listed = [service["command"] for service in services().values() if "command" in service]
    listed.append(json.loads(next(line for line in instructions() if line.startswith("CMD ")).removeprefix("CMD ")))
    assert {command[0] for command in listed} == {"/opt/consult/.venv/bin/consult"}
    return [command[1:] for command in listed]


def wrong_with(words: list[str]) -> str:
    """What the command line has against these words; arguments may be examples of things that are not there."""
    command: click.Command = cli
    context = click.Context(cli, info_name="consult")
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return " ".join(word for word in words if word.startswith("--") and word.partition("=")[0] not in known)


def test_every_command_of_the_papers_is_one():
    told = commands()
    assert len(told) > 20
    assert {" ".join(words): wrong for words in told if (wrong := wrong_with(words))} == {}
    assert wrong_with(["serve", "--colour"])
    assert wrong_with(["dance"])


# Units


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("name", UNITS)
def test_the_units_are_right_and_closed(tmp_path, name):
    unit = tmp_path / name
    unit.write_text((PAPERS / name).read_text().replace("/opt/consult/.venv/bin/consult", sys.executable))
    checked = analyze("verify", "--man=no", str(unit))
    assert name not in checked.stderr, checked.stderr
    exposed = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", str(unit))
    assert exposed.returncode == 0, exposed.stdout
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=perhaps"))
    assert name in analyze("verify", "--man=no", str(unit)).stderr


def analyze(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - fixed


def test_web_and_worker_are_closed_alike():
    web, work = ((PAPERS / name).read_text().splitlines() for name in UNITS)
    differing = [line for line in web if line not in work]
    assert [line.partition("=")[0] for line in differing] == ["# /etc/systemd/system/consult-web.service", "Description", "ExecStart"]


# Container


def instructions() -> list[str]:
    return [line for line in (PAPERS / "Containerfile").read_text("utf-8").splitlines() if line and not line.startswith("#")]


def test_the_container_holds_the_platform_and_nothing_else():
    kinds = [line.split()[0] for line in instructions()]
    assert set(kinds) <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "CMD"}
    assert kinds.index("USER") < kinds.index("CMD"), "nothing runs as root"
    copied = {source for line in instructions() if line.startswith("COPY ") for source in line.split()[1:-1]}
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert copied.isdisjoint({".", ".git", "tests", "var", "docs"})
    assert not any("://" in line for line in instructions())


@pytest.mark.longest
def test_what_the_container_runs_makes_a_platform_in_a_clean_folder(tmp_path):
    """Its own COPY and `make env`, with the package index that the tests were installed from."""
    for line in instructions():
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in sources:
                copy(ROOT / source, tmp_path / (target if len(sources) == 1 else source))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONSULT_")}
    made = subprocess.run(["make", "env", f"PYTHON={sys.executable}"], cwd=tmp_path, env=clean, capture_output=True, text=True,  # noqa: S603, S607
                          check=False)
    if made.returncode and re.search(r"No matching distribution|Failed to fetch|NewConnectionError|Network", made.stdout + made.stderr):
        pytest.skip("no index of packages is in reach")
    assert made.returncode == 0, made.stderr
    for words in (["db", "upgrade"], ["verify"], ["serve", "--help"], ["work", "--help"]):
        done = subprocess.run([tmp_path / ".venv/bin/consult", *words], cwd=tmp_path, env=clean,  # noqa: S603 - the papers' own
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    else:
        shutil.copy(source, target)


# Compose file


def services() -> dict[str, dict]:
    return yaml.safe_load((PAPERS / "compose.yaml").read_text("utf-8"))["services"]


def test_the_compose_file_holds_together():
    told = yaml.safe_load((PAPERS / "compose.yaml").read_text("utf-8"))
    ours = {name: service for name, service in services().items() if service.get("image") == "consult"}
    assert set(ours) == {"schema", "web-1", "web-2", "work-1", "work-2"}
    for service in ours.values():
        assert service["environment"]["TMPDIR"] in [place.partition(":")[2] for place in service["volumes"]], "answers wait in memory"
        assert all("size=" in place for place in service["tmpfs"]), "without a bound"
        assert (service["read_only"], service["cap_drop"], service["env_file"]) == (True, ["ALL"], "/etc/consult/env")
        assert (PAPERS / service["build"]["context"] / service["build"]["dockerfile"]).resolve() == PAPERS / "Containerfile"
    for service in services().values():
        assert set(service.get("depends_on", ())) <= set(services())
        named = [place.partition(":")[0] for place in service["volumes"]] if "volumes" in service else []
        assert [place for place in named if not place.startswith((".", "/")) and place not in told["volumes"]] == []
        assert [place for place in named if place.startswith(".") and not (PAPERS / place).exists()] == []
    published = [port.rpartition(":")[0] for service in ours.values() for port in service.get("ports", ())]
    upstream = re.findall(r"server (127\.0\.0\.1:\d+) ", (PAPERS / "nginx.conf").read_text("utf-8"))
    assert published == upstream, "nginx looks elsewhere"


@pytest.mark.parametrize("unit", ["consult-web.service", "consult-work.service"])
def test_the_units_reach_nothing_that_is_not_named(unit):
    """By the system's own filter: whatever the programme is led to ask, it joins this machine and what its operator adds."""
    lines = (PAPERS / unit).read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("IPAddress")] == ["IPAddressDeny=any", "IPAddressAllow=localhost"]
    assert [line for line in lines if line.startswith("RestrictAddressFamilies=")] == ["RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX"]
