"""Pictures of the dashboard for the documentation, from a made-up queue: `python scripts/make_screenshots.py`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.job.job import NEEDS_PASSWORD, JobState, PageResult, PageState  # noqa: E402
from tests.tui.fake_engine import FakeEngine  # noqa: E402
from tui.dashboard.app import Dashboard  # noqa: E402
from tui.dashboard.meter import Reading  # noqa: E402
from tui.text.glyphs import UNICODE  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"


def busy_engine() -> FakeEngine:
    """A queue in the middle of its work."""
    engine = FakeEngine()
    for number in range(412):
        engine.add(
            f"archive/2025-{number % 12 + 1:02}/letter {number:04}.pdf",
            JobState.DONE,
            pages=number * 7 % 40 + 1,
            done=number * 7 % 40 + 1,
            seconds=3.0 + number % 50,
        )
        engine.clock.advance(0.7)
    engine.add("contracts/lease 2019.pdf", JobState.FAILED, reason=f"{NEEDS_PASSWORD}: it is encrypted.")
    engine.add("scans/box 12 sheet 4.pdf", JobState.PARTIAL, pages=34, done=34, failed=2, ocr=30, seconds=131)
    engine.add("incoming/upload.pdf", JobState.FAILED, reason="The file is damaged beyond repair.")
    invoices = engine.add("invoices/2026-03 scan.pdf", JobState.RUNNING, pages=187, priority=2, seconds=0)
    book = engine.add(
        "library/A Very Long Title of a Book that Nobody Has Shortened, Second Edition.pdf",
        JobState.RUNNING,
        pages=19,
        seconds=0,
    )
    for page, tick in enumerate(range(118), start=1):
        worker = (1, 3, 4)[tick % 3]
        engine.start_page(worker, invoices, page)
        engine.clock.advance(0.22 + 0.12 * (tick % 7 == 0))
        state = PageState.OCR if tick % 9 == 4 else PageState.TEXT_ONLY if tick == 61 else PageState.OK
        engine.finish_page(worker, invoices, page, state)
    for number in range(1, 4):
        engine.start_page(2, book, number)
        engine.clock.advance(0.4)
        engine.finish_page(2, book, number)
    for worker, number in ((1, 119), (3, 121), (4, 125)):
        engine.start_page(worker, invoices, number)
    engine.start_page(2, book, 4)
    engine.clock.advance(1.4)
    engine.add("notes.pdf", pages=12, priority=1)
    for name in ("日本語の請求書と領収書の控え.pdf", "reports/annual report 2025 (final) (2).pdf"):
        engine.add(name)
    engine.add("tenders/plan A0.pdf", JobState.HELD, reason="Held: the engine stopped twice while it was running.")
    for number in range(125):
        engine.add(f"inbox/2026-03-{number % 28 + 1:02} document {number:03}.pdf")
    return engine


REPORT = """
# Annual report 2025

The **harbour** took *{page}* measurements. What they say is in [the tables](tables.pdf); the figures are those of
`survey.csv`, without what the tide gauges lost in March.

## Ships and cargo

| Month | Ships | Cargo (t) | What changed |
|---|---|---|---|
| January | 112 | 48,200 | the northern quay was closed for two weeks |
| February | 97 | 41,950 | ice on six days |
| March | 143 | 61,020 | the new crane works |

## How it was counted

- by the gates, where there are any
- by hand at the old basin
  1. in the morning
  2. in the evening

```python
cargo = sum(ship.tonnes for ship in ships if ship.landed)
```

> What is not counted cannot be managed, and what is not managed cannot be counted.

"""


def reading_engine() -> FakeEngine:
    """A result to read."""
    engine = FakeEngine()
    job_id = engine.add("reports/annual report 2025.pdf", JobState.DONE, pages=24, done=24)
    engine.texts[job_id] = REPORT.format(page="1,204") * 6
    return engine


def work_on(app: Dashboard, engine: FakeEngine) -> None:
    """Three minutes of four workers, looked at as the dashboard does."""
    ways = ["tags", "layout", "layout", "ocr"]
    jobs = [
        engine.add(f"box {n}/part {n}.pdf", JobState.RUNNING, pages=260, seconds=0) for n in range(1, len(ways) + 1)
    ]
    pages = dict.fromkeys(jobs, 0)
    for second in range(180):
        for worker, (job_id, way) in enumerate(zip(jobs, ways, strict=True), start=1):
            if second % (2, 3, 5, 11)[worker - 1] == 0:
                if pages[job_id]:
                    state = PageState.OCR if way == "ocr" else PageState.OK
                    via = "text" if second % 37 == 9 else way
                    engine.tracker.page_done(worker, job_id, PageResult(pages[job_id], state, 0.4, via))
                pages[job_id] += 1
                engine.start_page(worker, job_id, pages[job_id])
        engine.clock.advance(1)
        app.look_again()


async def shoot(
    name: str,
    engine: FakeEngine,
    size: tuple[int, int],
    *keys: str,
    before: Callable[[Dashboard, FakeEngine], None] = lambda *_: None,
) -> None:
    """Press keys and save the screen; `before` may do something first."""
    app = Dashboard(
        engine, glyphs=UNICODE, few_colours=False, has_tour=False, clock=engine.clock, wall_clock=engine.wall_clock
    )
    async with app.run_test(size=size) as pilot:
        app.theme = "hotfolio"
        app.model.reading = Reading(96, 41 << 30)
        await pilot.pause()
        before(app, engine)
        app.look_again(settle=True)
        await pilot.press(*keys)
        await app.workers.wait_for_complete()
        await pilot.pause()
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="hotfolio", simplify=True), encoding="utf-8")
        print(FOLDER / f"{name}.svg")


async def main() -> None:
    """All of them."""
    await shoot("main-80x24", busy_engine(), (80, 24))
    await shoot("main-120x40", busy_engine(), (120, 40))
    await shoot("main-200x50", busy_engine(), (200, 50))
    await shoot("detail", busy_engine(), (80, 24), "enter")
    await shoot("help", busy_engine(), (120, 40), "question_mark")
    await shoot("failures", busy_engine(), (120, 40), "5")
    await shoot("empty", FakeEngine(), (80, 24))
    await shoot("peek-80x24", busy_engine(), (80, 24), "g", "i")
    await shoot("peek-120x40", busy_engine(), (120, 40), "4", "g", "i")
    await shoot("detail-120x40", busy_engine(), (120, 40), "g", "enter")
    await shoot("settings", busy_engine(), (120, 40), "comma")
    await shoot("password", busy_engine(), (80, 24), "5", "slash", *"lease", "enter", "u")
    await shoot("reader", reading_engine(), (120, 40), "o")
    await shoot("outline", reading_engine(), (80, 24), "o", "O")
    await shoot("workers", FakeEngine(), (120, 40), "w", before=work_on)
    await shoot("find-a-key", busy_engine(), (80, 24), "question_mark", *"faster")
    await shoot("quit", busy_engine(), (80, 24), "q")


if __name__ == "__main__":
    with patch("getpass.getuser", return_value="ada"), patch("socket.gethostname", return_value="scanserver"):
        asyncio.run(main())
