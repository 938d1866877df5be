"""A chapter at the keyboard, and its margin: from passage to passage, and from a line to all that was said."""

import pytest

pytestmark = pytest.mark.browser
LIVELY = "C1-A7-P1-a1"
HERE = "() => document.activeElement.closest('.block')?.id ?? ''"
STOPS = """() => [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), select, [tabindex]')]
  .filter(e => e.tabIndex >= 0 && e.checkVisibility()).length"""
# What of the margin lies over what is read: other lines, words of passages, tables.
OVER_THE_TEXT = """() => {
  const read = [...document.querySelectorAll('.block > .words, .text table')].map(e => [e, e.getBoundingClientRect()]);
  const lines = [...document.querySelectorAll('.notes')].filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()]);
  const meets = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return lines.flatMap(([line, box]) => [...read, ...lines].filter(([other, at]) => other !== line && meets(box, at))
    .map(([other]) => `${line.ariaLabel} over ${other.outerHTML.slice(0, 60)}`)).slice(0, 5);
}"""


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_tab_key_stops_once_in_the_text_and_the_arrows_go_on(site, arrive, language):
    reader = arrive(site, language)
    reader.go("chapters/1")
    passages = reader.page.locator(".text .block").count()
    assert passages > 200
    assert reader.page.evaluate(STOPS) < 80
    reader.page.focus(".debate a")
    for _press in range(60):
        reader.page.keyboard.press("Tab")
        if reader.page.evaluate(HERE):
            break
    first = reader.page.evaluate(HERE)
    assert first == "C1"
    ids = reader.page.evaluate("() => [...document.querySelectorAll('.text .block')].map(e => e.id)")
    for key, place in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", passages - 1), ("ArrowDown", passages - 1), ("Home", 0)):
        reader.page.keyboard.press(key)
        assert reader.page.evaluate(HERE) == ids[place], key
    assert reader.page.evaluate("() => document.activeElement.matches('.tag a')")
    seen = {reader.page.evaluate(HERE)}
    for place in ids[1:]:
        reader.page.keyboard.press("ArrowDown")
        seen.add(reader.page.evaluate(HERE))
        box = reader.page.evaluate(
            "() => { const box = document.activeElement.getBoundingClientRect(); return [box.top, box.bottom, innerHeight]; }")
        assert 0 <= box[0] < box[1] <= box[2], place
    assert seen == set(ids), "no passage is left out"


def test_acts_of_a_passage_are_its_own_stops_and_an_address_is_where_one_starts(site, arrive):
    reader = arrive(site)
    reader.go(f"chapters/1#{LIVELY}")
    stops = reader.page.evaluate("""() => [...document.querySelectorAll('.text .block')]
      .filter(e => e.querySelector('.tag a').tabIndex >= 0).map(e => e.id)""")
    assert stops == [LIVELY]
    reader.page.focus(f"[id='{LIVELY}'] .tag a")
    names = []
    for _press in range(2):
        reader.page.keyboard.press("Tab")
        names.append(reader.page.evaluate("() => document.activeElement.className || document.activeElement.tagName"))
    assert names == ["do", "past"]


def test_without_scripts_every_link_is_a_stop(site, arrive):
    reader = arrive(site, java_script_enabled=False)
    reader.go("chapters/1")
    assert not reader.page.locator(".text [tabindex='-1']").count()
    assert not reader.page.locator("[data-scripted]").is_visible()


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("width", [1280, 1440])
def test_a_line_of_the_margin_says_who_and_what_and_opens_to_all_of_it(site, arrive, language, width):
    reader = arrive(site, language, width=width)
    for number in (1, 5):
        reader.go(f"chapters/{number}")
        reader.page.evaluate("document.fonts.ready")
        assert reader.page.evaluate(OVER_THE_TEXT) == []
    reader.go(f"chapters/1#{LIVELY}")
    line = reader.page.locator(f"[id='{LIVELY}'] .said").nth(1)
    who, first = line.evaluate(
        "e => [e.querySelector('.who').getBoundingClientRect().bottom, e.querySelector('.first').getBoundingClientRect().top]")
    assert who <= first + 1, "who stands above what"
    first = line.locator(".first").evaluate("e => [e.getBoundingClientRect().height, parseFloat(getComputedStyle(e).lineHeight)]")
    assert round(first[0] / first[1]) == 2, "two lines of what is said"
    assert line.locator("summary").bounding_box()["height"] < 96
    line.locator("summary").click()
    line.locator(".whole .said-words").first.wait_for()
    whole = reader.page.context.request.get(line.locator("a[data-whole]").evaluate("a => a.href")).text()
    body = line.locator(".whole .said-words").first.inner_text().split()
    assert len(body) > 30
    assert " ".join(body[-4:]) in " ".join(whole.split())
    assert reader.page.evaluate(OVER_THE_TEXT) == []
    picture = f"margin-{language}-{width}"
    reader.picture(picture)


def test_a_line_opens_without_scripts_and_leads_to_the_rest(site, arrive):
    reader = arrive(site, java_script_enabled=False)
    reader.go("chapters/1")
    line = reader.page.locator(".said").nth(1)
    line.locator("summary").click()
    assert len(line.locator(".first").inner_text()) > 120
    with reader.page.expect_navigation():
        line.locator("a[data-whole]").click()
    assert reader.sees("[data-words] .said-words")
