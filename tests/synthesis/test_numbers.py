"""An item's number is given once, and kept."""

import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.core.permissions import SYSTEM
from consult.synthesis import service
from consult.synthesis.models import SynthesisItem
from tests import factories
from tests.synthesis.test_service import edited


def numbers(synthesis):
    return [view.item.number for view in service.list_items(SYSTEM, synthesis).rows]


def test_items_keep_their_numbers_and_stand_in_text_order(chair, rapporteur, synthesis, published, in_synthesis):
    later_ = service.add_item(rapporteur, synthesis, title="Former", contributions=published[:1])
    first = service.add_item(rapporteur, synthesis, title="Publier", contributions=published[1:])
    for item in (later_, first):
        edited(rapporteur, item)
    assert (later_.number, first.number) == (1, 2)
    assert numbers(first.synthesis) == [2, 1] == [line.number for line in service.list_item_lines(rapporteur, first.synthesis)]
    service.validate(chair, first.synthesis)
    assert numbers(first.synthesis) == [2, 1]
    with pytest.raises(ValueError, match="keeps its number"):
        first.number = 1


def test_no_number_is_given_twice(chair, rapporteur, synthesis, published, in_synthesis):
    whole = service.add_item(rapporteur, synthesis, title="Tout", contributions=published)
    dropped = service.add_item(rapporteur, synthesis, title="Vide")
    service.drop_item(rapporteur, dropped)
    assert service.add_item(rapporteur, synthesis, title="Vide encore").number == 3
    edited(rapporteur, whole)
    service.drop_item(rapporteur, session.scalars(sa.select(SynthesisItem).where(SynthesisItem.number == 3)).one())
    service.validate(chair, whole.synthesis)
    service.reopen(chair, whole.synthesis, reason="Un oubli.")
    assert service.add_item(rapporteur, whole.synthesis, title="Oublié").number == 4


def test_the_database_refuses_a_number_twice(item):
    with pytest.raises(sa.exc.IntegrityError):
        factories.an_item(item.synthesis, number=item.number)
