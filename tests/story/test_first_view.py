"""What the first look at a chapter costs the reader, and where its parts come from (`arrive` checks that: nobody else's site)."""

import pytest

from tests.story.people import Person

pytestmark = pytest.mark.browser

MOST = 150_000


class Scale:
    """Weighs what comes over the wire, compressed as it comes: by kind of resource."""

    def __init__(self, page) -> None:
        self.kinds: dict[str, str] = {}
        self.sizes: dict[str, float] = {}
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.responseReceived", lambda event: self.kinds.update({event["requestId"]: event["type"]}))
        wire.on("Network.loadingFinished", lambda event: self.sizes.update({event["requestId"]: event["encodedDataLength"]}))

    def without_fonts(self) -> float:
        return sum(size for request, size in self.sizes.items() if self.kinds.get(request) != "Font")


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("path", ["", "chapters/1", "chapters/2", "chapters/3", "chapters/4", "chapters/5"])
def test_the_first_view_is_light(site, arrive, language, path):
    """Of a page that is kept ready: somebody has read it since it last changed."""
    reader = arrive(site, language)
    assert reader.page.context.request.get(reader.address(path)).ok
    assert 0 < first_view(reader, path) <= MOST


def test_the_first_view_is_light_for_those_signed_in(site, arrive):
    reader = arrive(site).sign_in("karim-benzaytoun@fed-agro.example")
    assert first_view(reader, "chapters/4") <= MOST


def first_view(reader: Person, path: str) -> float:
    scale = Scale(reader.page)
    reader.go(path)
    reader.page.wait_for_load_state("networkidle")
    assert "Document" in scale.kinds.values()
    return scale.without_fonts()


def test_a_second_view_asks_for_less(site, arrive):
    """Styles, scripts and fonts stay with the reader; a page that has not changed comes as a word."""
    reader = arrive(site)
    reader.go("chapters/1")
    reader.page.wait_for_load_state("networkidle")
    scale = Scale(reader.page)
    reader.go("chapters/1")
    reader.page.wait_for_load_state("networkidle")
    assert sum(scale.sizes.values()) < 5_000, scale.sizes
