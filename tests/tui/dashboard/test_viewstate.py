"""How the list was looked at, from one start to the next."""

from pathlib import Path

import pytest

from tui.dashboard.joblist import JobList, Sort, View
from tui.dashboard.viewstate import ViewState, load_view_state, save_view_state


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    state = ViewState(View.FAILED.name, Sort.NAME, is_reversed=True, theme="nord")
    save_view_state(tmp_path / "view.json", state)
    assert load_view_state(tmp_path / "view.json") == state
    assert [file.name for file in tmp_path.iterdir()] == ["view.json"]
    jobs = JobList()
    state.apply(jobs)
    assert (jobs.view, jobs.sort, jobs.is_reversed) == (View.FAILED, Sort.NAME, True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"view": "ALL"}', "null", "\xff"])
def test_a_file_that_means_nothing_gives_the_defaults(tmp_path: Path, text: str) -> None:
    (tmp_path / "view.json").write_bytes(text.encode("latin-1"))
    assert load_view_state(tmp_path / "view.json") == ViewState()


def test_names_that_mean_nothing_any_more_are_passed_over() -> None:
    jobs = JobList()
    ViewState("GONE", "colour", is_reversed=True).apply(jobs)
    assert (jobs.view, jobs.sort, jobs.is_reversed) == (View.ALL, Sort.QUEUE, True)


def test_a_folder_that_is_not_there_costs_nothing_but_the_state(tmp_path: Path) -> None:
    save_view_state(tmp_path / "gone" / "view.json", ViewState())
    assert load_view_state(tmp_path / "gone" / "view.json") == ViewState()
