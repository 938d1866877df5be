"""The web around the rooms: languages in addresses, one unit of work a request, error pages, headers, what templates know."""

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Request,
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
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import RequestEntityTooLarge, RequestURITooLarge, UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from consult.core import carrying, events, headers, health, i18n, left_out, markup, origins, outage, refused
from consult.core.arrival import BUSY
from consult.core.config import resource_dir
from consult.core.converters import Language, Number
from consult.core.db import about_to_write, reading, reading_first, session, unit_of_work
from consult.core.errors import Invalid, NotFound
from consult.core.extension_points import Many, flat
from consult.core.i18n import DEFAULT_LANGUAGE, LabelledEnum, _
from consult.core.languages import (
    asked_values,
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

csrf = CSRFProtect()
SAFE = ("GET", "HEAD", "OPTIONS")
MAX_FIELDS = 2_000  # of a form, or of the query of an address
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")  # as pages send them; our libraries would read JSON as well
Member = TypeVar("Member", bound=LabelledEnum)


class BoundedForm(FormDataParser):
    """Fields are counted before they are taken apart: nobody fills in thousands, and each of them costs whoever reads the form."""

    def _parse_urlencoded(self, stream: IO[bytes], *parts: Any) -> Any:
        data = stream.read()
        if data.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(io.BytesIO(data), *parts)


class ConsultRequest(Request):
    form_data_parser_class = BoundedForm
    is_overfull = False

    def _load_form_data(self) -> None:
        """What was too much once is so whoever asks: nothing is left of it to be read."""
        if self.is_overfull:
            raise RequestEntityTooLarge
        try:
            super()._load_form_data()
        except RequestEntityTooLarge:
            self.is_overfull = True
            raise


class ConsultApp(Flask):
    """Flask with one unit of work around each view: a reading one for GET, a writing one for the rest."""

    request_class = ConsultRequest

    def is_reading(self) -> bool:
        return request.method in SAFE and not (request.method == "GET" and self.is_marked("comes_back"))

    def is_reading_first(self) -> bool:
        return self.is_marked("reads_first")

    def is_marked(self, name: str) -> bool:
        return getattr(self.view_functions.get(request.endpoint or ""), name, False)

    def full_dispatch_request(self):
        if self.is_reading() or self.is_reading_first() or BUSY in request.environ:
            return super().full_dispatch_request()
        with about_to_write():
            return super().full_dispatch_request()

    def log_exception(self, exc_info) -> None:
        """By the page's name: the path, which Flask would tell, may hold a key."""
        self.logger.error("unhandled, on %s", request.endpoint, exc_info=exc_info)

    def dispatch_request(self):
        if BUSY in request.environ:
            raise outage.TooBusy
        if request.endpoint == "static" or request.routing_exception is not None:
            return super().dispatch_request()
        if self.is_reading():
            with reading():
                response = self.make_response(super().dispatch_request())
                session.expunge_all()  # what was read stays readable for the rest of the request, without being asked again
                return response
        with reading_first() if self.is_reading_first() else unit_of_work():
            return self.make_response(super().dispatch_request())


def takes_at_most(bytes_: int):
    """For a form that may be larger than others."""
    def mark(view):
        view.longest_form = bytes_
        return view
    return mark


def reads_first(view):
    """For a form that many send at once, or whose view reads or converts for long, and that writes through commands alone: nobody waits
    for it but in the act itself.
    """
    view.reads_first = True
    return view


def comes_back(view):
    """For the one kind of GET that may write: another site sends a browser back with what this very browser asked it for, and the view
    asks for proof of that before it writes.
    """
    view.comes_back = True
    return reads_first(view)


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


def init_app(app: ConsultApp, get_consultation) -> None:
    """Wire everything that is not a room. ``get_consultation()`` answers the consultation that is shown, or None."""
    app.extensions["consult_current"] = get_consultation
    app.url_map.converters.update(language=Language, int=Number)
    app.url_value_preprocessor(take_language)
    app.url_defaults(give_language)
    app.after_request(add_headers)
    app.after_request(origins.stay_here)
    app.before_request(refuse_other_types)
    app.before_request(refuse_overfull)
    app.before_request(origins.refuse_far_addresses)
    left_out.init_app(app)
    app.context_processor(template_context)
    for name in ("when", "day", "short_day", "number", "percent", "language_name"):
        app.add_template_filter(getattr(i18n, name), name)
    app.add_template_filter(markup.paragraphs, "paragraphs")
    app.add_template_filter(markup.excerpt, "excerpt")
    app.add_template_filter(i18n.isolate, "isolate")
    app.jinja_env.globals["core_events"] = events
    app.add_template_global(menu, "menu")
    app.add_template_global(lambda: flat(events.feeds()) if has_request_context() else [], "feeds")
    app.add_url_rule("/", "index", index)
    health.init_app(app)
    app.add_url_rule("/<language:language>/kept/<string:token>", "kept_form", kept_form)
    app.after_request(forget_sent)
    app.after_request(lambda response: carrying.put_in(response, actor(), language()))
    app.add_template_global(carrying_urls, "carrying_urls")
    csrf.init_app(app)
    Babel(app, default_locale=DEFAULT_LANGUAGE, default_timezone="Africa/Casablanca", locale_selector=choose_locale,
          default_translation_directories=str(resource_dir("translations")))
    for name in ("gettext", "ngettext"):
        app.jinja_env.globals[name] = i18n.counting(app.jinja_env.globals[name])


# Forms


def refuse_overfull() -> None:
    """Before anything is done with a single field."""
    if request.query_string.count(b"&") >= MAX_FIELDS:
        raise RequestURITooLarge
    if longest := getattr(current_app.view_functions.get(request.endpoint or ""), "longest_form", None):
        request.max_content_length = longest
    request.form  # noqa: B018 - taken apart here, or refused


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
    return form.validate() or (has_token(form, session_ended) and False)


def has_token(form, session_ended) -> bool:
    """Whether a page of this session sent the form, complete or not; if not, this sentence says so above it."""
    if "csrf_token" not in form or form.csrf_token.validate(form):
        return True
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


def add_headers(response):
    return headers.add_to(response, actor().is_authenticated)


__all__ = ["actor", "asked_values", "comes_back", "consultation", "csrf", "has_token", "init_app", "is_complete", "language", "link",
           "menu", "put_refusal", "reads_first", "required_consultation", "room", "small_number", "streamed", "takes_at_most"]
