"""Two moderators who really decide at the same second."""

import threading

import pytest

from consult.consultations.models import Role
from consult.core.db import session, unit_of_work
from tests import factories
from tests.waiting import PATIENCE


@pytest.fixture
def at_once():
    """Run functions in threads that start together; what each returned or raised, in order."""
    def run(app, *functions):
        start, ends = threading.Barrier(len(functions)), [None] * len(functions)

        def work(place, function):
            with app.app_context():
                start.wait()
                try:
                    with unit_of_work():
                        ends[place] = function()
                except Exception as error:  # the test looks at it
                    ends[place] = error

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        session.expire_all()  # what this thread read before, the others have changed
        return ends
    return run


@pytest.fixture
def other_rapporteur(chapter):
    return factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, name="Autre Rapporteure")
