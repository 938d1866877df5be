"""Texts that want a script to run, in a real Chromium: what is kept of them runs nothing without any policy of content; the policy holds
by itself where nothing was sanitised.
"""

import pytest

from consult.core.config import resource_dir
from consult.core.headers import HEADERS, POLICY
from tests.hostile import vectors
from tests.hostile.loading import PLACE, SETTLED, Watch, culprits, whole

pytestmark = pytest.mark.browser
REFRESHES = [
    f'<meta http-equiv="refresh" content="{content}">' for content in
    ("0;url=//evil.example/x", "0;url=/elsewhere", "0", "0;javascript:ran(1)", "1;url='http://evil.example/x'", "0;data:text/html,x")
]


def test_the_watch_sees_what_runs_loads_and_leads_away(page):
    """Or the tests below would find nothing whatever is kept."""
    watch = Watch(page)
    for hostile in ("<script>ran(1)</script>", "<img src=x onerror=ran(1)>", '<a href="java&#10;script:ran(1)">x</a>', "<p onclick=x>y</p>",
                    *REFRESHES[:2], '<link rel=stylesheet href="//evil.example/x">'):
        assert watch.faults(hostile), hostile
    assert watch.faults('<p title="&lt;script>">ran(1) <a href="https://a.example">x</a> <a href="#a">y</a></p>') == []


def test_what_is_kept_of_hostile_texts_runs_nothing_without_any_policy(page):
    """Some of the vectors; ``make hostile`` tries all of them."""
    watch, sources = Watch(page), vectors.sample(1_000)
    assert whole(sources)[1] > 900
    assert [fault for start in range(0, len(sources), 250) for fault in culprits(watch, sources[start: start + 250])] == []


@pytest.fixture
def under_policy(page):
    """What HTML that nobody sanitised does on a page with our policy, and our scripts alone: how often it ran, where it asked or led to."""
    page.add_init_script("hits = 0; ran = alert = prompt = confirm = () => { hits += 1; };")
    asked, went, html = [], [], []

    def answer(route):
        address = route.request.url
        asked.append(address)
        if address == PLACE and len(asked) == 1:
            route.fulfill(body=html[-1], headers={**HEADERS, "Content-Type": "text/html; charset=utf-8"})
        elif address == f"{PLACE}leaving.js":
            route.fulfill(path=resource_dir("static") / "js" / "leaving.js")
        else:
            route.abort()
    page.route("**/*", answer)
    page.on("framenavigated", lambda frame: went.append(frame.url) if frame == page.main_frame else None)

    def faults(hostile: str) -> list[str]:
        asked.clear()
        html.append(f'<!doctype html><title>x</title><script src="leaving.js" defer></script><body>{hostile}')
        page.goto(PLACE)
        went.clear()
        hits = page.evaluate(SETTLED)
        return [f"ran {hits} times"] * bool(hits) + [address for address in asked if not address.startswith(PLACE)] + went
    return faults


def test_the_policy_holds_by_itself(under_policy):
    assert "unsafe" not in POLICY
    held = [*vectors.PAYLOADS, *REFRESHES, *(f'<p title="{payload}">x</p>' for payload in vectors.PAYLOADS)]
    assert {hostile: faults for hostile in held if (faults := under_policy(hostile))} == {}


def test_a_refresh_leads_nowhere_by_itself_and_links_still_lead(page, under_policy):
    """No directive refuses it: the policy has scripts of ours alone, and one of them does."""
    assert under_policy(REFRESHES[0] + '<a href="/next">next</a>') == []
    with page.expect_request(f"{PLACE}next"):
        page.click("a")
