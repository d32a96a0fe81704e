"""A few whole screens as text, compared with files: what is pleasing to look at does not change by accident.

`UPDATE_SNAPSHOTS=1 pytest tests/tui/dashboard/test_snapshots.py` writes them anew;
look at the difference before keeping it.
"""

import os
from pathlib import Path

import pytest

from engine.job.job import JobState, PageState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard import app

FOLDER = Path(__file__).with_name("snapshots")


def night(engine: FakeEngine) -> None:
    """A queue at work, with one of everything."""
    engine.fill(60)
    job_id = engine.add("invoices/2026-03 scan.pdf", JobState.RUNNING, pages=187, priority=2, seconds=0)
    for page in range(1, 119):
        worker = (1, 3, 4)[page % 3]
        engine.start_page(worker, job_id, page)
        engine.clock.advance(0.25)
        engine.finish_page(worker, job_id, page, PageState.OCR if page % 9 == 4 else PageState.OK)
    engine.start_page(1, job_id, 119)
    engine.add("日本語の請求書と領収書の控え.pdf")


@pytest.mark.parametrize(
    ("name", "size", "keys"),
    [
        ("main-80x24", (80, 24), []),
        ("main-120x40", (120, 40), []),
        ("detail-80x24", (80, 24), ["enter"]),
        ("help-120x40", (120, 40), ["question_mark"]),
        ("empty-80x24", (80, 24), []),
        ("10000-80x24", (80, 24), ["G"]),
    ],
)
async def test_the_screen_is_as_it_was(
    name: str, size: tuple[int, int], keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "scanserver")
    engine = FakeEngine(Path("/srv"))
    if name.startswith("10000"):
        engine.fill(10_000)
    elif not name.startswith("empty"):
        night(engine)
    # The machine's own figures are not the same twice.
    monkeypatch.setattr(app, "_METER_S", 3600.0)
    async with session(engine, size) as s:
        s.app.model.reading = None
        await s.look()
        await s.press(*keys)
        await s.app.workers.wait_for_complete()
        await s.look()
        shown = "\n".join(line.rstrip() for line in s.lines) + "\n"
    file = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8"), f"{name} has changed; UPDATE_SNAPSHOTS=1 keeps the new one"
