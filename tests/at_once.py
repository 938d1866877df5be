"""Acts of several people at one moment, where commits are real."""

import threading

from consult.core.db import session, unit_of_work
from tests.waiting import PATIENCE


def all_at_once(app, *acts, unit=unit_of_work) -> list:
    """What each act, in a unit of work of its own, returned or raised; all begin at one moment."""
    start, ends = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act) -> None:
        with app.app_context():
            try:
                start.wait(PATIENCE)
                with unit():
                    ends[place] = act()
            except Exception as error:
                ends[place] = error
            finally:
                session.remove()
    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    session.expire_all()
    return ends
