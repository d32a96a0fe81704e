"""No name, error, log line or text from outside breaks a widget, or gets a control character onto the screen."""

import asyncio
import tempfile
import unicodedata
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Input

from engine.job.job import NEEDS_PASSWORD, JobState
from tests.tui.conftest import Session, session
from tests.tui.fake_engine import HOSTILE_NAMES, FakeEngine
from tui.dashboard.screens.password_dialog import PasswordDialog

TOKENS = [
    "[/]",
    "[/bold]",
    "[@click=app.quit]x",
    "[link=http://x.y]",
    "[red on blue]",
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]52;c;eA==\x1b\\",
    "\x1b]8;;http://x.y\x1b\\",
    "\x1bP",
    "\x1bc",
    "\x9b31m",
    "\x85",
    "\x7f",
    "\x08\x08",
    "\r",
    "\n",
    "\t",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u2028",
    "\u00ad",
    "\U000e0041",
    "\u0301" * 9,
    "日本語",
    "👩‍👩‍👧",
    "ﷺ",
    "' \"",
    "$(x)",
    "%s{}",
    ":smile:",
    "=1+1",
    "--help",
    " ",
]
"""What terminals, markup, spreadsheets and shells take for more than letters."""
FIXED = [
    *HOSTILE_NAMES,
    *(f"{token}.pdf".encode() for token in TOKENS),
    *(f"a{token}b{token}/{token}c".encode() for token in TOKENS),
    *(b"\xff" * count for count in (1, 40, 255)),
    "\ud800".encode("utf-8", "surrogatepass"),
    b"x" * 255,
    ("é" * 127).encode(),
    ("\u202e" * 85).encode(),
]
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
STATES = [JobState.FAILED, JobState.PARTIAL, JobState.HELD, JobState.QUEUED, JobState.CANCELLED, JobState.DONE]


def assert_clean(s: Session) -> None:
    strips = s.app.screen._compositor.render_strips()
    for line in [strip.text for strip in strips]:
        hidden = [char for char in {*line} if unicodedata.category(char) in HIDDEN]
        assert not hidden, (hidden, line)
        assert cell_len(line) == s.app.size.width
    for strip in strips:
        for segment in strip:
            assert segment.style is None or segment.style.link is None
            assert segment.style is None or "@click" not in segment.style.meta


def filled(names: list[bytes], folder: Path) -> FakeEngine:
    engine = FakeEngine(folder)
    for number, name in enumerate(names):
        text = name.decode("utf-8", "surrogateescape")
        state = STATES[number % len(STATES)]
        reason = f"{NEEDS_PASSWORD}: {text}" if number % 12 == 0 else text
        engine.add(name, state, reason=reason, pages=3, done=3, failed=1 if state is JobState.PARTIAL else 0)
    return engine


async def look_through(names: list[bytes], size: tuple[int, int]) -> None:
    """Every name in the list, and at a wide terminal in the panel beside it."""
    with tempfile.TemporaryDirectory() as folder:
        engine = filled(names, Path(folder))
        async with session(engine, size) as s:
            for _ in range(len(names) if size[0] >= 120 else len(names) // 20 + 1):
                s.queue.action_move(1) if size[0] >= 120 else s.queue.action_page(1)
                await s.app.workers.wait_for_complete()
                await asyncio.sleep(0)
                assert_clean(s)


async def test_every_name_in_list_and_panel() -> None:
    await look_through(FIXED, (80, 24))
    await look_through(FIXED, (140, 40))


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # to shrink a list of names through a screen would take minutes
)
@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=255).map(lambda name: name.replace(b"\0", b"\1")),
            st.lists(st.sampled_from(TOKENS), min_size=1, max_size=12).map(lambda parts: "".join(parts).encode()),
            st.text(min_size=1, max_size=80).map(lambda text: text.replace("\0", "\1").encode()),
        ),
        min_size=30,
        max_size=30,
    )
)
def test_any_name_in_list_and_panel(names: list[bytes]) -> None:
    asyncio.run(look_through(names, (120, 30)))


async def test_every_screen_and_dialog(tmp_path: Path) -> None:
    joined = ["".join(TOKENS[start::2]).encode() + b"\xff" for start in range(2)]
    names = [name[:255] for name in joined]
    for name in names:
        text = name.decode("utf-8", "surrogateescape")
        engine = FakeEngine(tmp_path)
        job_id = engine.add(name, JobState.FAILED, reason=f"{NEEDS_PASSWORD}: {text}", pages=2, done=2, failed=1)
        engine.no_picture = text
        engine.tracker.set_banner("disk", text)
        engine.texts[job_id] = text
        log_file = engine.detail(job_id).log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        log_file.write_bytes(name + b"\n" + name)
        async with session(engine) as s:
            for keys in (
                ["enter"],
                ["G"],
                ["u"],
                ["escape"],
                ["i"],
                ["escape"],
                ["o"],
                ["escape"],
                ["l"],
                ["escape"],
                ["y"],
                ["Y"],
                ["escape"],
                ["a", "D"],
                ["escape"],
                ["comma"],
                ["escape"],
                ["r"],
                ["X"],
                ["escape"],
                ["q"],
                ["escape"],
            ):
                await s.press(*keys)
                await s.app.workers.wait_for_complete()
                await s.pilot.pause()
                assert_clean(s)
            s.app.screen.say(text)  # type: ignore[attr-defined]
            assert_clean(s)


async def test_what_is_typed_and_pasted(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    engine.add("a.pdf", JobState.FAILED, reason=NEEDS_PASSWORD)
    async with session(engine) as s:
        for token in TOKENS:
            s.main.action_filter()
            s.app.screen.query_one(Input).value = token + "zzz"
            await s.pilot.pause()
            assert_clean(s)
        await s.press("escape")
        await s.press("u")
        assert isinstance(s.app.screen, PasswordDialog)
        for token in TOKENS:
            s.app.screen.query_one(Input).value = token
            await s.pilot.pause()
            assert_clean(s)


async def test_settings_from_outside(tmp_path: Path) -> None:
    for token in TOKENS[::9]:
        engine = FakeEngine(tmp_path / "x")
        engine.settings = engine.settings.model_copy(
            update={"keys": {token: "x", "job.log": "l"}, "theme": token, "input": tmp_path / token}
        )
        engine.origins = {"input": token}
        async with session(engine) as s:
            await s.pilot.pause()
            assert_clean(s)
            await s.press("enter")
            assert_clean(s)
            await s.press("comma", "pagedown")
            assert_clean(s)
