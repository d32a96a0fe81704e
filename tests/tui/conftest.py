import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from tests.tui.fake_engine import FakeEngine
from tui.dashboard.app import Dashboard
from tui.dashboard.messages import QuitChoice
from tui.dashboard.screens.main import MainScreen
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.queue_list import QueueList
from tui.text.glyphs import UNICODE

SIZES = [(80, 24), (120, 40)]


class Session:
    """A dashboard over a fake engine, and hands to use it."""

    def __init__(self, engine: FakeEngine, app: Dashboard, pilot: Pilot[QuitChoice]) -> None:
        self.engine, self.app, self.pilot = engine, app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until something holds, looking at the engine meanwhile."""
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, what or f"never came true; on the screen:\n{self.text}"
            await self.pilot.pause()
            await asyncio.sleep(0)
            if self.app.is_running:
                self.app.look_again(settle=True)

    async def look(self) -> None:
        self.app.look_again(settle=True)
        await self.pilot.pause()

    @property
    def main(self) -> MainScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def queue(self) -> QueueList:
        return self.main.query_one(QueueList)

    @property
    def message(self) -> str:
        return self.app.screen.query_one(KeyBar).message

    @property
    def lines(self) -> list[str]:
        """What the terminal shows."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


Start = Callable[..., "asynccontextmanager[Session]"]


@pytest.fixture(scope="session", autouse=True)
def _styles_are_parsed_once() -> Iterator[None]:
    """Have all dashboards share what one has made of its style sheets: a sixth of what it takes to start one."""
    parse = Stylesheet._parse_rules
    parsed: dict[tuple[object, ...], list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, *source: Any, **more: Any) -> list[RuleSet]:
        key = (source, *more.items(), frozenset(sheet._variables.items()))
        if key not in parsed:
            parsed[key] = parse(sheet, *source, **more)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@asynccontextmanager
async def session(engine: FakeEngine, size: tuple[int, int] = (80, 24), **options: object) -> AsyncIterator[Session]:
    """The dashboard, running without a terminal."""
    options = {
        "glyphs": UNICODE,
        "clock": engine.clock,
        "wall_clock": engine.wall_clock,
        "few_colours": False,
        "has_tour": False,
        **options,
    }
    app = Dashboard(engine, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Session(engine, app, pilot)
