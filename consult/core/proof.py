"""A short proof of oneself, before what could not be taken back: how long it lasts, and how it is asked for."""

from datetime import timedelta

from flask_security import auth_required
from flask_security.utils import check_and_update_authn_fresh

LASTS = timedelta(minutes=10)  # since somebody signed in, or showed once more who they are
NO_GRACE = timedelta(0)  # what is done meanwhile prolongs nothing

fresh = auth_required("session", within=lambda: LASTS, grace=lambda: NO_GRACE)


def is_fresh() -> bool:
    return check_and_update_authn_fresh(LASTS, NO_GRACE, "session")
