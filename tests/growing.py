"""How the work of a function grows with what it is given: compared with itself, since no test can say what a machine takes."""

import time
from collections.abc import Callable

AT_LEAST = 0.02  # seconds of processor time: less says nothing, and hurts nobody
MARGIN = 9  # times the work for four times the text: 4 where it grows as the text does, 16 where it grows by its square


def worked(act: Callable[[], object]) -> float:
    began = time.thread_time()
    act()
    return time.thread_time() - began


def grows_as_its_text(act: Callable[[str], object], make: Callable[[int], str], length: int) -> bool:
    """Whether ``act`` takes about four times as long for a text of four times the length; the quickest of a few runs counts."""
    short, long = make(length), make(4 * length)
    return any((much := worked(lambda: act(long))) < AT_LEAST or much < MARGIN * worked(lambda: act(short)) for _again in range(4))
