"""Pages that are the same for everybody, kept ready: how they are answered, and what tells that they are still right."""

from flask import current_app, g, render_template, request, session

from consult.chapters import service
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core import audit
from consult.core import events as core_events
from consult.core.config import this_app
from consult.core.db import reading as reading_unit
from consult.core.errors import NotFound
from consult.core.headers import headers
from consult.core.i18n import _, utcnow
from consult.core.pages import Page, pages
from consult.core.permissions import NAMING
from consult.core.web import actor, consultation, language, required_consultation

PAGE_HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Vary", "Cookie, Accept-Encoding"), ("Cache-Control", "no-cache")]


def kept(ask, render):
    """Answer with the page kept ready for the present stamp, making it when there is none; the account part is the reader's own."""
    if "_flashes" in session:
        return render()
    stamp = ask()
    page = pages.get(stamp)
    if page is None:
        g.as_visitor = True
        try:
            page = pages.keep(stamp, Page(as_bytes(render()), [*PAGE_HEADERS, *headers().items()]))
        finally:  # a page that is refused is the reader's own
            g.as_visitor = False
    if not request.query_string:
        app, path = this_app(), request.path
        pages.serve(path, stamp, lambda: asked(app, path, ask))
    if page.has_account and actor().is_authenticated:
        part = render_template(core_events.account_template()).encode()
        current_app.extensions["consult_readers"].keep(session.get("_user_id"), request.path, session.get("csrf_token"), part)
        return current_app.response_class(page.with_account(part), headers=page.headers)
    response = current_app.response_class(page.body, headers=[*page.headers, ("ETag", page.etag)])
    return response.make_conditional(request)


def as_bytes(page: str | bytes) -> bytes:
    return page.encode() if isinstance(page, str) else page


def asked(app, path: str, ask):
    """The present stamp of a page, asked outside of any request."""
    with app.app_context(), app.test_request_context(path), reading_unit():
        app.preprocess_request()
        return ask()


def look_stamp(shown: Consultation | None) -> tuple:
    """What every page shows of the consultation itself."""
    if shown is None:
        return (language(), None)
    said = (shown.title(language()), shown.purpose(language()), shown.audience(language()), shown.controller)
    days = (shown.opens_at, shown.closes_at, shown.submission_planned_for, shown.decision_planned_for)
    return (language(), shown.id, shown.current_phase, *said, *days)


def chapters_here() -> list[Chapter]:
    """The chapters of the consultation that is shown; read once a request."""
    if "chapters" not in g:
        g.chapters = service.list_chapters(consultation()) if consultation() else []
    return g.chapters


def chapter_here(number: int) -> Chapter:
    required_consultation()
    for chapter in chapters_here():
        if chapter.number == number:
            return chapter
    raise NotFound(_("There is no chapter %(number)s.", number=number))


def home_stamp() -> tuple:
    shown = consultation()
    activity = tuple((c.id, c.activity) for c in chapters_here())
    return ("home", *look_stamp(shown), activity, utcnow().date())


def chapter_stamp(number: int) -> tuple:
    chapter = chapter_here(number)
    # Names stand in the margin: whoever corrects theirs, or no longer agrees to be named, is heard at once.
    return ("chapter", *look_stamp(consultation()), chapter.id, chapter.activity, audit.newest(*NAMING))
