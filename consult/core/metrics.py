"""What machines count: `/metrics` in the form of Prometheus, for whoever has the token. Pages, states and numbers; nothing of anybody.

The web processes of one `consult serve` count together, in files of a folder that it makes (``PROMETHEUS_MULTIPROC_DIR``, which the library
reads when it is imported: hence the import at the start of each process). What is asked of the database is asked when somebody looks.
"""

import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from consult.core import health, logs, outage
from consult.core.errors import NotFound
from consult.core.i18n import utcnow

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
ENDPOINT = "consult.endpoint"
READY, FILE, UNKNOWN = "ready", "static", "none"  # a page that was kept ready, a file, what reached no page
METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST"))
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Counts:
    """What this process counts, together with the others of its server."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = CollectorRegistry()
        self.own = registry
        self.answered = Counter("consult_requests", "Requests answered.", ["endpoint", "method", "status"], registry=registry)
        self.seconds = Histogram("consult_request_seconds", "Time until a request's answer began.", ["endpoint"], buckets=BUCKETS,
                                 registry=registry)

    def note(self, endpoint: str, method: str, status: str, seconds: float) -> None:
        self.answered.labels(endpoint, method, status).inc()
        self.seconds.labels(endpoint).observe(seconds)

    def text(self) -> bytes:
        """Of all processes, and how the platform is."""
        from prometheus_client import CollectorRegistry, generate_latest, multiprocess

        state = CollectorRegistry()
        state.register(State())
        if os.environ.get(FOLDER):
            together = CollectorRegistry()
            multiprocess.MultiProcessCollector(together)
        else:
            together = self.own
        return generate_latest(together) + generate_latest(state)


class State:
    """How the platform is, asked of the database at this moment."""

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        try:
            found, now = health.measure(), utcnow()
        except (SQLAlchemyError, OSError) as error:
            outage.tell(outage.log, error, "the health could not be measured")
            yield GaugeMetricFamily("consult_database_up", "Whether the database answers.", value=0)
            return
        for name, words, value in (
            ("consult_database_up", "Whether the database answers.", 1),
            ("consult_worker_beat_age_seconds", "Since the slowest part of the worker last ended well; -1 where none ever did.",
             -1 if (age := health.seconds(found.worker_since, now)) is None else age),
            ("consult_queue_oldest_due_seconds", "What waits longest of what is due.", health.seconds(found.due_since, now) or 0),
            ("consult_jobs_failed", "Jobs given up within a week.", found.failed),
            ("consult_mail_undelivered", "Letters that should have left long ago.", found.letters),
            ("consult_disk_free_bytes", "Free room beside the data folder.", found.room * 2**20),
        ):
            yield GaugeMetricFamily(name, words, value=value)
        trouble = GaugeMetricFamily("consult_trouble", "What /healthz tells of.", labels=["part"])
        for part in ("worker", "queue", "mail", "disk"):
            trouble.add_metric([part], int(part in found.troubles))
        yield trouble


class Observed:
    """Around the whole application: each request is counted, and told in the log where it is asked for."""

    def __init__(self, app: Callable[..., Iterable[bytes]], counts: Counts, told: str) -> None:
        self.app, self.counts, self.told = app, counts, told

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.monotonic()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            endpoint = environ.get(ENDPOINT) or (FILE if environ.get("PATH_INFO", "").startswith("/static/") else UNKNOWN)
            method = environ.get("REQUEST_METHOD", "")
            said = endpoint, method if method in METHODS else "other", status.partition(" ")[0], time.monotonic() - began
            self.counts.note(*said)
            if self.told != "no":
                # Known by now: behind proxies it is not the one that the server saw.
                logs.tell_request(*said, environ.get("REMOTE_ADDR", "") if self.told == "with-network" else "")
            return start_response(status, headers, *more)
        return self.app(environ, start)


def note_endpoint() -> None:
    """For whoever counts outside of Flask; the page's name, not its path."""
    request.environ[ENDPOINT] = request.endpoint or UNKNOWN


def show() -> tuple[bytes, dict[str, str]]:
    token = current_app.extensions["consult_config"].metrics_token
    given = request.headers.get("Authorization", "").encode()
    if not token or not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise NotFound
    return current_app.extensions["consult_counts"].text(), {
        "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Cache-Control": "no-store"}


def init_app(app: Flask) -> None:
    app.extensions["consult_counts"] = Counts()
    app.before_request(note_endpoint)
    app.add_url_rule("/metrics", "metrics", show)
