"""What axe-core and a ruler say of a page, at the width of a desk and of a phone."""

from pathlib import Path

from tests.story.people import Person

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text("utf-8")
RUN = """async () => (await axe.run(document, {resultTypes: ['violations'], preload: false}))
  .violations.map(v => [v.id, v.nodes.map(n => n.html).slice(0, 4)])"""
SIDEWAYS = """() => { const root = document.documentElement; if (root.scrollWidth <= root.clientWidth) return [];
  return [root.scrollWidth, ...[...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect(); return box.width && (box.right > root.clientWidth + 1 || box.left < -1);
  }).slice(0, 5).map(e => e.outerHTML.slice(0, 120))]; }"""
WIDTHS = (1280, 360)


def looked_at(person: Person) -> list:
    """Every finding, each with the address and the width; none is what one wants."""
    if not person.has_scripts:
        return []  # axe itself is a script
    found, before = [], person.page.viewport_size
    person.page.evaluate(AXE)
    for width in WIDTHS:
        person.page.set_viewport_size({"width": width, "height": 900})
        if said := [*person.page.evaluate(RUN), *person.page.evaluate(SIDEWAYS)]:
            found.append((person.path, width, said))
    person.page.set_viewport_size(before)
    return found
