"""Whatever is killed while people lodge, and whenever: what was acknowledged is there, and there once.

Twenty times here; ``make kills`` does it 200 times, or as often as ``ARGS`` says.
"""

import os
import random
import signal
import threading

import pytest

from tests.senders import Sender, Writer, a_site, a_site_with_people, compare, verified
from tests.story.sites import Site
from tests.test_serving_site import children
from tests.waiting import PATIENCE, until

KILLS = int(os.environ.get("KILLS", "20"))
SENDERS, WRITERS, BETWEEN = 3, 2, 3  # people who lodge texts one by one, and together; contributions acknowledged between two kills


def kill_one(site: Site, chance: random.Random) -> None:
    """The web process, the worker, or what starts them again, which is then started as the system would."""
    workers = children(site.server, "consult work")
    webs = [pid for pid in children(site.server, "consult") if pid not in workers]
    target = chance.choice([*webs[:1], *workers, site.server.pid])
    os.kill(target, signal.SIGKILL)
    if target == site.server.pid:
        everybody = [*workers, *webs]
        site.server.wait(PATIENCE)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in everybody), "its children go on without it")
        site.server = site.spawn("serve", "--port", str(site.port), "--work")


@pytest.mark.longest
def test_what_was_acknowledged_is_there_once_whatever_is_killed(databases, migrated, tmp_path):
    if databases.kind != "sqlite":
        pytest.skip("once is enough")
    url = databases.new_database(migrated)
    at, cookies = a_site_with_people(url, tmp_path, SENDERS + WRITERS)
    site = a_site(tmp_path, url)
    over, chance = threading.Event(), random.Random(KILLS)  # noqa: S311 - which is killed, the same each time
    site.start()
    try:
        senders = [(Sender if number < SENDERS else Writer)(f"p{number}", f"{site.base}/en/{at}", cookie, over)
                   for number, cookie in enumerate(cookies)]
        for sender in senders:
            sender.start()
        for kill in range(KILLS):
            before = sum(len(sender.acknowledged) for sender in senders)
            until(lambda before=before: sum(len(sender.acknowledged) for sender in senders) >= before + BETWEEN,
                  f"nothing is acknowledged after {kill} kills")
            kill_one(site, chance)
        over.set()
        for sender in senders:
            sender.join(PATIENCE)
            assert not sender.is_alive(), "it is never acknowledged"
        url = f"sqlite:///{tmp_path}/consult.sqlite"
        print(f"{KILLS} kills, {compare(url, senders)} acknowledged, none lost or doubled")
        verified(url, site)
    finally:
        over.set()
        site.stop()
