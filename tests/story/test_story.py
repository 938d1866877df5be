"""The whole job, from a stranger's first look to the answer that everybody reads."""

import pytest

from tests.story import acts

pytestmark = [pytest.mark.browser, pytest.mark.longest]


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_from_a_strangers_first_look_to_the_answer(own_site, arrive, language):
    own_site.start()
    stakeholder, secretary = arrive(own_site, language), arrive(own_site, language).sign_in("secretariat1@csnca.example")
    rapporteurs = [arrive(own_site, language).sign_in(f"rapporteur{n}@csnca.example") for n in range(1, 6)]
    ref = acts.lodge_as_a_stranger(stakeholder)
    acts.moderate(rapporteurs[0], ref)
    acts.read_in_public(arrive(own_site, language), ref)
    acts.gather(rapporteurs[0], ref)
    for number, rapporteur in enumerate(rapporteurs[:4], start=1):
        acts.answer_the_rest(rapporteur, number)
    acts.close_and_begin(secretary)
    acts.refuse_then_validate([arrive(own_site, language).sign_in(f"chair{n}@csnca.example") for n in range(1, 6)], rapporteurs[4])
    acts.take_documents(secretary, ref)
    acts.submit(secretary)
    acts.decide(secretary)
    acts.see_the_answer(stakeholder, arrive(own_site, language), ref)
    assert own_site.run("verify").returncode == 0
