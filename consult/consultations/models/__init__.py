"""The consultation, its rounds, the commissions, who holds which role, and who is asked to."""

from consult.consultations.models.consultation import (
    COMMISSION_ROLES,
    CURRENT,
    MAX_BRIEF,
    REGISTERED_WITHIN,
    TYPED_WITHIN,
    Appointment,
    Commission,
    Consultation,
    EarlyClosing,
    Extension,
    ModerationMode,
    Phase,
    Role,
    Round,
    Titled,
)
from consult.consultations.models.invitation import Invitation
from consult.consultations.models.staff import StaffLetter, StaffNews

__all__ = [
    "COMMISSION_ROLES", "CURRENT", "MAX_BRIEF", "REGISTERED_WITHIN", "TYPED_WITHIN", "Appointment", "Commission", "Consultation",
    "EarlyClosing", "Extension", "Invitation", "ModerationMode", "Phase", "Role", "Round", "StaffLetter", "StaffNews", "Titled",
]
