"""When the person is called to the terminal, and that nothing in a name can steer it on that way."""

import re

import pytest

from engine.job.job import JobState
from engine.settings.settings import Notify
from tests.tui.conftest import session
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.dashboard.alerts import MAX_CELLS, PAUSE_S, QUIET_S, Alerts, notification
from tui.text.glyphs import ASCII

IN_TMUX = {"TMUX": "/tmp/tmux-1000/default,1,0"}


@pytest.fixture
def alerts(engine: FakeEngine) -> Alerts:
    engine.add("long ago.pdf", JobState.FAILED, reason="Old.")
    engine.clock.advance(10)
    return Alerts(engine, engine.clock, engine.wall_clock)


def finish(engine: FakeEngine, job_id: int, state: JobState = JobState.DONE, reason: str | None = None) -> None:
    engine.change(job_id, state, finished=engine._now(), reason=reason)


def test_when_the_queue_is_done_that_is_told_once(engine: FakeEngine, alerts: Alerts) -> None:
    jobs = [engine.add(f"{n}.pdf") for n in range(4)]
    assert alerts.look() is None
    for job_id in jobs[:3]:
        finish(engine, job_id)
    assert alerts.look() is None
    engine.clock.advance(60)
    assert alerts.look() is None
    finish(engine, jobs[3], JobState.PARTIAL)
    assert alerts.look() is None  # the next may be right behind
    engine.clock.advance(QUIET_S)
    assert alerts.look() == "The queue is done: 3 documents converted, 1 with failed pages."
    engine.clock.advance(3600)
    assert alerts.look() is None


def test_a_document_right_behind_belongs_to_the_same_queue(engine: FakeEngine, alerts: Alerts) -> None:
    for wait in ("a", "b", "c"):
        finish(engine, engine.add(wait))
        assert alerts.look() is None
        engine.clock.advance(QUIET_S / 2)
    for attribute, busy, idle in (("is_scanning", True, False), ("unsettled", 3, 0)):
        setattr(engine, attribute, busy)
        engine.clock.advance(QUIET_S)
        assert alerts.look() is None
        setattr(engine, attribute, idle)
        assert alerts.look() is None
    engine.clock.advance(QUIET_S)
    assert alerts.look() == "The queue is done: 3 documents converted."


def test_failures_are_told_at_once_and_those_that_follow_together(engine: FakeEngine, alerts: Alerts) -> None:
    engine.add("waits.pdf")
    finish(engine, engine.add("a.pdf"), JobState.FAILED, "The file is not a PDF.")
    assert alerts.look() == "a.pdf failed: The file is not a PDF."
    for name in ("b.pdf", "c.pdf", "d.pdf"):
        finish(engine, engine.add(name), JobState.FAILED, "No.")
        assert alerts.look() is None
    engine.clock.advance(PAUSE_S)
    assert alerts.look() == "3 documents failed, b.pdf among them."
    engine.clock.advance(PAUSE_S)
    assert alerts.look() is None


def test_a_failure_that_ends_the_queue_is_told_once(engine: FakeEngine, alerts: Alerts) -> None:
    finish(engine, engine.add("a.pdf"), JobState.FAILED, "No.")
    assert alerts.look() == "a.pdf failed: No."
    engine.clock.advance(QUIET_S)
    assert alerts.look() is None
    for name in ("b.pdf", "c.pdf"):
        finish(engine, engine.add(name), JobState.FAILED, "No.")
    assert alerts.look() is None
    engine.clock.advance(QUIET_S)
    assert alerts.look() == "The queue is done: 2 failed."
    engine.clock.advance(PAUSE_S)
    assert alerts.look() is None


def test_what_is_cancelled_held_or_put_back_is_no_news(engine: FakeEngine, alerts: Alerts) -> None:
    old, cancelled, held = engine.add("old.pdf"), engine.add("a.pdf"), engine.add("b.pdf")
    finish(engine, old)
    finish(engine, cancelled, JobState.CANCELLED)
    engine.change(held, JobState.HELD)
    alerts.look()
    engine.clock.advance(QUIET_S)
    assert alerts.look() == "The queue is done: 1 document converted."
    engine.remove([1, old])
    alerts.look()
    engine.restore([1, old])
    engine.clock.advance(60)
    assert alerts.look() is None
    # The same document once more is.
    engine.change(old, JobState.QUEUED, finished=None)
    alerts.look()
    finish(engine, old)
    alerts.look()
    engine.clock.advance(QUIET_S)
    assert alerts.look() == "The queue is done: 1 document converted."


# --- what is sent ---


@pytest.mark.parametrize(
    ("kind", "environ", "sent"),
    [
        (Notify.OSC9, {}, "\x1b]9;hotfolio: a; b\x07"),
        (Notify.OSC777, {}, "\x1b]777;notify;hotfolio;a, b\x07"),
        (Notify.OSC9, IN_TMUX, "\x1bPtmux;\x1b\x1b]9;hotfolio: a; b\x07\x1b\\"),
        (Notify.OSC777, IN_TMUX, "\x1bPtmux;\x1b\x1b]777;notify;hotfolio;a, b\x07\x1b\\"),
        (Notify.OFF, IN_TMUX, ""),
    ],
)
def test_a_notification_is_one_sequence(kind: Notify, environ: dict[str, str], sent: str) -> None:
    assert notification(kind, "a; b", environ=environ) == sent


_WHOLE = {
    Notify.OSC9: re.compile(r"\x1b\]9;hotfolio: ([^\x00-\x1f\x7f-\x9f]*)\x07"),
    Notify.OSC777: re.compile(r"\x1b\]777;notify;hotfolio;([^\x00-\x1f\x7f-\x9f;]*)\x07"),
}


@pytest.mark.parametrize("kind", [Notify.OSC9, Notify.OSC777])
@pytest.mark.parametrize(
    "name", [*HOSTILE_NAMES, b"\x07\x1b]52;c;eA==\x07.pdf", b"\x1b\\\x1bP1;x\x1b\\.pdf", b"\xc2\x9d0;x\xc2\x9c"]
)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_name_and_no_reason_gets_out_of_its_sequence(
    engine: FakeEngine, alerts: Alerts, kind: Notify, name: bytes, ascii_only: bool
) -> None:
    finish(engine, engine.add(name), JobState.FAILED, "Page 1: \x1b[31m\x07;\x9c " + "x" * 5000)
    text = alerts.look()
    assert text is not None
    sent = notification(kind, text, ascii_only=ascii_only, environ={})
    shown = _WHOLE[kind].fullmatch(sent)
    assert shown is not None
    assert len(shown[1]) <= MAX_CELLS
    assert not ascii_only or sent.isascii()
    wrapped = notification(kind, text, ascii_only=ascii_only, environ=IN_TMUX)
    assert wrapped == "\x1bPtmux;\x1b" + sent + "\x1b\\"


# --- the dashboard ---


def written(session_: object) -> list[str]:
    """What the dashboard sends besides frames, from now on."""
    sent: list[str] = []
    app = session_.app  # type: ignore[attr-defined]
    app._driver.write = sent.append
    app.bell = lambda: sent.append("\x07")
    return sent


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({"bell": True, "notify": Notify.OSC9}, ["\x07", "\x1b]9;hotfolio: caf? failed: No.\x07"]),
        ({"bell": False, "notify": Notify.OSC777}, ["\x1b]777;notify;hotfolio;caf? failed: No.\x07"]),
        ({"bell": True, "notify": Notify.OFF}, ["\x07"]),
        ({}, []),
    ],
)
async def test_the_dashboard_calls_as_the_person_has_set(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], sent: list[str]
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    engine.settings = engine.settings.model_copy(update=settings)
    async with session(engine, glyphs=ASCII) as s:
        found = written(s)
        await s.press("F")  # a frozen list keeps nothing from being told
        finish(engine, engine.add("café"), JobState.FAILED, "No.")
        s.app.alert()
        assert [text for text in found if text] == sent


async def test_a_dashboard_that_is_leaving_calls_nobody(engine: FakeEngine) -> None:
    engine.settings = engine.settings.model_copy(update={"bell": True, "notify": Notify.OSC9})
    async with session(engine) as s:
        found = written(s)
        finish(engine, engine.add("a.pdf"), JobState.FAILED, "No.")
        s.app._is_leaving = True
        s.app.alert()
        assert found == []
