"""What is read in a process of its own is bounded, whatever it is, and tells in words that it was too much."""

import functools
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from consult.core import confinement, nursery
from consult.core.confinement import HERE, Limits, confined
from consult.core.errors import Invalid
from consult.core.remarks import LEFT_OUT, LeftOut
from consult.text.normalising import UNSEEN_SIGN, without_unseen

MODEST = Limits(cpu=1, wall=60, memory=400)


def test_what_is_returned_refused_and_left_out_comes_back(app):
    assert confined(os.path.join, "a", "b", limits=MODEST) == "a/b"
    LEFT_OUT.set(set())
    assert confined(functools.partial, int, limits=MODEST).func is int
    with pytest.raises(Invalid, match=r"character 2.*U\+0001") as refusal:
        confined(without_unseen, "body", "a\x01", UNSEEN_SIGN, limits=MODEST)
    assert refusal.value.field == "body"
    assert LEFT_OUT.get() == {LeftOut.REFUSED}
    assert str(refusal.value.remedy)


def test_what_was_asked_for_of_unseen_signs_holds_there(app):
    with app.test_request_context(method="POST", data={"without_unseen": "1"}):
        app.preprocess_request()
        assert confined(without_unseen, "body", "a\x01b", UNSEEN_SIGN, limits=MODEST) == "ab"
        assert LEFT_OUT.get() == {LeftOut.ASKED}


@pytest.mark.parametrize(("function", "values", "limits"), [
    (pow, (3, 10**9), MODEST),  # in C, where no signal of Python's is heard
    (time.sleep, (1000,), Limits(cpu=1, wall=1, memory=400)),
    (bytearray, (10**9,), MODEST),
    (os._exit, (3,), MODEST),
    (os.kill, (0, signal.SIGSEGV), MODEST),
], ids=["cpu", "wall", "memory", "gone", "crashed"])
def test_what_takes_too_much_ends_and_says_what_to_do(app, function, values, limits):
    with pytest.raises(Invalid, match="too long to be read, or too much memory") as refusal:
        confined(function, *values, limits=limits)
    assert refusal.value.field == "file"
    assert "Split it" in str(refusal.value.remedy)
    assert confined(len, "next", limits=MODEST) == 4


def test_a_fault_of_ours_is_noted_and_said_in_words(app, caplog):
    with pytest.raises(Invalid, match="could not be read"):
        confined(int, "x", limits=MODEST)
    assert "ValueError: invalid literal" in caplog.text


def test_no_setting_of_the_platform_is_known_there(app, monkeypatch):
    monkeypatch.setenv("CONSULT_SECRET_KEY", "s" * 40)
    HERE.stop()
    assert confined(os.getenv, "CONSULT_SECRET_KEY", limits=MODEST) is None
    assert confined(os.getenv, "PATH", limits=MODEST) == os.environ["PATH"]


def test_a_nursery_that_is_gone_is_started_again(app):
    assert confined(len, "abc", limits=MODEST) == 3
    HERE.process.kill()
    HERE.process.wait()
    assert confined(len, "abcd", limits=MODEST) == 4
    HERE.stop()
    HERE.prepare("consult.core.markup")
    assert confined(len, "a", limits=MODEST) == 1


@pytest.mark.parametrize("what", ["places", "line"])
def test_who_comes_while_many_are_read_is_told_to_come_again(app, monkeypatch, what):
    monkeypatch.setattr(HERE, what, threading.BoundedSemaphore(1))
    getattr(HERE, what).acquire()
    with pytest.raises(Invalid, match="Many texts"):
        confined(len, "a", limits=Limits(cpu=1, wall=0, memory=400))
    getattr(HERE, what).release()
    assert confined(len, "a", limits=MODEST) == 1


def test_several_are_read_at_once_and_each_gets_its_own(app):
    with ThreadPoolExecutor(confinement.IN_LINE) as pool:
        asked = [pool.submit(confined, len, "a" * size, limits=MODEST) for size in range(confinement.IN_LINE)]
        assert [one.result() for one in asked] == list(range(confinement.IN_LINE))


def test_a_child_that_answers_nothing_is_given_up(app, monkeypatch):
    monkeypatch.setattr(confinement, "MARGIN", -59)
    with pytest.raises(Invalid, match="too long"):
        confined(time.sleep, 30, limits=MODEST)


def test_an_answer_that_breaks_off_is_no_answer():
    ours, theirs = nursery.socket.socketpair()
    theirs.close()
    with ours, pytest.raises(EOFError):
        nursery.received(ours, 8)
