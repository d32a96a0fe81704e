"""A stranger's doings do not fill the log."""

import logging

import pytest

from engine.server.dependencies import seldom
from engine.server.dependencies.seldom import Seldom
from tests.clock import Clock


def test_a_warning_is_logged_once_a_minute_with_how_often_it_was_due(
    clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seldom.time, "monotonic", clock)
    warnings = Seldom(logging.getLogger("tests.seldom"))
    for number in range(3):
        warnings.warn("Refused %s", number)
    warnings.warn("Something else")
    clock.advance(59.9)
    warnings.warn("Refused %s", 3)
    clock.advance(0.2)
    warnings.warn("Refused %s", 4)
    warnings.warn("Something else")
    clock.advance(60)
    warnings.warn("Refused %s", 5)
    assert [record.getMessage() for record in caplog.records] == [
        "Refused 0",
        "Something else",
        "Refused 4 (3 more since then)",
        "Something else",
        "Refused 5",
    ]
