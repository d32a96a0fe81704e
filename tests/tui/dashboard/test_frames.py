"""That what is sent piece by piece leaves the terminal with the screen that is meant."""

import random

import pytest
from textual.strip import Strip

from engine.job.job import JobState
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.frames import SpansCompositor, on_full_frame


def pieces_applied(s: Session, lines: list[Strip]) -> list[Strip]:
    """The lines of a terminal after the frame that is due."""
    update = s.app.screen._compositor.render_partial_update()
    lines = list(lines)
    for x, y, span in [] if update is None else update.pieces:
        strip = Strip(list(span))
        line = lines[y]
        assert x + strip.cell_length <= line.cell_length
        lines[y] = Strip.join([line.crop(0, x), strip, line.crop(x + strip.cell_length)])
    return lines


async def test_pieces_add_up_to_the_whole_screen(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    ids = engine.fill(60)
    running = [engine.add(f"日本 {n}.pdf", JobState.RUNNING, pages=900) for n in range(4)]
    async with session(engine, (121, 40)) as s:
        screen = s.app.screen
        assert isinstance(screen._compositor, SpansCompositor)
        # The frames are taken here, not by Textual.
        monkeypatch.setattr(screen, "_compositor_refresh", lambda: None)
        shown = screen._compositor.render_strips()
        for turn in range(20):
            for worker, job_id in enumerate(running, start=1):
                engine.start_page(worker, job_id, turn + 1)
                engine.finish_page(worker, job_id, turn + 1)
            engine.change(rng.choice(ids), rng.choice(list(JobState)))
            engine.clock.advance(0.4)
            await s.press(rng.choice(["j", "k", "pagedown", "space", "s", "S", "v", "tab", "G", "g"]))
            await s.look()
            screen._compositor.update_widgets(set(screen._dirty_widgets))
            shown = pieces_applied(s, shown)
            assert [line.text for line in shown] == s.lines


@pytest.mark.parametrize("key", ["i", "o", "w", "enter"])
async def test_what_changes_below_a_full_screen_has_nothing_of_it_written_again(engine: FakeEngine, key: str) -> None:
    engine.add("a.pdf", JobState.DONE, pages=3, done=3)
    running = engine.add("b.pdf", JobState.RUNNING, pages=900)
    async with session(engine, (120, 40)) as s:
        await s.press("4", "g", key)
        await s.app.workers.wait_for_complete()
        await s.look()
        written: list[int] = []
        on_full_frame(s.app.screen, lambda: written.append(1))
        for page in range(1, 9):
            engine.start_page(1, running, page)
            engine.finish_page(1, running, page)
            engine.clock.advance(1.1)
            await s.look()
            await s.pilot.pause(1 / 60)  # as long as Textual gathers what has changed
        assert written == []
        await s.press("escape", "1")
        assert "8/900" in s.text
