"""``make hostile``: every vector, several browsers at once; exit status 1 and the vectors themselves where one does something."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor

from playwright.sync_api import sync_playwright

from tests.hostile import vectors
from tests.hostile.loading import Watch, culprits, whole
from tests.story.conftest import CHROMIUM, QUIET

AT_ONCE = 250  # texts on one page
FEWEST = 72_000
SHARE = 4_000


def tried(sources: list[str]) -> tuple[int, list[str]]:
    """(texts of which something is kept, what some did) of one share."""
    kept, found = 0, []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        watch = Watch(browser.new_page())
        for start in range(0, len(sources), AT_ONCE):
            some = sources[start: start + AT_ONCE]
            html, here = whole(some)
            kept += here
            found += culprits(watch, some) if watch.faults(html) else []
        browser.close()
    return kept, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, help="only so many of them")
    asked = parser.parse_args()
    sources = vectors.sample(asked.sample) if asked.sample else [*vectors.ours(), *vectors.collected()]
    kept, found = 0, []
    with ProcessPoolExecutor(asked.workers) as pool:
        shares = [sources[start: start + SHARE] for start in range(0, len(sources), SHARE)]
        for number, (here, faults) in enumerate(pool.map(tried, shares), 1):
            kept, found = kept + here, found + faults
            print(f"{min(number * SHARE, len(sources))} of {len(sources)}: {len(found)} did something", flush=True)
    print(f"{len(sources)} texts, something is kept of {kept}; {len(found)} did something.")
    print(*found[:50], sep="\n")
    return 1 if found or not asked.sample and len(sources) < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
