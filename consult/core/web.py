"""The web around the rooms: languages in addresses, one unit of work a request, error pages, headers, what templates know."""

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    redirect,
    render_template,
    request,
    stream_template,
    url_for,
)
from flask import session as cookies
from flask_babel import Babel
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from markupsafe import escape
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from consult.core import carrying, events, i18n, left_out, markup, refused
from consult.core.commands import RELOAD, TAKEN
from consult.core.config import resource_dir
from consult.core.converters import Language, Number
from consult.core.db import about_to_write, is_conflict, reading, reading_first, session, unit_of_work
from consult.core.errors import PLAIN, REMEDIES, TITLES, Conflict, ConsultError, Invalid, NotFound
from consult.core.extension_points import Many, flat
from consult.core.i18n import DEFAULT_LANGUAGE, LabelledEnum, _
from consult.core.languages import (
    asked_values,
    came_from,
    carrying_urls,
    choose_locale,
    expects_language,
    give_language,
    language,
    language_urls,
    take_language,
)
from consult.core.paging import MAX_NUMBER
from consult.core.permissions import VISITOR, Actor, can

log = logging.getLogger(__name__)
csrf = CSRFProtect()
NEVER_AGAIN = (404, 405, 409, 413, 415)  # sent again as it was, it would be refused again
SAFE = ("GET", "HEAD", "OPTIONS")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")  # as pages send them; our libraries would read JSON as well
Member = TypeVar("Member", bound=LabelledEnum)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


class ConsultApp(Flask):
    """Flask with one unit of work around each view: a reading one for GET, a writing one for the rest."""

    def is_reading(self) -> bool:
        return request.method in SAFE

    def is_reading_first(self) -> bool:
        return getattr(self.view_functions.get(request.endpoint or ""), "reads_first", False)

    def full_dispatch_request(self):
        if self.is_reading() or self.is_reading_first():
            return super().full_dispatch_request()
        with about_to_write():
            return super().full_dispatch_request()

    def dispatch_request(self):
        if request.endpoint == "static" or request.routing_exception is not None:
            return super().dispatch_request()
        if self.is_reading():
            with reading():
                response = self.make_response(super().dispatch_request())
                session.expunge_all()  # what was read stays readable for the rest of the request, without being asked again
                return response
        with reading_first() if self.is_reading_first() else unit_of_work():
            return self.make_response(super().dispatch_request())


def reads_first(view):
    """For a form that many send at once, or whose view reads or converts for long, and that writes through commands alone: nobody waits
    for it but in the act itself.
    """
    view.reads_first = True
    return view


def room(name: str, *, prefix: str | None = None) -> Blueprint:
    """A room's blueprint: ``/<language>/<room>``."""
    path = name if prefix is None else prefix
    return Blueprint(name, f"consult.{name}.views", url_prefix=f"/<language:language>/{path}".rstrip("/"))


def actor() -> Actor:
    """Whoever sends this request."""
    if not has_request_context() or g.get("as_visitor"):
        return VISITOR
    user = current_user._get_current_object()  # asked once: each look at the proxy goes the whole way
    return user if user is not None and user.is_authenticated else VISITOR


def init_app(app: ConsultApp, config, get_consultation) -> None:
    """Wire everything that is not a room. ``get_consultation()`` answers the consultation that is shown, or None."""
    app.extensions["consult_current"] = get_consultation
    app.url_map.converters.update(language=Language, int=Number)
    app.url_value_preprocessor(take_language)
    app.url_defaults(give_language)
    app.after_request(add_headers)
    app.before_request(refuse_other_types)
    left_out.init_app(app)
    app.context_processor(template_context)
    for name in ("when", "day", "short_day", "number", "percent", "language_name"):
        app.add_template_filter(getattr(i18n, name), name)
    app.add_template_filter(markup.paragraphs, "paragraphs")
    app.add_template_filter(markup.excerpt, "excerpt")
    app.add_template_filter(i18n.isolate, "isolate")
    app.jinja_env.globals["core_events"] = events
    app.add_template_global(menu, "menu")
    app.add_url_rule("/", "index", index)
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/<language:language>/kept/<string:token>", "kept_form", kept_form)
    app.after_request(forget_sent)
    app.after_request(lambda response: carrying.put_in(response, actor(), language()))
    app.add_template_global(carrying_urls, "carrying_urls")
    csrf.init_app(app)
    Babel(app, default_locale=DEFAULT_LANGUAGE, default_timezone="Africa/Casablanca", locale_selector=choose_locale,
          default_translation_directories=str(resource_dir("translations")))
    for name in ("gettext", "ngettext"):
        app.jinja_env.globals[name] = i18n.counting(app.jinja_env.globals[name])
    for error, handler in ((ConsultError, show_error), (HTTPException, show_http_error), (Exception, show_crash),
                           (DataError, show_unstorable), (IntegrityError, show_conflict), (StaleDataError, show_conflict),
                           (CSRFError, show_stale_form)):
        app.register_error_handler(error, handler)
    if proxies := int(config.trusted_proxies):
        proxied = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # as Flask documents it


# Forms


def refuse_other_types() -> None:
    """What no form sends is no form, and nothing of it is read: its values would not even be text."""
    is_sending = request.content_length or "Transfer-Encoding" in request.headers
    if request.method not in SAFE and (request.mimetype or is_sending) and request.mimetype not in FORM_TYPES:
        raise UnsupportedMediaType


def small_number(text: str) -> int:
    """A number that was typed in an address or a form, no larger than the database can hold (for ``request.args.get(type=…)``)."""
    number = int(text)
    if abs(number) > MAX_NUMBER:
        raise ValueError(f"{text[:20]}… is too large")
    return number


def asked_member(kinds: type[Member], name: str) -> Member | None:
    """The member of an enum that the address asks for under this name; what it does not know is nothing."""
    value = request.args.get(name, "")
    return kinds(value) if value in list(kinds) else None


def put_refusal(form, refusal: Invalid) -> None:
    """Say on the form what a service refused: at its field, or above the form when it shows no such field."""
    sentence = " ".join(str(part) for part in (refusal.message, refusal.remedy) if part)
    if refusal.field in form and getattr(form[refusal.field].widget, "input_type", "") != "hidden":
        form[refusal.field].errors = [*form[refusal.field].errors, sentence]
    else:
        form.form_errors.append(sentence)


def is_complete(form, session_ended) -> bool:
    """Whether each field is there; what is wrong with the session is said by this sentence above the form, whose text is kept."""
    if form.validate():
        return True
    if "csrf_token" in form.errors:
        form.csrf_token.errors = ()
        form.form_errors.append(session_ended)
    return False


def link(endpoint: str, **values) -> str:
    """An absolute address for mails and documents, with or without a request; ``language`` as the reader's when not given."""
    base = urlsplit(current_app.config["BASE_URL"])
    values.setdefault("language", language())
    if not expects_language(endpoint):
        values.pop("language")
    adapter = current_app.url_map.bind(base.netloc, script_name=base.path or "/", url_scheme=base.scheme)
    return adapter.build(endpoint, values, force_external=True)


# A page that is sent while it is made

PIECE = 32_768  # characters sent at once


def streamed(template: str, **context) -> Response:
    """What its template draws is not held in memory: give it iterators that read as they go on, each page a reading of its own.

    What stands above the page's own part asks who reads: it is drawn while the view's reading lasts.
    """
    parts, head = stream_template(template, **context), []
    for part in parts:
        head.append(part)
        if "<main" in part:
            break
    return Response(in_pieces(chain(head, parts)), mimetype="text/html")


def in_pieces(parts: Iterable[str]) -> Iterator[str]:
    """The same text in pieces that are worth sending."""
    held, length = [], 0
    for part in parts:
        held.append(part)
        length += len(part)
        if length >= PIECE:
            yield "".join(held)
            held, length = [], 0
    yield "".join(held)


# Pages of the floor


def index():
    """`/` sends to the reader's language."""
    response = redirect(url_for(events.home_endpoint(), language=language()), 302)
    response.vary.add("Accept-Language")
    return response


def healthz():
    """Whether the process and its database answer."""
    try:
        session.execute(sa.text("SELECT 1"))
    except OperationalError:
        log.exception("the database does not answer")
        return {"status": "database unavailable"}, 503
    return {"status": "ok"}


def kept_form(token: str):
    """What was typed before somebody had to sign in, to be sent now."""
    found = refused.get_kept(cookies, actor(), token)
    if found is None:
        raise NotFound(_("This form is no longer kept."), _("It was sent already, somebody else typed it, or it is older than a week."))
    return render_template("errors/kept.html", refused=found), {"Cache-Control": "private, no-store"}


def forget_sent(response):
    """A form that was kept, and has been taken now, is kept no longer."""
    if "kept" in cookies and request.method == "POST" and response.status_code in (302, 303):
        refused.forget(cookies, request.form.get("kept", ""))
    return response


def consultation():
    """The consultation that is shown; read once a request."""
    if "consultation" not in g:
        g.consultation = current_app.extensions["consult_current"]()
    return g.consultation


def required_consultation():
    if consultation() is None:
        raise NotFound(_("There is no consultation here yet."), _("The administrator creates one with “consult demo” or in the settings."))
    return consultation()


def template_context() -> dict:
    acting = actor()
    return {
        "actor": acting, "consultation": consultation(), "language": language(), "direction": i18n.direction(language()),
        "language_urls": language_urls if has_request_context() else (), "now": i18n.utcnow(), "link": link,
        "can": lambda action, obj=None: can(acting, action, obj if obj is not None else consultation()),
        "bidi_direction": i18n.direction, "asked_values": asked_values, "is_carried": bool(has_request_context() and carrying.is_carried()),
    }


def menu(point: Many[[], list[events.MenuEntry]]) -> list[events.MenuEntry]:
    """The entries that all rooms give to a menu, in its own order."""
    return sorted(flat(point()), key=attrgetter("order"))


def headers() -> dict[str, str]:
    """What every answer carries."""
    return {**HEADERS, **(ONLY_HTTPS if current_app.config["BASE_URL"].startswith("https:") else {})}


def add_headers(response):
    for name, value in headers().items():
        response.headers.setdefault(name, value)
    if actor().is_authenticated:
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


# Errors


def error_page(status: int, title, message, remedy=""):
    session.rollback()
    try:
        back = came_from()
        again = status not in NEVER_AGAIN
        typed = refused.shown(request, cookies, actor(), back) if again else refused.refused_form(request, back)
        return render_template("errors/error.html", code=status, title=title, message=message, remedy=remedy, back=back, refused=typed,
                               may_be_sent_again=again), status
    except Exception:  # the database itself may be what is wrong
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
    return path + (f"?{request.query_string.decode()}" if request.query_string else "")


def show_http_error(error: HTTPException):
    if error.code is None or error.code < 400:
        return error
    if error.code == 404 and request.method in ("GET", "HEAD") and (meant := without_final_slash()):
        return redirect(meant, 308)
    message, remedy = REMEDIES.get(error.code, (_("Something went wrong."), _("Try again; if it lasts, write to the secretariat.")))
    body, status = error_page(error.code, TITLES.get(error.code, _("Something went wrong")), message, remedy)
    return body, status, [(k, v) for k, v in error.get_headers() if k.lower() not in ("content-type", "content-length")]


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


__all__ = ["actor", "asked_values", "consultation", "csrf", "init_app", "is_complete", "language", "link", "menu", "put_refusal",
           "reads_first", "required_consultation", "room", "small_number", "streamed"]
