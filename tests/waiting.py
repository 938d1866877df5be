"""Waiting for what comes: for as long as a busy machine may need, and no longer than that."""

import multiprocessing
import time

PATIENCE = 180  # seconds; a limit for what never comes, no measure of how fast it should come


def until(ask, complaint: str):
    """What ``ask()`` answers, as soon as it answers something; asked ever more rarely, since asking may be work."""
    end, pause = time.monotonic() + PATIENCE, 0.02
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(pause)
        pause = min(2 * pause, 1)
    raise AssertionError(complaint)


def ends(act) -> None:
    """``act()``, in a process that is killed when it does not end."""
    process = multiprocessing.get_context("fork").Process(target=act)
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError("it does not end")
    assert process.exitcode == 0, "it failed: what it said stands above"
