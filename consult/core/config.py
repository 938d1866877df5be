"""Settings, read once from ``CONSULT_*`` environment variables; a wrong one stops the start with its name and remedy."""

import os
import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

MAIL_SCHEMES = ("console", "file", "smtp", "smtps")
QUEUE_SCHEMES = ("sqlite", "postgresql", "redis")


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
        for name in ("trusted_proxies", "workers", "job_threads"):
            if not getattr(self, name).isdigit():
                raise ConfigError(f"{variable(name)}: a whole number is needed, not {getattr(self, name)!r}")
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ConfigError(f"{variable('base_url')}: begin it with http:// or https://")
        if self.mail_url.split(":")[0] not in MAIL_SCHEMES:
            raise ConfigError(f"{variable('mail_url')}: begin it with one of {', '.join(MAIL_SCHEMES)}")
        if self.queue_url and self.queue_url.split(":")[0] not in QUEUE_SCHEMES:
            raise ConfigError(f"{variable('queue_url')}: begin it with one of {', '.join(QUEUE_SCHEMES)}")
        if self.secret_key and len(self.secret_key) < 32:
            raise ConfigError(f"{variable('secret_key')}: 32 characters at least")

    @property
    def folder(self) -> Path:
        """The data folder, made when missing."""
        path = Path(self.data_dir).resolve()
        path.mkdir(parents=True, exist_ok=True)
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
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")


TEST_ONLY = frozenset({"CONSULT_TEST_DATABASE"})


def variable(name: str) -> str:
    return f"CONSULT_{name.upper()}"


def resource_dir(name: str) -> Path:
    """A top-level folder: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
