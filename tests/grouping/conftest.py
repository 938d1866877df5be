"""Contributions that say the same in nearly the same words, and one that does not."""

import pytest

from consult.contributions.models import Contribution, Position
from consult.core.db import session
from consult.grouping import service
from consult.grouping.models import FoldMember
from tests import factories

CAMPAIGN = ("Nous demandons que les laboratoires des petites entreprises aient trois ans pour se mettre en conformité, "
            "car aucun organisme de la région n’offre aujourd’hui les essais que ce chapitre rend obligatoires.")
OWN = (" Dans notre atelier de Safi, treize personnes travaillent le cuir depuis quarante ans et livrent des ateliers plus grands, "
       "dont aucun ne paiera ces essais à notre place.")
TURNED = CAMPAIGN.replace("trois ans", "cinq ans")
OTHER = "Il faudrait publier la liste des normes obligatoires au début de chaque année, avec le nom du service qui les contrôle."


@pytest.fixture
def said(block):
    """Contributions of the chapter with these words, as they are lodged; folded as the worker does it."""
    def lodged(*texts: str, **over) -> list[Contribution]:
        rows = [factories.a_published_contribution(block=block, body=text, **{"position": Position.OPPOSED, **over}) for text in texts]
        service.fold(block.chapter.id, [row.id for row in rows])
        return rows
    return lodged


def member_of(contribution: Contribution) -> FoldMember:
    session.expire_all()
    return session.query(FoldMember).filter_by(contribution_id=contribution.id).one()


def fold_of(contribution: Contribution) -> int | None:
    return member_of(contribution).fold_id
