"""What can go wrong on purpose. Services raise these; one handler in ``core.web`` shows them in the reader's language."""

from consult.core.i18n import _


class RegistrationError(Exception):
    """What the code declares is incomplete or doubled: said at start, to whoever wrote it, with what to write."""


class ConsultError(Exception):
    """A refusal with a reader's sentence: what happened and what to do next."""

    status = 500

    def __init__(self, message, remedy=""):
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return str(self.message)


class NotFound(ConsultError):
    status = 404

    def __init__(self, message=_("This page does not exist, or no longer."), remedy=_("Go back to the chapters, or check the address.")):
        super().__init__(message, remedy)


class NotAllowed(ConsultError):
    status = 403

    def __init__(self, message=_("You are not allowed to do this."), remedy=""):
        super().__init__(message, remedy)


class Conflict(ConsultError):
    """Somebody, or the calendar, was there first."""

    status = 409


class Invalid(ConsultError):
    """A value that cannot be taken; ``field`` names the form's field."""

    status = 422

    def __init__(self, field: str, message, remedy=""):
        super().__init__(message, remedy)
        self.field = field
