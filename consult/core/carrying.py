"""Another language for a page on which somebody has typed: the page in that language, with what was typed in its form.

The form is sent to the page with ``?carry=<where it is sent to>``. Before anything is routed this is made a GET, so that nothing can be
changed by it; when the page is made, what came along is put into its form. Nothing is kept on the way, and no view knows of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import lxml.html
from flask import Response, current_app, render_template, request
from flask import session as cookies
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from consult.core import refused
from consult.core.i18n import _
from consult.core.languages import without_language
from consult.core.origins import is_of_this_site, split
from consult.core.permissions import Actor
from consult.core.serialising import outer_html

CARRIED = "consult.carried"
Fields = list[tuple[str, str]]


class Carrying:
    """WSGI: a form that is only carried into another language is a page that is read."""

    def __init__(self, wsgi) -> None:
        self.wsgi = wsgi

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "POST" and "carry=" in environ.get("QUERY_STRING", ""):
            asked = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
            for name, value in asked:
                if name == "carry":
                    environ.update({CARRIED: value, "REQUEST_METHOD": "GET"})
            environ["QUERY_STRING"] = urlencode([(name, value) for name, value in asked if name != "carry"])
        return self.wsgi(environ, start_response)


def is_carried() -> bool:
    return CARRIED in request.environ


def in_this_language(address: str, language: str) -> str | None:
    """Where the form is sent to from the page in this language; None where no form of ours is sent to."""
    if not is_of_this_site(address):
        return None
    parts = split(address)
    path = f"{request.script_root}/{language}/{without_language(address)}"
    try:
        current_app.create_url_adapter(request).match(path.removeprefix(request.script_root), method="POST")  # type: ignore[union-attr]  # within a request
    except (HTTPException, RequestRedirect):
        return None
    return path + (f"?{parts.query}" if parts.query else "")


def put_in(response: Response, actor: Actor, language: str) -> Response:
    """After the page was made: what came along stands in its form, or on a page of its own where there is no such form."""
    if not is_carried() or not refused.is_ours(request):
        return response
    action = in_this_language(request.environ[CARRIED] or request.full_path, language)
    sent = refused.as_sent(request, action or "", "")
    if action is None or sent is None or not sent.fields:
        return response
    page = None
    if response.status_code == 200 and response.mimetype == "text/html":
        page = filled(response.get_data(as_text=True), action, [(field.name, field.value) for field in sent.fields])
    if page is None:
        kept = refused.keep_for_visitor(request, cookies, actor, sent)
        response = current_app.make_response(render_template("errors/kept.html", refused=kept))
    else:
        response.set_data(page)
    response.headers.pop("ETag", None)
    response.headers["Cache-Control"] = "private, no-store"
    return response


# What came along, put into the form of a page


def filled(page: str, action: str, sent: Fields) -> str | None:
    """The page with these values in its form that is sent to ``action``; None where it has none."""
    document: Any = lxml.html.document_fromstring(page)
    names = {name for name, _value in sent}
    found = [form for form in document.forms if form.method == "POST" and is_sent_to(form, action)]
    form = max(found, key=lambda one: len(names & {control.get("name") for control in controls(document, one)}), default=None)
    if form is None:
        return None
    left = fill(controls(document, form), sent)
    if left:
        add(form, left)
    note = lxml.html.Element("p", {"class": "notice notice-info", "role": "status"})
    note.text = str(_("What you typed came along. Nothing is sent yet."))
    form.insert(0, note)
    form.set("data-unsaved", "")
    return "<!doctype html>\n" + outer_html(document)


def is_sent_to(form: Any, action: str) -> bool:
    own = form.get("action") or request.full_path
    return without_language(own) == without_language(action)


def controls(document: Any, form: Any) -> list[Any]:
    """The form's fields: within it, or told by its id to belong to it."""
    path = "self::input or self::textarea or self::select"
    own = form.xpath(f".//*[({path}) and not(@form)]")
    return own + (document.xpath(f"//*[({path}) and @form = $id]", id=form.get("id")) if form.get("id") else [])


def fill(found: Iterable[Any], sent: Fields) -> Fields:
    """Set each field, those of one name in their order; what found no field is answered, in the order in which it was sent."""
    waiting = defaultdict(list)
    for place, (name, value) in enumerate(sent):
        waiting[name].append((place, value))
    taken, passwords = set(), refused.secret_names()
    for control in found:
        values, name, kind = waiting.get(control.get("name") or "", []), control.get("name") or "", control.get("type", "text")
        if refused.is_secret(name, passwords) or kind in ("submit", "file", "password"):
            continue
        if control.tag == "select" or kind in ("radio", "checkbox"):
            taken |= choose(control, values)
        elif values:
            place, value = values.pop(0)
            taken.add(place)
            write(control, value)
    return [field for place, field in enumerate(sent) if place not in taken]


def choose(control: Any, values: list[tuple[int, str]]) -> set[int]:
    """A list, a button or a box as it was; which of the values it holds."""
    mark, choices = ("selected", control.iter("option")) if control.tag == "select" else ("checked", [control])
    taken = set()
    for choice in choices:
        own = choice.get("value", "on" if mark == "checked" else choice.text_content())
        places = {place for place, value in values if value == own}
        choice.attrib.pop(mark, None)
        if places:
            choice.set(mark, mark)
        taken |= places
    return taken


def write(control: Any, value: str) -> None:
    before = control.text or "" if control.tag == "textarea" else control.get("value", "")
    if control.tag == "textarea":
        control.text = "\n" + value  # the first line end of a field is no part of it
    else:
        control.set("value", value)
    if before.strip() != value.strip():
        for around in control.iterancestors("details"):
            around.set("open", "")


def add(form: Any, left: Fields) -> None:
    """Fields that were on the form as it was sent, and are not on the page when it is opened."""
    page = render_template("errors/left.html", left=refused.named(left))
    acts = form.xpath(".//*[contains(concat(' ', @class, ' '), ' form-acts ')]")
    for element in lxml.html.fragments_fromstring(page, no_leading_text=True):
        if acts:
            acts[-1].addprevious(element)
        else:
            form.append(element)
