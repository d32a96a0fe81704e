"""The list of machines: what each is at, and keys that hold it or have it leave."""

from dataclasses import replace

import pytest
from textual.widgets import Static

from engine.job.machines import NodeSnapshot, NodeState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.screens.choice_dialog import ChoiceDialog
from tui.dashboard.workers.noderates import NodeRates
from tui.dashboard.workers.nodes_screen import NodesScreen
from tui.text.glyphs import ASCII, UNICODE, Glyphs

READY = NodeSnapshot("desk2", NodeState.READY, "", 8, 3, 1204, 0.0, 0.002, 48 << 20, 1 << 40, 2 << 30, 5 << 20)
HELD = NodeSnapshot("ed", NodeState.HELD, "The disk is \x1b[31mfull.", 4, 0, 7, 0.0, 0.1, 0, 0, 0, 0)
LEFT = NodeSnapshot("old", NodeState.LEFT, "It has left.", 4, 0, 0, 9.0, 0.1, 0, 0, 0, 0)


@pytest.mark.parametrize(("size", "glyphs"), [((120, 40), UNICODE), ((80, 24), UNICODE), ((60, 15), ASCII)])
async def test_each_machine_has_a_line_and_the_chosen_one_says_why(
    engine: FakeEngine, size: tuple[int, int], glyphs: Glyphs
) -> None:
    engine.tracker.nodes = (READY, HELD, LEFT)
    async with session(engine, size, glyphs=glyphs) as s:
        await s.press("W")
        assert isinstance(s.app.screen, NodesScreen)
        assert "1 machine at work with 8 slots, 3 busy" in s.text
        (line,) = (line for line in s.lines if "desk2" in line)
        assert [word for word in line.split() if word[0].isalnum()][:4] == ["desk2", "ready", "3/8", "1,204"]
        assert ("2 ms" in line) == (size[0] >= 100)
        assert "disk" not in s.text
        await s.press("j")
        assert "ed: The disk is" in s.text
        assert "\x1b" not in s.text
        engine.clock.advance(10)
        engine.tracker.nodes = (replace(READY, pages=1304), HELD)
        await s.look()
        assert "10.0 pages/s" in s.text
        await s.press("escape")
        assert s.app.screen is s.main


async def test_without_a_machine_it_says_how_to_have_one(engine: FakeEngine) -> None:
    async with session(engine, (120, 40)) as s:
        await s.press("W")
        assert "hotfolio cluster init" in s.text
        await s.press("x", "p", "j")
        assert "There is no other machine." in s.message
        assert not engine.calls


async def test_a_machine_is_held_and_released_at_once_and_leaves_after_a_question(engine: FakeEngine) -> None:
    engine.tracker.nodes = (READY, HELD, LEFT)
    async with session(engine, (80, 24)) as s:
        await s.press("W", "p")
        await s.until(lambda: engine.calls == [("hold", "desk2")])
        await s.press("j", "p")
        await s.until(lambda: engine.calls[1:] == [("release", "ed")])
        await s.press("k", "d")
        assert isinstance(s.app.screen, ChoiceDialog)
        assert "3 slots" in str(s.app.screen.query_one("#text", Static).render())
        await s.press("n")
        assert len(engine.calls) == 2
        await s.press("x", "y")
        await s.until(lambda: engine.calls[2:] == [("remove", "desk2")])
        await s.until(lambda: "desk2 has left." in s.message)
        await s.press("question_mark")
        assert {"Have it leave at once; asks", "Give it nothing more, or use it again"} <= {
            text
            for _, text, _ in s.app.screen._entries["The machine under the cursor"]  # type: ignore[attr-defined]
        }
        await s.press("escape", "G", "d")
        assert "It has left already." in s.message


async def test_the_cursor_stays_on_its_machine_and_the_order_is_for_the_one_that_was_asked_about(
    engine: FakeEngine,
) -> None:
    engine.tracker.nodes = (READY, HELD)
    async with session(engine, (80, 24)) as s:
        await s.press("W", "j", "x")
        engine.tracker.nodes = (replace(LEFT, name="aaa", state=NodeState.READY), READY)  # what was asked about is gone
        await s.look()
        await s.press("y")
        await s.until(lambda: engine.calls == [("remove", "ed")])
        await s.until(lambda: "ed is not there any more" in s.message)


def test_pages_a_second_are_those_of_the_last_half_minute() -> None:
    rates = NodeRates()
    for second in range(100):
        rates.take([replace(READY, pages=second * (10 if second < 50 else 2))], second)
    assert rates.of("desk2") == 2
    rates.take([replace(READY, pages=1)], 100)
    assert rates.of("desk2") is None
    rates.take([], 101)
    assert rates.of("desk2") is None
