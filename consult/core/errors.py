"""What can go wrong on purpose. Services raise these; ``core.error_pages`` shows them in the reader's language."""

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


# How each is shown: (what happened, what to do now).

PLAIN = "<!doctype html><html lang='{0}' dir='{1}'><meta charset='utf-8'><title>{2}</title><h1>{2}</h1><p>{3}</p><p>{4}</p></html>"
TITLES = {
    403: _("Not allowed"), 404: _("Not found"), 405: _("Not possible here"), 409: _("Changed since you opened it"),
    413: _("Too large"), 415: _("Not a form"), 422: _("Something to correct"), 429: _("Too many attempts"),
    400: _("Request not understood"), 503: _("Not possible at this moment"),
}
FULL = (_("There is no room left on the disk of the platform. What you sent was not recorded."),
        _("The secretariat has to make room. Keep this page open, or copy what you typed: it is shown below."))
REMEDIES = {
    404: (_("This page does not exist, or no longer."), _("Go back to the chapters, or check the address.")),
    405: (_("This page cannot be used in this way."), _("Go back and use the form of the page.")),
    413: (_("What you sent is too large."), _("Shorten the text, or send it in several parts.")),
    415: (_("What you sent was not sent by a form of these pages."), _("Open the page and send its form.")),
    429: (_("There were too many attempts from your side."), _("Wait a few minutes, then try again.")),
    503: (_("The platform cannot record anything at this moment. What you sent was not recorded."),
          _("Try again in a minute. Keep this page open if you typed something: it is shown below.")),
    400: (_("The server did not understand what was sent."), _("Go back, reload the page and try again.")),
}
