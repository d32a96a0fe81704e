"""What the screen says of the row under the cursor, and how much of a name it shows."""

import re

import pytest

from engine.job.job import NEEDS_PASSWORD, JobState
from tests.tui.conftest import session
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.widgets.list_columns import fit_columns

LONG = "".join(f"{n:02}-" for n in range(60)) + ".pdf"


async def test_the_counts_of_the_views_follow_the_filter(engine: FakeEngine) -> None:
    for n in range(3):
        engine.add(f"invoice {n}.pdf")
        engine.add(f"letter {n}.pdf", JobState.DONE, pages=1, done=1)
    engine.add("invoice 9.pdf", JobState.CANCELLED)
    async with session(engine, (100, 24)) as s:
        assert "All 7 " in s.lines[2]
        await s.press("slash", *"letter")
        assert re.findall(r"\d \w+ \d+", s.lines[2]) == [
            "1 All 3",
            "2 Queued 0",
            "3 Running 0",
            "4 Done 3",
            "5 Failed 0",
            "6 Cancelled 0",
        ]
        await s.press("escape")
        assert "All 7 " in s.lines[2]


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        (JobState.FAILED, "Damaged.", ("r retry", "l log")),
        (JobState.FAILED, f"{NEEDS_PASSWORD}: give one.", ("u password", "r retry", "l log")),
        (JobState.DONE, None, ("o read", "i look", "y copy path")),
        (JobState.RUNNING, None, ("x cancel", "+ - priority")),
        (JobState.QUEUED, None, ("x cancel", "+ - priority")),
        (JobState.CANCELLED, "Cancelled.", ("r retry",)),
    ],
)
async def test_the_bottom_line_tells_the_keys_for_the_row(
    engine: FakeEngine, state: JobState, reason: str | None, told: tuple[str, ...]
) -> None:
    job_id = engine.add("a.pdf", state, reason=reason, pages=2, done=2)
    async with session(engine) as s:
        assert all(hint in s.lines[-1] for hint in ("? help", "q quit", *told)), s.lines[-1]
        engine.change(job_id, JobState.HELD)
        await s.until(lambda: "p release" in s.lines[-1])
        await s.press("space")
        assert "A unmark" in s.lines[-1]


@pytest.mark.parametrize("greatest_id", [9, 12_345])
def test_a_wider_terminal_shows_no_less_of_a_name(greatest_id: int) -> None:
    least = fit_columns(79, greatest_id).name
    assert least >= 20
    assert min(fit_columns(width, greatest_id).name for width in range(79, 220)) == least


async def test_a_name_has_as_many_letters_beside_the_panel_as_on_a_small_terminal(engine: FakeEngine) -> None:
    engine.add(LONG, JobState.FAILED, reason="Damaged, and for a long and winding reason at that.")
    engine.add(f"x{LONG}")
    shown: dict[int, list[int]] = {}
    for width in (80, *range(120, 201, 8)):
        async with session(engine, (width, 24)) as s:
            rows = [line for line in s.lines if "00-01-" in line[:30]]
            shown[width] = [len(re.findall(r"\d\d-|\.pdf", row.strip("│").split("│")[0])) for row in rows[:2]]
    for width, letters in shown.items():
        assert all(here >= small for here, small in zip(letters, shown[80], strict=True)), (width, shown)


async def test_the_head_says_where_results_are_however_busy_it_is(engine: FakeEngine) -> None:
    running = engine.add("a.pdf", JobState.RUNNING, pages=900, done=4)
    engine.start_page(1, running, 5)
    async with session(engine) as s:
        assert "→ " in s.lines[0]
        assert s.lines[0].partition("→ ")[2].split()[0].endswith("output"[-4:])


async def test_y_says_what_was_copied_and_shows_it_until_the_next_key(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TERM_PROGRAM", raising=False)
    engine.add("a" * 150 + " b.pdf", JobState.FAILED, reason="Damaged.")
    async with session(engine) as s:
        await s.press("y")
        assert "Copied the source's path, as there is no result; or select it:" in s.text
        path = s.app.clipboard
        await s.until(lambda: path in "".join(s.lines))
        await s.press("j")
        await s.until(lambda: "? help" in s.lines[-1])
        assert "Copied" not in s.text
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.delenv("STY", raising=False)
    async with session(engine) as s:
        await s.press("y")
        assert "select it" not in s.text
        assert s.message.startswith("Copied the source's path, as there is no result: /")
