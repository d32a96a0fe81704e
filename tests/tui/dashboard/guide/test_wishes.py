"""Keys found by what somebody wants, in words that are not ours."""

import pytest
from textual.binding import Binding

from tui.dashboard.app import Dashboard
from tui.dashboard.guide.wishes import _WISHES, HelpLine, granted
from tui.dashboard.keymap import _bindings, _chains
from tui.dashboard.keys import key_name
from tui.dashboard.screens.job_screen import JobScreen
from tui.dashboard.screens.main import MainScreen
from tui.dashboard.widgets.queue_list import QueueList

LINES: list[HelpLine] = [
    (key_name(binding.key), binding.description, binding.id or "")
    for node in (QueueList, MainScreen, JobScreen, Dashboard)
    for binding in Binding.make_bindings(vars(node)["BINDINGS"])
]


@pytest.mark.parametrize(
    ("wish", "ids"),
    [
        ("faster", {"workers.more", "job.raise"}),
        ("again", {"job.retry", "job.retry_all"}),
        ("where", {"job.copy"}),
        ("where is my result", {"job.copy"}),
        ("make it faster!", {"workers.more", "job.raise"}),
        ("why did it fail", {"job.log"}),
        ("stop", {"job.cancel", "app.pause"}),
        ("undo", {"job.undo"}),
        ("oops", {"job.undo"}),
        ("pasword", {"job.unlock"}),
        ("spreadsheet", {"view.export"}),
        ("urgent", {"job.raise", "job.move_top"}),
        ("look at the original page", {"job.peek"}),
        ("x", {"job.cancel"}),
    ],
)
def test_a_wish_finds_its_keys_first(wish: str, ids: set[str]) -> None:
    found = [binding_id for _, _, binding_id in granted(LINES, wish)]
    assert ids <= set(found[: len(ids) + 3])


def test_what_nobody_has_a_key_for_finds_nothing() -> None:
    assert granted(LINES, "qzxv") == []
    assert granted(LINES, "  ") == LINES


def test_every_word_is_for_a_binding_that_exists() -> None:
    known = {binding.id for chain in _chains(Dashboard) for binding in _bindings(chain)}
    assert set(_WISHES) - known == set()
