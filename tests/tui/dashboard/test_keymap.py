"""A person's own keys: what is taken, and what is told."""

from tui.dashboard.app import Dashboard
from tui.dashboard.keymap import build_keymap


def test_own_keys_are_taken_and_named() -> None:
    keymap = build_keymap({"job.retry": "ctrl+r, f5"}, Dashboard)
    assert keymap.bindings == {"job.retry": "ctrl+r,f5"}
    assert keymap.keys("job.retry") == "ctrl+r"
    assert keymap.keys("job.open") == "enter"
    assert keymap.problems == ()


def test_a_binding_that_is_not_there_is_told_with_the_one_that_may_be_meant() -> None:
    keymap = build_keymap({"job.retyr": "r", "zz": "q", "job.retry": " , "}, Dashboard)
    assert keymap.bindings == {}
    assert keymap.problems == (
        "There is no binding “job.retyr”. Did you mean job.retry?",
        "There is no binding “zz”.",
        "“job.retry” names no key.",
    )


def test_a_key_that_means_two_things_in_one_place_is_told() -> None:
    taken = build_keymap({}, Dashboard).keys("view.sort")
    keymap = build_keymap({"job.retry": taken}, Dashboard)
    assert keymap.problems == (f"{taken} means job.retry and view.sort.",)
    assert build_keymap({"job.retry": taken, "view.sort": "f6"}, Dashboard).problems == ()


def test_the_defaults_do_not_clash() -> None:
    assert build_keymap({}, Dashboard).problems == ()
