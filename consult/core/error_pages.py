"""What is shown when a request ends otherwise than it should: the page of each refusal, and of each fault; what was typed stands on it."""

import logging

from flask import current_app, g, redirect, render_template, request
from flask import session as cookies
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError

from consult.core import i18n, outage, refused
from consult.core.commands import RELOAD, TAKEN
from consult.core.db import is_conflict, reading, session
from consult.core.errors import FULL, PLAIN, REMEDIES, TITLES, Conflict, ConsultError
from consult.core.i18n import _
from consult.core.languages import came_from, language
from consult.core.web import actor

log = logging.getLogger(__name__)
NEVER_AGAIN = (404, 405, 409, 413, 415)  # sent again as it was, it would be refused again


def init_app(app) -> None:
    for error, handler in ((ConsultError, show_error), (HTTPException, show_http_error), (Exception, show_crash),
                           (DataError, show_unstorable), (IntegrityError, show_conflict), (StaleDataError, show_conflict),
                           (CSRFError, show_stale_form), (SQLAlchemyError, show_outage), (OSError, show_outage),
                           (outage.TooBusy, show_outage)):
        app.register_error_handler(error, handler)


def error_page(status: int, title, message, remedy=""):
    session.rollback()
    try:
        back = came_from()
        again = status not in NEVER_AGAIN
        typed = refused.shown(request, cookies, actor(), back) if again else refused.refused_form(request, back)
        return render_template("errors/error.html", code=status, title=title, message=message, remedy=remedy, back=back, refused=typed,
                               may_be_sent_again=again), status
    except Exception as fault:  # the database itself may be what is wrong
        if (lasting := outage.outage_of(fault)) is not None:
            return outage_page(lasting)
        log.exception("the error page could not be drawn")
        head = (language(), i18n.direction(language()))
        return PLAIN.format(*head, *(escape(str(part)) for part in (title, message, remedy))), status


def show_error(error: ConsultError):
    return error_page(error.status, TITLES.get(error.status, _("Something went wrong")), error.message, error.remedy)


def without_final_slash() -> str | None:
    """The address that was meant by one with a slash too many, where a page has it: addresses are typed, and pasted from sentences."""
    path = request.path.rstrip("/")
    adapter = current_app.create_url_adapter(request)
    if path == request.path or path.startswith("//") or adapter is None or not adapter.test(path, method="GET"):
        return None
    return request.script_root + path + (f"?{request.query_string.decode()}" if request.query_string else "")


def show_http_error(error: HTTPException):
    if error.code is None or error.code < 400:
        return error
    if error.code == 404 and request.method in ("GET", "HEAD") and (meant := without_final_slash()):
        return redirect(meant, 308)
    message, remedy = REMEDIES.get(error.code, (_("Something went wrong."), _("Try again; if it lasts, write to the secretariat.")))
    page = error_page(error.code, TITLES.get(error.code, _("Something went wrong")), message, remedy)
    if len(page) > 2:  # the database turned out to be out of reach
        return page
    return *page, [(k, v) for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")]


def show_outage(error: SQLAlchemyError | OSError | outage.TooBusy):
    """The database or the disk is out of reach; what else they raise is a fault of ours."""
    lasting = outage.outage_of(error)
    if lasting is None:
        return show_crash(error)
    outage.say(lasting, error)
    return outage_page(lasting)


def outage_page(lasting: outage.Outage):
    """Says so, and shows what was typed. Nothing is written for it; where the database cannot even be read nothing is asked of it."""
    session.rollback()
    if lasting is outage.Outage.DOWN:
        g.as_visitor, g.consultation = True, None
        g._login_user = AnonymousUserMixin()  # or each look at who reads would ask for them again
    message, remedy = FULL if lasting is outage.Outage.FULL else REMEDIES[503]
    try:
        with reading():
            back = came_from()
            page = render_template("errors/error.html", code=503, title=TITLES[503], message=message, remedy=remedy, back=back,
                                   refused=refused.refused_form(request, back), may_be_sent_again=True)
            session.expunge_all()  # who reads is asked for once more, when the answer leaves
    except Exception as fault:
        g.as_visitor = True
        outage.tell(log, fault, "the page of an outage could not be drawn")
        head = (language(), i18n.direction(language()))
        page = PLAIN.format(*head, *(escape(str(part)) for part in (TITLES[503], message, remedy)))
    return page, 503, {"Cache-Control": "no-store"}


def show_conflict(error: IntegrityError | StaleDataError):
    return show_error(Conflict(TAKEN, RELOAD)) if is_conflict(error) else show_crash(error)


def show_unstorable(_error):
    """What no database can hold, such as a NUL in an address."""
    return show_http_error(BadRequest())


def show_stale_form(_error):
    if refused.is_ours(request):
        remedy = _("What you sent stands below, as you typed it. Check it, sign in if asked, and send it again.")
    else:
        remedy = _("Open the page again by its link, sign in if asked, and send the form from there.")
    return error_page(
        400, _("This page had expired"), _("The form was open for too long, or your session ended. Nothing was recorded."), remedy)


def show_crash(error: Exception):
    log.error("unhandled %s", type(error).__name__, exc_info=error)
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    return error_page(
        InternalServerError.code, _("Something went wrong on our side"), _("The act was not recorded; nothing was half done."),
        _("Try again in a moment; if it lasts, write to the secretariat with the time of the error."),
    )
