"""Which columns fit, and what is in them."""

from types import SimpleNamespace
from typing import cast

import pytest
from rich.style import Style

from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot
from tests.engine.making import job
from tui.dashboard.look import Look
from tui.dashboard.widgets.list_columns import fit_columns, row_parts
from tui.text.glyphs import ASCII, UNICODE, Glyphs


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_columns_fill_the_width_and_keep_the_name_readable(width: int) -> None:
    columns = fit_columns(width, 10_000)
    cells = [getattr(columns, name) for name in columns.__slots__ if name != "width"]
    assert 2 + sum(cell + 1 for cell in cells if cell) - 1 == width or columns.name == 1
    if width >= 60:
        assert columns.name >= 20


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize(
    ("reason", "told"), [(None, ""), ("A page is blank.", "1"), ("12 warnings. A page is blank.", "9+")]
)
def test_a_job_that_is_done_says_how_many_warnings_it_has(glyphs: Glyphs, reason: str | None, told: str) -> None:
    style = Style()
    look = cast(
        "Look",
        SimpleNamespace(
            glyphs=glyphs,
            states=dict.fromkeys(JobState, style),
            **dict.fromkeys(("muted", "key", "text", "accent", "cursor", "bar_rest"), style),
        ),
    )
    entry = JobSnapshot.of(job(7, JobState.DONE, reason=reason, pages=3, pages_done=3))
    columns = fit_columns(80, 7)
    row = "".join(text for text, _ in row_parts(entry, columns, look, now=0.0, cursor=False, mark=False))

    done = f"{glyphs.states[JobState.DONE]} done"
    assert f"{done} {glyphs.warning}{told} " in row if told else f"{done}  " in row
    assert len(row) == len("".join(row.splitlines())) <= 80
    assert "3" in row
