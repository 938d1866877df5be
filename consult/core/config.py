"""Settings, read once from ``CONSULT_*`` environment variables; a wrong one stops the start with its name and remedy."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, current_app

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# Every mail server takes it as a sender, be it a short name of its own network.
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(?u:[\w-]+(\.[\w-]+)*)", re.ASCII)
# What each address begins with.
SCHEMES = {
    "base_url": ("http", "https"),
    "database_url": ("sqlite", "postgresql", "postgresql+psycopg"),
    "limits_url": ("memory", "redis", "rediss"),
    "mail_url": ("console", "file", "smtp", "smtps"),
    "queue_url": ("sqlite", "postgresql", "redis"),
}


class ConfigError(ValueError):
    """A setting that the programme cannot start with."""


def setting(help_text: str, default: str = ""):
    """A field read from the variable of its own name; ``help_text`` is what the README says of it."""
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class Config:
    data_dir: str = setting("folder of the database, queue, secret key and exports", "./var")
    database_url: str = setting("SQLAlchemy address; empty: SQLite in the data folder")
    queue_url: str = setting("job queue: sqlite:///path, postgresql://… or redis://…; empty: SQLite in the data folder")
    base_url: str = setting("public address, without a final slash", "http://127.0.0.1:8000")
    secret_key: str = setting("signs sessions and links; empty: made once and kept in the data folder")
    mail_url: str = setting("smtp://user:password@host:port (STARTTLS with ?starttls=1), smtps://…, file:///folder or console:", "console:")
    mail_from: str = setting("sender of every mail", "consultation@localhost.localdomain")
    trusted_proxies: str = setting("number of reverse proxies whose X-Forwarded-* headers are believed", "0")
    workers: str = setting("web processes of `consult serve`", "2")
    job_threads: str = setting("jobs run at once by `consult work`", "2")
    limits_url: str = setting("where attempt limits are counted: memory:// or redis://…", "memory://")
    log_level: str = setting("DEBUG, INFO, WARNING or ERROR", "INFO")

    @classmethod
    def from_environment(cls, environ=os.environ) -> "Config":
        """Read and check every setting; raises :class:`ConfigError` naming the first wrong one."""
        known = {variable(f.name): f.name for f in fields(cls)}
        unknown = [name for name in environ if name.startswith("CONSULT_") and name not in known and name not in TEST_ONLY]
        if unknown:
            raise ConfigError(f"{unknown[0]}: no such setting. Known: {', '.join(sorted(known))}")
        config = cls(**{attribute: environ[name] for name, attribute in known.items() if environ.get(name)})
        config.check()
        return config

    def check(self) -> None:
        for name, least in (("trusted_proxies", 0), ("workers", 1), ("job_threads", 1)):
            value = getattr(self, name)
            if not (value.isascii() and value.isdecimal() and int(value) >= least):
                raise ConfigError(f"{variable(name)}: a whole number from {least} is needed, not {value!r}")
        for name, schemes in SCHEMES.items():
            self.check_address(name, schemes)
        if self.secret_key and len(self.secret_key) < 32:
            raise ConfigError(f"{variable('secret_key')}: 32 characters at least")
        self.check_sender()
        if self.log_level not in LOG_LEVELS:
            raise ConfigError(f"{variable('log_level')}: one of {', '.join(LOG_LEVELS)}")

    def check_sender(self) -> None:
        """A name may stand before it; a mail server on this machine takes its short names."""
        if not ADDRESS.fullmatch(parseaddr(self.mail_from)[1]):
            raise ConfigError(f"{variable('mail_from')}: an e-mail address is needed, in ASCII before the @, not {self.mail_from!r}")

    def check_address(self, name: str, schemes: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value and value.partition(":")[0] not in schemes:
            raise ConfigError(f"{variable(name)}: begin it with one of {', '.join(f'{s}:' for s in schemes)}")
        try:
            parts = urlsplit(value)
            needs_host = parts.scheme in ("http", "https", "smtp", "smtps") and not parts.hostname
            parts.port  # noqa: B018 - reading it is the check
        except ValueError as error:
            raise ConfigError(f"{variable(name)}: not an address ({error})") from error
        if needs_host:
            raise ConfigError(f"{variable(name)}: the host is missing")

    @property
    def folder(self) -> Path:
        """The data folder, made when missing."""
        path = Path(self.data_dir).resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{variable('data_dir')}: {error}") from error
        return path

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'consult.sqlite'}"

    @property
    def queue(self) -> str:
        return self.queue_url or f"sqlite:///{self.folder / 'queue.sqlite'}"

    @property
    def secret(self) -> str:
        """The signing key: the setting's, or one made once with the owner's rights alone."""
        if self.secret_key:
            return self.secret_key
        path = self.folder / "secret-key"
        if not path.exists():
            make_once(path, secrets.token_urlsafe(48))
        return path.read_text().strip()

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")


def make_once(path: Path, content: str) -> None:
    """Write a private file unless another process was first; nobody ever sees it half written."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)


TEST_ONLY = frozenset({"CONSULT_TEST_DATABASE"})


def variable(name: str) -> str:
    return f"CONSULT_{name.upper()}"


def this_app() -> Flask:
    """The application itself, for what goes on outside of the context that names it."""
    return current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is typed as what it stands for


def resource_dir(name: str) -> Path:
    """A top-level folder: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
