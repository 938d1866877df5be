"""The first start of several hosts at one moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from consult.core.waking import postgres_queue
from tests.waiting import PATIENCE

HOSTS = 8


def test_hosts_that_begin_at_one_moment_all_begin(databases):
    """Each makes the tables of the queue that are not there yet: one of them ended with an error instead."""
    if databases.kind != "postgresql":
        pytest.skip("a file is made by one host alone")
    url = databases.new_database().replace("+psycopg", "")
    together = threading.Barrier(HOSTS)

    def begin(_host: int):
        together.wait(PATIENCE)
        queue = postgres_queue(url)
        queue.storage.close()
        return queue

    with ThreadPoolExecutor(HOSTS) as hosts:
        assert all(hosts.map(begin, range(HOSTS)))
