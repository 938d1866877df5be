"""What `consult verify` asks; what each check finds is tested by its words, in test_cli and test_former_database."""

from consult.core import audit, events, verification


def test_faults_are_told_in_the_order_of_the_rooms_after_those_of_the_journal(own_app, monkeypatch):
    monkeypatch.setattr(audit, "verify", lambda: ["zero"])
    monkeypatch.setattr(events.faults, "fillers", [lambda: ["one", "two"], lambda: (), lambda: iter(["three"])])
    assert verification.verify_database() == ["zero", "one", "two", "three"]


def test_each_room_that_keeps_words_checks_them(app):
    rooms = [check.__module__.split(".")[1] for check in events.faults.fillers]
    assert rooms == ["chapters", "contributions", "synthesis"]
