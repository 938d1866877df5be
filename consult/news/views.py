"""What one is told and follows, the link that stops letters, and the feeds."""

from collections.abc import Sequence
from functools import partial

from flask import Response, flash, redirect, render_template, request, url_for
from flask_security import auth_required
from flask_wtf import FlaskForm

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters import events as chapters_events
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core import atom
from consult.core import events as core_events
from consult.core.atom import Entry
from consult.core.errors import Invalid
from consult.core.extension_points import flat
from consult.core.i18n import _, force_locale, gettext, language_name
from consult.core.markup import trusted
from consult.core.news import Topic, Way
from consult.core.paging import Cursor
from consult.core.permissions import VISITOR, Action, require
from consult.core.web import actor, csrf, language, link, required_consultation, room
from consult.core.web import consultation as shown_consultation
from consult.news import events, service, telling
from consult.news.forms import NewsForm
from consult.news.signing import token_of

bp = room("news")


# What the floor and other rooms show of this one


@core_events.ways_of_news.fill
def ways_of_news(topic: Topic, kind: str, subject_id: int, letters: Sequence[tuple[str, list]]) -> list[Way | None]:
    """At once with a foot that says how to stop it; what is gathered is kept until its hour comes."""
    readers = service.get_readers([recipient for recipient, _facts in letters], topic)
    telling.keep_letters(topic, kind, subject_id, [
        (readers[recipient], facts) for recipient, facts in letters if recipient in readers and readers[recipient].frequency.is_gathered])
    return [way_to(readers.get(recipient), topic) for recipient, _facts in letters]


def way_to(reader: service.Reader | None, topic: Topic) -> Way | None:
    if reader is None:
        return Way()
    if not reader.is_told_at_once:
        return None
    stop_url = link("news.stop", language=reader.language, token=token_of(reader.id, [topic]))
    with force_locale(reader.language):
        return Way(render_template("emails/news/_foot.txt", topic=topic, language=reader.language, stop_url=stop_url), stop_url)


@core_events.is_told_at_once.fill
def is_told_at_once(recipient: str, topic: Topic) -> bool:
    readers = service.get_readers([recipient], topic)
    return recipient not in readers or readers[recipient].is_told_at_once


@core_events.secret_endpoints.fill
def secret_endpoints() -> tuple[str, ...]:
    return ("news.stop",)


@core_events.feeds.fill
def feeds() -> list[core_events.Feed]:
    """Of the consultation, and on the pages of a chapter its own."""
    if shown_consultation() is None:
        return []
    number = (request.view_args or {}).get("number") if request.blueprint == "chapters" else None
    of_chapter = [core_events.Feed(gettext("What is published on chapter %(number)s", number=number),
                                   url_for("news.chapter_feed", number=number))] if number else []
    return [core_events.Feed(gettext("What is published in this consultation"), url_for("news.feed")), *of_chapter]


@core_events.personal_menu.fill
def personal_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(20, "news.following", _("What I follow"))]


@accounts_events.profile_parts.fill
def profile_part(person: User) -> accounts_events.ProfilePart:
    return accounts_events.ProfilePart("news", gettext("News"), trusted(render_template("news/_profile.html", person=person)))


@chapters_events.follow_url.fill
def follow_url(chapter: Chapter) -> str:
    return url_for("news.follow", number=chapter.number)


@chapters_events.provision_parts.fill
def provision_part(chapter: Chapter, key: str) -> chapters_events.ProvisionPart:
    """The same button for all: whether its reader follows it already is said on the page that it leads to."""
    words = render_template("news/_follow.html", form=FlaskForm(), chapter=chapter, key=key)
    return chapters_events.ProvisionPart(order=5, id="follow", title=gettext("Follow this passage"), count=None, words=trusted(words))


# What one is told


@bp.route("/choose", methods=["GET", "POST"])
@auth_required("session")
def choose():
    person = accounts.get_person(actor())
    choices = service.get_choices(person)
    form = NewsForm(data={topic.value: frequency.value for topic, frequency in choices.items()})
    if form.validate_on_submit():
        service.choose(person, person, frequencies=form.frequencies())
        flash(str(_("Your choice is recorded.")), "success")
        return redirect(url_for(".choose"), 303)
    page = render_template("news/choose.html", form=form, person=person, always=Topic.where(leaves_always=True),
                           hour=telling.hour_of_letters())
    return page, 422 if form.errors else 200


@bp.route("/stop/<string:token>", methods=["GET", "POST"])
@csrf.exempt  # the address is the key: mail programs send this form for their reader, without any page or session of ours (RFC 8058)
def stop(token: str):
    """Nothing stops before the button: filters open the links of letters."""
    found = service.get_stopping(token)
    if request.method == "POST" and found.person is not None and found.still_told:
        service.stop(VISITOR, found.person, topics=found.still_told)
    return render_template("news/stop.html", topics=found.topics, is_stopped=request.method == "POST", token=token)


# What one follows


@bp.get("/following")
@auth_required("session")
def following():
    page = service.list_followed(actor(), after=request.args.get("after", type=Cursor.parse))
    return render_template("news/following.html", follows=page.rows, links=page.links(partial(url_for, ".following")), form=FlaskForm())


@bp.route("/follow/<int:number>", methods=["GET", "POST"], defaults={"key": ""})
@bp.route("/follow/<int:number>/<string:key>", methods=["GET", "POST"])
def follow(number: int, key: str):
    return changed(number, key, Action.NEWS_FOLLOW)


@bp.route("/unfollow/<int:number>", methods=["GET", "POST"], defaults={"key": ""})
@bp.route("/unfollow/<int:number>/<string:key>", methods=["GET", "POST"])
def unfollow(number: int, key: str):
    return changed(number, key, Action.NEWS_UNFOLLOW)


def changed(number: int, key: str, act: Action):
    """One page for both: whether it is followed, and the button that changes that."""
    chapter, form = chapters.get_chapter(required_consultation(), number), FlaskForm()
    require(actor(), act, chapter)
    key = service.get_passage_key(chapter, key)
    if form.validate_on_submit():
        try:
            (service.follow if act == Action.NEWS_FOLLOW else service.unfollow)(actor(), chapter, key=key)
        except Invalid as refusal:
            form.form_errors.append(" ".join(map(str, (refusal.message, refusal.remedy))))
        else:
            flash(str(_("You follow it from now on.") if act == Action.NEWS_FOLLOW else _("You no longer follow it.")), "success")
            return redirect(url_for(".follow", number=number, key=key), 303)
    page = render_template("news/follow.html", form=form, chapter=chapter, key=key,
                           is_followed=service.get_follow(actor(), chapter, key) is not None)
    return page, 422 if form.errors else 200


# Feeds


@bp.get("/feed")
def feed():
    """What was published on all chapters."""
    shown = required_consultation()
    found = chapters.list_chapters(shown)
    return answered(shown, "feed", shown.title(language()), url_for_page=link("chapters.home"), here=link("news.feed"), of=found)


@bp.get("/chapters/<int:number>/feed")
def chapter_feed(number: int):
    shown = required_consultation()
    chapter = chapters.get_chapter(shown, number)
    title = gettext("Chapter %(number)s: %(title)s", number=number, title=chapter.title(language()))
    return answered(shown, f"chapters/{number}/feed", title, url_for_page=link("chapters.read", number=number),
                    here=link("news.chapter_feed", number=number), of=[chapter])


def answered(shown: Consultation, matter: str, title: str, *, url_for_page: str, here: str, of: list[Chapter]) -> Response:
    service.require_feed(actor(), shown)
    ids = [chapter.id for chapter in of]
    entries = atom.newest([*new_revisions(shown, ids), *flat(events.published(shown, ids))]) if of else []
    whole = atom.Feed(matter=f"{shown.slug}/{matter}/{language()}", title=title, author=shown.controller or shown.title(language()),
                      language=language(), url=here, page_url=url_for_page, begun=shown.created_at, entries=entries)
    return atom.answer(whole)


def new_revisions(consultation: Consultation, chapter_ids: Sequence[int]) -> list[Entry]:
    return [Entry(
        matter=f"{consultation.slug}/chapters/{one.chapter.number}/{one.language}/revisions/{one.number}",
        title=gettext("Chapter %(number)s: version %(version)s (%(language)s)", number=one.chapter.number, version=one.number,
                      language=language_name(one.language)),
        url=link("chapters.revision", number=one.chapter.number, text_language=one.language, version=one.number),
        updated=one.published_at, words=one.note or one.title) for one in service.list_new_revisions(chapter_ids)]
