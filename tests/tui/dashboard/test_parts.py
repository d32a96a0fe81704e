"""The parts without a screen: filter language, order of rows, formatting, changed cells."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.jobfilter import FilterError, parse_filter
from tui.dashboard.joblist import JobList, Sort, View
from tui.dashboard.widgets.lines import changed_spans, strip_of
from tui.dashboard.widgets.list_columns import fit_columns
from tui.terminal.terminal import can_show_unicode, has_few_colours
from tui.text.formatting import bar, duration, pad, shorten, size, sparkline, wrap
from tui.text.glyphs import ASCII, UNICODE


def entries_of(engine: FakeEngine) -> list[JobSnapshot]:
    return list(engine.snapshot().changed)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("scan", {1, 3}),
        ("SCAN", {1, 3}),
        ("!scan", {2, 4}),
        ("state:failed", {3}),
        ("state:f,q", {1, 2, 3}),
        ("!state:done", {1, 2, 3}),
        ("profile:sca", {2, 4}),
        ("!profile:scans folder:", {1, 3}),
        ("folder:nowhere", set()),
        ("pages>100", {4}),
        ("pages<=20", {3}),
        ("priority>0", {2}),
        ("scan state:queued", {1}),
        ("#4", {4}),
        ("id>=3", {3, 4}),
    ],
)
def test_filters(text: str, wanted: set[int]) -> None:
    engine = FakeEngine()
    engine.add("scan a.pdf")
    engine.add("letter.pdf", priority=1, profile="scans")
    engine.add("scan b.pdf", JobState.FAILED, pages=20)
    engine.add("book.pdf", JobState.DONE, pages=187, done=187, profile="Scans")
    job_filter = parse_filter(text)
    assert job_filter is not None
    assert {entry.job.id for entry in entries_of(engine) if job_filter(entry)} == wanted


@pytest.mark.parametrize("text", ["state:nonsense", "pages>many", "weight>3"])
def test_a_filter_that_means_nothing_says_so(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


@given(st.text())
def test_no_text_breaks_the_filter(text: str) -> None:
    engine = FakeEngine()
    engine.add("scan a.pdf")
    try:
        job_filter = parse_filter(text)
    except FilterError:
        return
    if job_filter is not None:
        job_filter(entries_of(engine)[0])


@pytest.mark.parametrize("sort", Sort)
def test_moving_single_rows_gives_the_same_order_as_sorting_anew(sort: Sort) -> None:
    rng = random.Random(7)
    engine = FakeEngine()
    engine.fill(300)
    jobs = JobList()
    jobs.show(sort=sort, is_reversed=True)
    version = 0
    for _ in range(30):
        for job_id in rng.sample(range(1, 301), 5):
            if engine.tracker.job(job_id) is not None:
                engine.change(job_id, rng.choice(list(JobState)), priority=rng.randint(-3, 3))
        engine.remove([rng.randint(1, 300)])
        snapshot = engine.snapshot(version)
        version = snapshot.version
        jobs.apply(snapshot.changed, snapshot.removed)
        jobs.settle()
        moved = jobs.ids()
        jobs.show(sort=sort)
        assert jobs.ids() == moved
        assert [jobs.row_of(job_id) for job_id in moved] == list(range(len(moved)))


def test_each_view_shows_its_states() -> None:
    engine = FakeEngine()
    engine.fill(64)
    jobs = JobList()
    jobs.apply(engine.snapshot().changed, ())
    for view in View:
        jobs.show(view=view)
        assert len(jobs) == sum(entry.job.state in view.states for entry in jobs.entries.values())


@given(st.text(), st.integers(0, 40))
def test_text_fits_its_cells(text: str, width: int) -> None:
    assert cell_len(shorten(text, width)) <= width
    assert cell_len(pad(text, width)) == width


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


def test_names_are_cut_in_the_middle() -> None:
    assert shorten("a-very-long-name-with-a-tail.pdf", 16) == "a-very-l…ail.pdf"
    assert shorten("日本語の請求書.pdf", 11) == "日本語….pdf"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (42, "00:42"), (3599, "59:59"), (3900, "1h05m"), (90 * 86_400, "90d00h"), (1e9, "99d+")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_bars_and_sparklines() -> None:
    assert [size(n) for n in (0, 999, 312 << 20, 1181116006, 41 << 30)] == ["0", "999", "312M", "1.1G", "41G"]
    assert bar(0.5, 4, UNICODE) == ("██", "──")
    assert bar(0.3, 4, UNICODE) == ("█▏", "──")
    assert bar(0.5, 4, ASCII) == ("##", "--")
    assert sparkline([0, 1, 2, 4], 6, UNICODE) == "▁▁▁▃▅█"


@given(st.lists(st.text(alphabet="ab 日é"), max_size=6), st.lists(st.text(alphabet="ab 日é"), max_size=6))
def test_changed_spans_cover_every_changed_cell(old: list[str], new: list[str]) -> None:
    style = Style()
    a = strip_of([(text, style) for text in old], 30, style)
    b = strip_of([(text, style) for text in new], 30, style)
    covered = [(0, 0), *changed_spans(a, b), (30, 30)]
    for (_, end), (start, _) in pairwise(covered):
        assert a.crop(end, start).text == b.crop(end, start).text


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_columns_fill_the_width_and_keep_the_name_readable(width: int) -> None:
    columns = fit_columns(width, 10_000)
    cells = [getattr(columns, name) for name in columns.__slots__ if name != "width"]
    assert 2 + sum(cell + 1 for cell in cells if cell) - 1 == width or columns.name == 1
    if width >= 60:
        assert columns.name >= 20


def test_the_terminal_is_judged_by_locale_and_term() -> None:
    assert can_show_unicode({"TERM": "xterm-256color"}, "UTF-8")
    assert not can_show_unicode({"TERM": "linux"}, "UTF-8")
    assert not can_show_unicode({"TERM": "xterm-256color"}, "ANSI_X3.4-1968")
    for locale_variables, is_utf8 in (
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C"}, False),
        ({"LC_ALL": "de_DE.ISO-8859-1"}, False),
        ({"LANG": "xx_XX.UTF-8"}, True),
        ({"LANG": "de_DE.utf8@euro"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, True),
        ({}, True),
    ):
        assert can_show_unicode(locale_variables | {"TERM": "xterm-256color"}) is is_utf8, locale_variables
    for term in ("linux", "screen", "tmux", "xterm-16color", "alacritty"):
        assert has_few_colours({"TERM": term}), term
    for term in ("xterm-256color", "screen-256color", "xterm-kitty", ""):
        assert not has_few_colours({"TERM": term}), term
    assert has_few_colours({"TERM": "xterm-256color", "NO_COLOR": "1"})
    assert not has_few_colours({"TERM": "xterm", "COLORTERM": "truecolor"})
