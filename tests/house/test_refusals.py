"""What somebody who may not is told: the sentence of what is missing, in the order in which they can mend it."""

import re

import pytest

from consult.core.errors import NotAllowed
from consult.core.permissions import Action, require
from tests.house.test_permissions import frozen, worlds  # noqa: F401 - fixtures

TABLE = """
action                               on             who            phase        is told
accounts.edit_profile                person         visitor        open         Please sign in first.
accounts.edit_profile                person         other          open         This belongs to somebody else.
organisations.join                    person         visitor        open         Please sign in first.
adoption.decide                      consultation   secretariat    synthesis    This is possible once the syntheses have been submitted to
adoption.decide                      consultation   chair          submitted    This is reserved for the people in charge of it.
exports.download                     export         other          open         This belongs to somebody else.
adoption.submit                      consultation   secretariat    closed       This belongs to the synthesis phase, which the secretariat
chapters.import_chapter              consultation   secretariat    submitted    This is not possible in the present phase
chapters.keep_working_draft          chapter        visitor        open         Please sign in first.
consultations.add                    nothing        secretariat    open         This is done by the system alone.
consultations.appoint_administrator  consultation   secretariat    open         An administrator is appointed, and dismissed,
consultations.begin_synthesis        consultation   secretariat    open         This is not possible in the present phase
contributions.drop_draft             draft          visitor        open         Please sign in first.
contributions.drop_draft             draft          other          open         This belongs to somebody else.
contributions.keep_draft             draft          other          open         This belongs to somebody else.
contributions.lodge                  chapter        visitor        closed       Please sign in first.
contributions.lodge                  chapter        participant    preparation  The consultation is not open:
contributions.read_trace             waiting        rapporteur     open         This contribution is not public. Its author sees it after
contributions.receipt                waiting        visitor        open         Please sign in first.
contributions.receipt                published      other          open         This belongs to somebody else.
contributions.withdraw               waiting        visitor        open         Please sign in first.
contributions.withdraw               waiting        other          submitted    This belongs to somebody else.
contributions.withdraw               waiting        participant    submitted    This is not possible in the present phase
contributions.write                  chapter        visitor        closed       The consultation is not open:
moderation.publish                   waiting        elsewhere      open         This is reserved for the people in charge of it.
moderation.publish                   colleague's    moderator      submitted    This is not possible in the present phase
moderation.publish                   colleague's    moderator      open         It comes from yourself, or from an organisation that
synthesis.validate                   synthesis      rapporteur     synthesis    This is reserved for the people in charge of it.
synthesis.validate                   synthesis      chair          open         This belongs to the synthesis phase, which the secretariat
"""


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("line", TABLE.strip().splitlines()[1:], ids=lambda line: "-".join(line.split()[:4]))
def test_whoever_may_not_is_told_what_is_missing(worlds, line):  # noqa: F811
    action, subject, role, phase, told = re.split(r"  +", line)
    world = worlds[phase]
    with pytest.raises(NotAllowed) as refusal:
        require(world.actors[role], Action(action), world.subjects[subject])
    assert f"{refusal.value.message} {refusal.value.remedy}".startswith(told)
