import pytest

from consult.consultations.models import Phase
from consult.core.db import session
from tests import factories
from tests.accounts.conftest import count_queries

__all__ = ["count_queries"]


@pytest.fixture
def prepared(app):
    """In preparation, without dates."""
    consultation = factories.a_consultation(phase=Phase.PREPARATION)
    session.delete(consultation.round)
    session.flush()
    session.refresh(consultation)
    return consultation
