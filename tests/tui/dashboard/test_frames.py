"""That what is sent piece by piece leaves the terminal with the screen that is meant."""

import random

import pytest
from textual.strip import Strip

from engine.job.job import JobState
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.frames import SpansCompositor


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
