"""The same path with scripts switched off."""

import pytest

from tests.story import acts

pytestmark = [pytest.mark.browser, pytest.mark.longest]


def test_everything_works_without_javascript(own_site, arrive):
    own_site.start()
    stakeholder, rapporteur, secretary, chair = (arrive(own_site, "fr", java_script_enabled=False) for _number in range(4))
    ref = acts.lodge_as_a_stranger(stakeholder)
    rapporteur.sign_in("rapporteur1@csnca.example")
    acts.moderate(rapporteur, ref)
    acts.read_in_public(stakeholder, ref)
    acts.gather(rapporteur, ref)
    acts.answer_the_rest(rapporteur, 1)
    acts.close_and_begin(secretary.sign_in("secretariat1@csnca.example"))
    acts.validate(chair.sign_in("chair1@csnca.example"), 1)
