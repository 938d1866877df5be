"""Settings, read once from ``CONSULT_*`` environment variables; a wrong one stops the start with its name and remedy."""

import base64
import hmac
import os
import re
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.x509 import load_pem_x509_certificates
from flask import Flask, current_app, has_request_context

from consult.core import logs
from consult.core.encryption import recipients_of

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
INNER_TLS = ("required", "no")
SECOND_FACTOR = ("", "required", "offered")
# Every mail server takes it as a sender, be it a short name of its own network.
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(?u:[\w-]+(\.[\w-]+)*)", re.ASCII)
# What each address begins with.
SCHEMES = {
    "base_url": ("http", "https"),
    "database_url": ("sqlite", "postgresql", "postgresql+psycopg"),
    "files_url": ("file", "s3"),
    "limits_url": ("memory", "redis", "rediss"),
    "mail_url": ("console", "file", "smtp", "smtps"),
    "queue_url": ("sqlite", "postgresql", "redis", "rediss"),
    "timestamp_url": ("http", "https"),
    "oidc_issuer": ("http", "https"),
}
OIDC_NEEDED = ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_name_fr", "oidc_name_ar", "oidc_name_en")
# What holds a password or a key: each may stand in a file that is named instead (CONSULT_SECRET_KEY_FILE), as vaults hand them over.
SECRETS = ("secret_key", "database_url", "queue_url", "limits_url", "mail_url", "oidc_client_secret", "metrics_token",
           "files_access_key", "files_secret_key")
# What of an ID token shows that the provider asked for a second factor.
PROOF = re.compile(r"(acr|amr):\S+")


class ConfigError(ValueError):
    """A setting that the programme cannot start with."""


def setting(help_text: str, default: str = ""):
    """A field read from the variable of its own name; ``help_text`` is what the README says of it."""
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class Config:
    data_dir: str = setting("folder of the database, queue, secret key and exports", "./var")
    database_url: str = setting("SQLAlchemy address; empty: SQLite in the data folder")
    queue_url: str = setting("job queue: sqlite:///path, postgresql://…, redis://… or rediss://…; empty: SQLite in the data folder")
    files_url: str = setting("where attached files are kept: file:///folder, or s3://bucket/prefix?endpoint=https://…&region=… of a "
                             "server that speaks S3; empty: “attachments” in the data folder")
    files_access_key: str = setting("by what name the S3 server knows this platform")
    files_secret_key: str = setting("what the platform signs its requests to the S3 server with")
    base_url: str = setting("public address, without a final slash", "http://127.0.0.1:8000")
    secret_key: str = setting("signs sessions and links; empty: made once and kept in the data folder")
    mail_url: str = setting("smtp://user:password@host:port (STARTTLS with ?starttls=1), smtps://…, file:///folder or console:", "console:")
    mail_from: str = setting("sender of every mail", "consultation@localhost.localdomain")
    news_hour: str = setting("hour (0 to 23, in Morocco) of the letters in which news is gathered: daily, and weekly on Mondays", "7")
    trusted_proxies: str = setting(
        "number of reverse proxies, whose X-Forwarded-For is believed; host, scheme and path are those of CONSULT_BASE_URL", "0")
    workers: str = setting("web processes of `consult serve`", "2")
    job_threads: str = setting("jobs run at once by `consult work`", "2")
    letters_per_minute: str = setting("invitations and reminders to stakeholders that leave in a minute, at most", "60")
    limits_url: str = setting(
        "where attempts and forms are counted: redis://… or memory:// (each process alone); empty: attempts in the database, for all")
    timestamp_url: str = setting("http(s) address of an authority that stamps the journal’s published places (RFC 3161); empty: none does")
    timestamp_roots: str = setting("file of the root certificates (PEM) by which its stamps are checked")
    backup_recipient: str = setting("public keys (age1…, a space between) of who may read backups; empty: not encrypted")
    backup_identity: str = setting("file of the secret key that reads backups, for `consult restore` alone")
    log_level: str = setting("DEBUG, INFO, WARNING or ERROR", "INFO")
    log_format: str = setting("text, or json: one object a line", "text")
    log_requests: str = setting("no, yes (a line for each request: its page, never its path) or with-network (and its address)", "no")
    metrics_token: str = setting("who sends it as “Authorization: Bearer …” is shown /metrics; empty: nobody")
    inner_tls: str = setting(
        "to PostgreSQL, Redis and a proxy on other machines: required, or no where nobody else has the network between", "required")
    second_factor: str = setting(
        "of those in charge: required, or offered (on one's own machine only); empty: required, offered where CONSULT_BASE_URL is local")
    oidc_issuer: str = setting("address of an OpenID Connect provider by which people may sign in; empty: none")
    oidc_client_id: str = setting("by what name the provider knows this platform")
    oidc_client_secret: str = setting("what the platform shows the provider")
    oidc_name_fr: str = setting("what the provider is called on the button, in French")
    oidc_name_ar: str = setting("the same in Arabic")
    oidc_name_en: str = setting("the same in English")
    oidc_second_factor: str = setting(
        "acr:… and amr:… values (a space between) of which one shows that the provider asked for a second factor; empty: ours is asked for")
    oidc_logout: str = setting("yes: whoever signs out here is offered to sign out at the provider too", "no")

    @classmethod
    def from_environment(cls, environ=os.environ) -> "Config":
        """Read and check every setting; raises :class:`ConfigError` naming the first wrong one."""
        known = {variable(f.name): f.name for f in fields(cls)}
        in_files = {f"{variable(name)}_FILE": name for name in SECRETS}
        unknown = [name for name in environ if name.startswith("CONSULT_") and name not in known | in_files and name not in TEST_ONLY]
        if unknown:
            raise ConfigError(f"{unknown[0]}: no such setting. Known: {', '.join(sorted(known))}")
        said = {attribute: environ[name] for name, attribute in known.items() if environ.get(name)}
        for name, attribute in in_files.items():
            if environ.get(name):
                if attribute in said:
                    raise ConfigError(f"{name}: {variable(attribute)} says the same; leave out one of the two")
                said[attribute] = kept_secret(name, Path(environ[name]))
        config = cls(**said)
        config.check()
        return config

    def check(self) -> None:
        for name, least in (("trusted_proxies", 0), ("workers", 1), ("job_threads", 1), ("letters_per_minute", 1)):
            value = getattr(self, name)
            if not (value.isascii() and value.isdecimal() and int(value) >= least):
                raise ConfigError(f"{variable(name)}: a whole number from {least} is needed, not {value!r}")
        if not (self.news_hour.isascii() and self.news_hour.isdecimal() and int(self.news_hour) < 24):
            raise ConfigError(f"{variable('news_hour')}: an hour from 0 to 23 is needed, not {self.news_hour!r}")
        for name, schemes in SCHEMES.items():
            self.check_address(name, schemes)
        if self.secret_key and len(self.secret_key) < 32:
            raise ConfigError(f"{variable('secret_key')}: 32 characters at least")
        self.check_sender()
        self.check_roots()
        try:
            recipients_of(self.backup_recipient)
        except ValueError as error:
            raise ConfigError(f"{variable('backup_recipient')}: public keys of age are needed, spaces between ({error})") from error
        if self.backup_identity and not Path(self.backup_identity).is_file():
            raise ConfigError(f"{variable('backup_identity')}: there is no file {self.backup_identity}")
        for name, known in (("log_level", LOG_LEVELS), ("log_format", logs.FORMATS), ("log_requests", logs.REQUESTS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"{variable(name)}: one of {', '.join(known)}")
        if self.metrics_token and (len(self.metrics_token) < 32 or not self.metrics_token.isascii()):
            raise ConfigError(f"{variable('metrics_token')}: 32 characters at least, all of them ASCII")
        if self.inner_tls not in INNER_TLS:
            raise ConfigError(f"{variable('inner_tls')}: one of {', '.join(INNER_TLS)}")
        if self.second_factor not in SECOND_FACTOR:
            raise ConfigError(f"{variable('second_factor')}: required or offered, or empty")

        self.check_store()
        self.check_provider()

    def check_store(self) -> None:
        """Of S3 all that is needed, and nothing in clear to another machine."""
        for name in ("files_access_key", "files_secret_key"):
            if len(getattr(self, name).split()) > 1 or not getattr(self, name).isascii():
                raise ConfigError(f"{variable(name)}: one word in ASCII is needed")
        if not self.files_url.startswith("s3:"):
            return
        endpoint = urlsplit(parse_qs(urlsplit(self.files_url).query).get("endpoint", [""])[-1])
        if endpoint.scheme not in ("http", "https") or not endpoint.hostname or not urlsplit(self.files_url).netloc:
            raise ConfigError(f"{variable('files_url')}: s3://bucket/prefix?endpoint=https://host is needed")
        if endpoint.scheme == "http" and self.inner_tls == "required" and not is_local(endpoint.hostname):
            raise ConfigError(f"{variable('files_url')}: whoever stands between could read all files: set its endpoint to an https:// "
                              f"address; or set {variable('inner_tls')}=no where nobody else has the network between")
        for name in ("files_access_key", "files_secret_key"):
            if not getattr(self, name):
                raise ConfigError(f"{variable(name)}: {variable('files_url')} needs it")

    def check_provider(self) -> None:
        """All that is needed of the OpenID provider, or nothing of it."""
        given = [f.name for f in fields(self) if f.name.startswith("oidc_") and getattr(self, f.name) != f.default]
        missing = [name for name in OIDC_NEEDED if not getattr(self, name).strip()]
        if given and missing:
            raise ConfigError(f"{variable(given[0])}: it needs {', '.join(map(variable, missing))} too")
        if not given:
            return
        parts = urlsplit(self.oidc_issuer)
        if parts.query or parts.fragment or parts.username is not None:
            raise ConfigError(f"{variable('oidc_issuer')}: it has neither a name, nor a “?”, nor a “#”: write it as the provider does")
        if parts.scheme == "http" and not is_local(parts.hostname or ""):
            raise ConfigError(f"{variable('oidc_issuer')}: whoever is on the way could sign in as anybody: set it to an https:// address")
        if any(not PROOF.fullmatch(word) for word in self.oidc_second_factor.split()):
            raise ConfigError(f"{variable('oidc_second_factor')}: acr:VALUE or amr:VALUE, spaces between, not {self.oidc_second_factor!r}")
        if self.oidc_logout not in ("yes", "no"):
            raise ConfigError(f"{variable('oidc_logout')}: yes or no")

    @property
    def is_public(self) -> bool:
        """Whether its address is one that others than this machine know."""
        return not is_local(urlsplit(self.base_url).hostname or "")

    def refuse_unsafe(self, host: str = "", *, is_ciphered: bool = False) -> None:
        """What may be tried out on one's own machine but not put before the public: :class:`ConfigError` names the first and its remedy.
        ``is_ciphered``: the proxy speaks to it by TLS.

        It is before the public when its public address is not this machine's, or when it is served beyond this machine (``host``).
        """
        name = urlsplit(self.base_url).hostname or ""
        if is_local(name) and is_local(host or "localhost"):
            return
        for is_unsafe, setting_name, remedy in self.dangers(is_local(name)):
            if is_unsafe:
                raise ConfigError(f"{variable(setting_name)}: {remedy}")
        if self.inner_tls == "required" and not is_ciphered and not is_local(host or "localhost"):
            raise ConfigError(f"--host {host}: whoever stands between the proxy and this machine could read all of it: serve with "
                              f"--certificate and --key; or set {variable('inner_tls')}=no where nobody else has the network between")

    def dangers(self, has_local_address: bool) -> tuple[tuple[bool, str, str], ...]:
        mail, sender = urlsplit(self.mail_url), parseaddr(self.mail_from)[1].rpartition("@")[2]
        is_shared, counts_alone = self.database.startswith("postgresql"), self.limits_url.startswith("memory:")
        return (
            (has_local_address, "base_url", "it names this machine alone while others are served: set it to the public https:// address"),
            (not self.is_https, "base_url", "passwords would travel in clear: set it to the public https:// address"),
            (mail.scheme in ("console", "file"), "mail_url", "nobody would get a letter: set it to smtp://… or smtps://…"),
            (mail.scheme == "smtp" and bool(mail.password) and not is_local(mail.hostname or "") and "starttls=1" not in mail.query,
             "mail_url", "its password would travel in clear: add ?starttls=1, or use smtps://"),
            (self.oidc_issuer.startswith("http:"), "oidc_issuer",
             "whoever is on the way could sign in as anybody: set it to an https:// address"),
            (bool(self.oidc_client_secret) and len(set(self.oidc_client_secret)) < 12, "oidc_client_secret",
             "it can be guessed: have the provider make another"),
            (self.second_factor == "offered", "second_factor",
             "whoever learns a password of those in charge could act in their place: leave it empty, or set it to required"),
            (is_local(sender), "mail_from", "it is the example: set it to an address of yours, whose answers are read"),
            (0 < len(set(self.secret_key)) < 12, "secret_key", "it can be guessed: make one with “openssl rand -base64 48”"),
            (is_shared and not self.secret_key, "secret_key",
             "each host would make its own, and end the sessions of the others: set the same on all of them"),
            (is_shared and counts_alone, "limits_url",
             "each process of each host would count attempts by itself: leave it empty, or set it to redis://…, the same on all of them"),
            (self.is_https and int(self.trusted_proxies) == 0, "trusted_proxies",
             "whatever ends TLS stands before it, and all visitors would be counted as one: set it to the number of proxies, 1 as a rule"),
            *((self.inner_tls == "required" and is_in_clear(getattr(self, name)), name,
               "whoever stands between could read all of it: use rediss://…, or add ?sslmode=verify-full with sslrootcert=…; "
               f"or set {variable('inner_tls')}=no where nobody else has the network between")
              for name in ("database_url", "queue_url", "limits_url")),
        )

    def check_sender(self) -> None:
        """A name may stand before it; a mail server on this machine takes its short names."""
        if not ADDRESS.fullmatch(parseaddr(self.mail_from)[1]):
            raise ConfigError(f"{variable('mail_from')}: an e-mail address is needed, in ASCII before the @, not {self.mail_from!r}")

    def check_roots(self) -> None:
        if not self.timestamp_roots:
            return
        try:
            load_pem_x509_certificates(Path(self.timestamp_roots).read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(f"{variable('timestamp_roots')}: a file of certificates in PEM is needed ({error})") from error

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
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
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
    def cookie_prefix(self) -> str:
        """By it a browser takes a cookie from this host alone, over TLS, whoever holds a neighbouring name."""
        return "__Host-" if self.is_https else ""

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https:")

    @property
    def has_provider(self) -> bool:
        """Whether people may sign in by an OpenID provider."""
        return bool(self.oidc_issuer)

    def provider_name(self, language: str) -> str:
        return getattr(self, f"oidc_name_{language}", "") or self.oidc_name_fr

    @property
    def requires_second_factor(self) -> bool:
        """Of whoever is in charge of something."""
        return self.second_factor == "required" or not self.second_factor and not is_local(urlsplit(self.base_url).hostname or "")


def kept_secret(name: str, path: Path) -> str:
    """What a file holds of a setting; :class:`ConfigError` for one that cannot be read, or holds nothing."""
    try:
        secret = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: {path} cannot be read ({error})") from error
    if not secret:
        raise ConfigError(f"{name}: {path} is empty")
    return secret


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


def make_private(path: str | Path) -> None:
    """An empty file of its owner's alone, for whoever would make one that others read; what is there stays."""
    if str(path).startswith((":memory:", "file:")) or not str(path):
        return
    with suppress(FileExistsError, FileNotFoundError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def is_local(host: str) -> bool:
    """Whether only this machine is meant, or an example that nobody owns."""
    if host in ("localhost", "127.0.0.1", "::1", "") or host.startswith("127."):
        return True
    return host.endswith((".localhost", ".localdomain", ".test", ".invalid", "localdomain"))


def is_in_clear(url: str) -> bool:
    """Whether a PostgreSQL or Redis on another machine is spoken to without TLS, or without looking at its certificate."""
    parts, asked = urlsplit(url), parse_qs(urlsplit(url).query)
    kind, hosts = parts.scheme.partition("+")[0], [parts.hostname or "", *",".join(asked.get("host", [])).split(",")]
    if all(host.startswith("/") or is_local(host) for host in hosts):
        return False
    if kind == "postgresql":
        return asked.get("sslmode", [""])[-1] not in ("verify-full", "verify-ca")
    return kind == "redis" or kind == "rediss" and asked.get("ssl_cert_reqs", ["required"])[-1] != "required"


TEST_ONLY = frozenset({"CONSULT_TEST_DATABASE"})


def variable(name: str) -> str:
    return f"CONSULT_{name.upper()}"


def this_app() -> Flask:
    """The application itself, for what goes on outside of the context that names it."""
    return current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is typed as what it stands for


def requires_second_factor() -> bool:
    """Of those in charge, by the settings: in requests, where somebody signed in; the worker and the command line have no session."""
    return has_request_context() and this_app().extensions["consult_config"].requires_second_factor


def derived_key(secret: str, purpose: str) -> str:
    """A key of its own for each purpose, so that the signing key is used for signing alone."""
    return base64.b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode()


def resource_dir(name: str) -> Path:
    """A top-level folder: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
