import pytest

from consult.consultations.models import Phase
from consult.core.db import session
from tests import factories


@pytest.fixture
def prepared(app):
    """In preparation, without dates."""
    consultation = factories.a_consultation(phase=Phase.PREPARATION)
    session.delete(consultation.round)
    session.flush()
    session.refresh(consultation)
    return consultation
