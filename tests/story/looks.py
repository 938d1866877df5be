"""What axe-core, a ruler and the mouse say of a page: at the width of two desks and of a phone, and with letters twice as large."""

from pathlib import Path

from tests.story.people import Person

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text("utf-8")
RUN = """async () => (await axe.run(document, {resultTypes: ['violations'], preload: false}))
  .violations.map(v => [v.id, v.nodes.map(n => n.html).slice(0, 4)])"""
SIDEWAYS = """() => { const root = document.documentElement; if (root.scrollWidth <= root.clientWidth) return [];
  return [root.scrollWidth, ...[...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect(); return box.width && (box.right > root.clientWidth + 1 || box.left < -1);
  }).slice(0, 5).map(e => e.outerHTML.slice(0, 120))]; }"""
# What can be pressed is what lies under the mouse at its middle, once it is scrolled to; what is for the ear alone is left out.
COVERED = """() => {
  const middle = e => [...e.getClientRects()].filter(box => box.width > 3 && box.height > 3)[0];
  const covered = [];
  for (const e of document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])')) {
    const isShown = e.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (!middle(e) || !isShown || getComputedStyle(e).pointerEvents === 'none') continue;
    e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const box = middle(e), hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!hit || e.contains(hit) || hit.closest('label')?.control === e) continue;
    covered.push(`${e.outerHTML.slice(0, 90)} lies under ${hit.outerHTML.slice(0, 60)}`);
  }
  scrollTo(0, 0);
  return covered.slice(0, 5);
}"""
LETTERS = "size => { document.documentElement.style.fontSize = size; }"
# Width and size of letters. A desk whose browser shows everything twice as large is one of half the width.
LOOKS = {
    (1280, ""): (RUN, SIDEWAYS, COVERED), (1440, ""): (COVERED,), (640, ""): (SIDEWAYS, COVERED), (360, ""): (RUN, SIDEWAYS, COVERED),
    (360, "200%"): (SIDEWAYS, COVERED),
}


def looked_at(person: Person) -> list:
    """Every finding, each with the address and the width; none is what one wants."""
    if not person.has_scripts:
        return []  # axe itself is a script
    found, before = [], person.page.viewport_size
    person.page.evaluate(AXE)
    for (width, letters), looks in LOOKS.items():
        person.page.set_viewport_size({"width": width, "height": 900})
        person.page.evaluate(LETTERS, letters)
        if said := [one for look in looks for one in person.page.evaluate(look)]:
            found.append((person.path, width, letters, said))
    person.page.evaluate(LETTERS, "")
    person.page.set_viewport_size(before)
    return found
