"""Public consultation on a national quality policy: ``create_app`` builds the web application from the settings."""

import flask_migrate
from flask_compress import Compress
from itsdangerous import BadSignature
from sqlalchemy.orm import configure_mappers
from whitenoise import WhiteNoise

import consult.accounts.invited  # asked by every room that invites
import consult.adoption.models
import consult.adoption.verification  # asked of every room by `consult verify`
import consult.chapters.service.finding  # what the search finds, in each room that offers something
import consult.consultations.clock  # the worker's; no view asks for it
import consult.contributions.offered_letters  # the worker's too
import consult.contributions.reading
import consult.contributions.service.finding
import consult.exports.models
import consult.grouping.models
import consult.journal.stamping  # the worker's, and asked by `consult verify`
import consult.moderation.models
import consult.outreach.clock
import consult.reception.clock  # the worker’s too
import consult.reception.models
import consult.search.models
import consult.synthesis.models  # noqa: F401 - every table must be known, whichever view asks first
from consult.accounts import views as accounts_views
from consult.adoption import views as adoption_views
from consult.chapters import views as chapters_views
from consult.consultations import service as consultations_service
from consult.consultations import views as consultations_views
from consult.contributions import views as contributions_views
from consult.core import (
    commands,
    error_pages,
    extension_points,
    guards,
    headers,
    jobs,
    logs,
    mail,
    metrics,
    origins,
    outage,
    pace,
    signing,
    web,
)
from consult.core.arrival import Arrivals
from consult.core.carrying import Carrying
from consult.core.config import Config, resource_dir
from consult.core.db import Base, db, prepare_engine, reading
from consult.core.pages import FRESH, Readers, ReadyPages
from consult.exports import views as exports_views
from consult.forms import views as forms_views
from consult.grouping import views as grouping_views
from consult.journal import views as journal_views
from consult.moderation import views as moderation_views
from consult.news import views as news_views
from consult.organisations import views as organisations_views
from consult.outreach import views as outreach_views
from consult.privacy import views as privacy_views
from consult.reception import views as reception_views
from consult.search import views as search_views
from consult.synthesis import views as synthesis_views
from consult.text.redline import begin_page, end_page

# Static addresses carry a digest of the file (core/web.py), so a browser may keep what it has.
FOR_A_YEAR = 31_536_000
THREADS = 16  # requests that a process answers at once; the others wait in line
WRITERS = 12  # of them who write; the other turns are those of readers
WAITING_WRITERS = 96  # beyond which who writes is told that it is not possible at this moment
TAKEN_IN = 128  # requests of a process of `consult serve` that are whole, and answered or waiting for their turn
ROOMS = (accounts_views, organisations_views, consultations_views, chapters_views, news_views, contributions_views, grouping_views,
         moderation_views, synthesis_views, search_views, exports_views, forms_views, outreach_views, reception_views, adoption_views,
         journal_views, privacy_views)


def create_app(config: Config | None = None, **overrides) -> web.ConsultApp:
    """The application, from ``CONSULT_*`` variables or from ``config``; ``overrides`` are Flask settings (tests)."""
    config = config or Config.from_environment()
    settle()
    configure_mappers()  # a statement that is made once may name what a higher room adds to a lower one's model
    logs.begin(config.log_level, config.log_format)
    app = web.ConsultApp("consult", template_folder=resource_dir("templates"), static_folder=resource_dir("static"))
    app.extensions["consult_config"] = config
    app.config.update(
        SECRET_KEY=config.secret, SQLALCHEMY_DATABASE_URI=config.database, BASE_URL=config.base_url.rstrip("/"),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(config.database), MAX_CONTENT_LENGTH=12 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024, MAX_FORM_PARTS=web.MAX_FIELDS,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_SECURE=config.is_https,
        REMEMBER_COOKIE_SAMESITE="Lax", REMEMBER_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_NAME=f"{config.cookie_prefix}consult", REMEMBER_COOKIE_NAME=f"{config.cookie_prefix}remember_token",
        KNOWN_COOKIE_NAME=f"{config.cookie_prefix}consult_known",
        COMPRESS_ALGORITHM=["gzip"], COMPRESS_LEVEL=4,
        WTF_CSRF_TIME_LIMIT=None, BABEL_TRANSLATION_DIRECTORIES=str(resource_dir("translations")),
    )
    app.config.update(overrides)
    signing.init_app(app)
    Compress(app)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    flask_migrate.Migrate(app, db, directory=str(resource_dir("migrations")), render_as_batch=True, compare_type=True)
    metrics.init_app(app)  # before whatever refuses a request
    web.init_app(app, consultations_service.get_current)
    error_pages.init_app(app)
    pace.init_app(app, config)
    guards.init_app(app)
    app.before_request(begin_page)
    app.teardown_request(lambda _error: end_page())
    outage.quieten()
    mail.init_app(app, config.mail_url, config.mail_from)
    if not app.testing:
        jobs.init_app(app, config.queue)
    for room in ROOMS:
        app.register_blueprint(room.bp)
        if hasattr(room, "init_app"):
            room.init_app(app)
    static = WhiteNoise(app.wsgi_app, root=app.static_folder, prefix="static/", max_age=FOR_A_YEAR, allow_all_origins=False,
                        add_headers_function=headers.of_files(app))
    readers = app.extensions["consult_readers"] = Readers(in_app(app, consultations_service.get_account_stamp), 0 if app.testing else FRESH)
    ready = ReadyPages(static, app.config, session_reader(app), readers)
    placed = origins.Placed(Carrying(ready), app.config["BASE_URL"], int(config.trusted_proxies))
    arrivals = Arrivals(placed, THREADS, WRITERS, WAITING_WRITERS)
    app.wsgi_app = metrics.Observed(  # type: ignore[method-assign]  # as Flask documents it
        arrivals, app.extensions["consult_counts"], config.log_requests)
    return app


def settle() -> None:
    """All rooms are imported: what they ask of each other is in their order and complete, or nothing starts."""
    rooms = [room.bp.name for room in ROOMS]
    extension_points.settle(rooms)
    commands.settle(rooms)


def session_reader(app):
    """What a session cookie's value says; nothing when it is not ours or too old."""
    serializer = app.session_interface.get_signing_serializer(app)
    oldest = int(app.permanent_session_lifetime.total_seconds())

    def session_of(value: str) -> dict:
        try:
            return serializer.loads(value, max_age=oldest)
        except BadSignature:
            return {}
    return session_of


def in_app(app, question):
    """A question of the server itself, outside of any request."""
    def ask(argument):
        with app.app_context(), reading():
            return question(argument)
    return ask


def engine_options(database: str) -> dict:
    # A statement that fails is logged without its values: among them are addresses, drafts and the codes that sign in.
    # As many as a process answers requests at once: what goes beyond the pool is opened and closed again for each.
    pool = {"hide_parameters": True, "pool_size": THREADS, "max_overflow": 4}
    if database.startswith("sqlite"):
        return {**pool, "connect_args": {"timeout": 15, "check_same_thread": False}}
    return {**pool, "pool_pre_ping": True}


__all__ = ["Base", "create_app"]
