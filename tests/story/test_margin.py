"""Lines of the margin further on than a page brings: they come when somebody reads as far as there, and nothing moves for it."""

import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser
LIVELY = "C1-A7-P1-a1"
LINES = f"[id='{LIVELY}'] .said"
TALL = "[...document.querySelectorAll('.text .block')].map(e => Math.round(e.getBoundingClientRect().top + scrollY))"
QUOTED = "name => [...(CSS.highlights.get(name) ?? [])].map(range => range.toString())"
STOPS = "[...document.querySelectorAll('.text .block')].filter(e => e.querySelector('.notes :is(a, summary)')?.tabIndex === 0).length"
SPOKEN = "[...document.querySelectorAll('[role=status], [aria-live]')].map(e => e.textContent.trim()).join('')"


def at_the_end(reader):
    """Who scrolls as far as the liveliest passage; what was asked for its lines on the way."""
    asked = []
    reader.page.on("request", lambda request: asked.append(request.url) if "/margin/" in request.url else None)
    reader.go("chapters/1")
    reader.page.evaluate("document.fonts.ready")
    assert not asked, "nothing is asked for until somebody reads as far as there"
    assert not reader.sees(LINES)
    reader.tall = reader.page.evaluate(TALL)
    reader.page.locator(f"[id='{LIVELY}']").scroll_into_view_if_needed()
    until(lambda: reader.sees(LINES), "the lines do not come")
    return asked


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("width", [1280, 360])
def test_lines_come_when_they_are_near_and_nothing_moves(site, arrive, language, width):
    reader = arrive(site, language, width=width)
    asked = at_the_end(reader)
    assert reader.page.locator(LINES).count() == 3
    assert len(asked) == len(set(asked)) == 1
    assert reader.page.evaluate(TALL) == reader.tall, "the text stands where it stood"
    assert reader.page.evaluate(SPOKEN) == ""
    assert reader.page.evaluate(STOPS) <= 1, "one passage is a stop"
    assert reader.page.locator(LINES).first.is_visible() == (width == 1280)
    if width == 360:
        reader.page.locator(f"[id='{LIVELY}'] .acts .count").click()
        reader.page.locator(".sheet .contribution").first.wait_for()
    reader.picture(f"margin-{width}")


@pytest.mark.parametrize(("language", "width"), [("fr", 1280), ("ar", 360)])
def test_what_they_quote_is_marked_in_the_text(site, arrive, language, width):
    reader = arrive(site, language, width=width)
    words = {"fr": "entreprises de moins de cinquante", "ar": "بتعريفة مخفضة"}[language]

    def quoting(route):
        more = '<p class="more">'
        page = route.fetch().text().replace(more, f'<p class="on"><q data-prefix="" data-suffix="">{words}</q></p>{more}')
        route.fulfill(body=page, content_type="text/html; charset=utf-8")
    reader.page.route("**/margin/*", quoting)
    at_the_end(reader)
    until(lambda: words in reader.page.evaluate(QUOTED, "quoted"), "what is quoted is not marked")
    assert words not in reader.page.evaluate(QUOTED, "quoted-now")
    if width == 1280:
        reader.page.hover(f"{LINES} summary")
        until(lambda: words in reader.page.evaluate(QUOTED, "quoted-now"), "the words of the line under the pointer are no stronger")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_lines_that_came_are_part_of_the_passage_at_the_keyboard(site, arrive, language):
    reader = arrive(site, language)
    at_the_end(reader)
    reader.page.focus(f"[id='{LIVELY}'] .tag a")
    reached = []
    for _press in range(8):
        reader.page.keyboard.press("Tab")
        reached.append(reader.page.evaluate("document.activeElement.closest('.block')?.id + ' ' + document.activeElement.tagName"))
    assert reached.count(f"{LIVELY} SUMMARY") == 3
    reader.page.focus(f"[id='{LIVELY}'] .said summary")
    reader.page.keyboard.press("Enter")
    reader.page.locator(f"{LINES} .whole .said-words").first.wait_for()
    reader.page.keyboard.press("ArrowDown")
    assert reader.page.evaluate("document.activeElement.closest('.block').id") != LIVELY


def test_who_stands_on_the_way_to_all_of_it_is_not_lost_when_the_lines_come(site, arrive):
    reader, held = arrive(site), []
    reader.page.route("**/margin/*", lambda route: held.append(route))
    reader.go(f"chapters/1#{LIVELY}")
    until(lambda: reader.sees(".notes") and held, "nobody asks")
    reader.page.focus(f"[id='{LIVELY}'] .notes a")
    held[0].continue_()
    until(lambda: reader.sees(LINES), "the lines do not come")
    assert reader.page.evaluate("document.activeElement.closest('.block')?.id") == LIVELY


def test_lines_that_did_not_come_are_asked_for_again(site, arrive):
    reader = arrive(site)
    tries = []

    def at_first_nothing(route):
        tries.append(route.request.url)
        route.abort() if len(tries) == 1 else route.continue_()
    reader.page.route("**/margin/*", at_first_nothing)
    reader.go("chapters/1")
    passage = reader.page.locator(f"[id='{LIVELY}']")
    passage.scroll_into_view_if_needed()
    until(lambda: reader.sees(".notes") and tries, "nobody asks")
    assert passage.locator(".notes .all").is_visible(), "the way to all of it stays"
    reader.page.evaluate("scrollTo(0, 0)")
    reader.page.wait_for_timeout(200)
    passage.scroll_into_view_if_needed()
    until(lambda: reader.sees(LINES), "the lines do not come")
    assert len(tries) == 2


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize(("width", "way"), [(1280, ".notes a"), (360, ".acts .count")])
def test_without_scripts_the_count_leads_to_what_was_said(site, arrive, language, width, way):
    reader = arrive(site, language, width=width, java_script_enabled=False)
    reader.go("chapters/1")
    assert not reader.sees(LINES)
    link = reader.page.locator(f"[id='{LIVELY}'] {way}")
    assert link.is_visible()
    reader.press(f"[id='{LIVELY}'] {way}")
    assert reader.page.locator(".contribution").count() > 2
