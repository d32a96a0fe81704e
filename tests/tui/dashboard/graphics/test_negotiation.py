"""Which way a terminal is sent pictures, by what it answers."""

import pytest

from tui.dashboard.graphics.encoding import Way
from tui.dashboard.graphics.negotiation import ATTRIBUTES, CELL_SIZE, KITTY, NAME, Negotiation
from tui.terminal.tmux import Around

SIZE = "\x1b[6;20;10t"
VT400, VT400_SIXEL = "\x1b[?64;1;2c", "\x1b[?64;1;2;4;22c"
OK, NOT_OK = "\x1b_Gi=4712;OK\x1b\\", "\x1b_Gi=4712;EINVAL:no\x1b\\"


def name(text: str) -> str:
    return f"\x1bP>|{text}\x1b\\"


@pytest.mark.parametrize(
    ("first", "second", "way"),
    [
        ([name("kitty(0.39.1)"), SIZE, VT400], [OK, VT400], Way.KITTY),
        ([name("ghostty 1.1.3"), VT400], [OK, VT400], Way.KITTY),
        ([name("iTerm2 3.5.10"), SIZE, VT400_SIXEL], [VT400_SIXEL], Way.ITERM2),
        ([name("WezTerm 20240203"), SIZE, VT400_SIXEL], [NOT_OK, VT400_SIXEL], Way.ITERM2),
        ([name("foot(1.20.2)"), SIZE, VT400_SIXEL], [VT400_SIXEL], Way.SIXEL),
        ([name("XTerm(390)"), VT400_SIXEL], [VT400_SIXEL], None),  # of unknown size
        ([SIZE, VT400_SIXEL], [], Way.SIXEL),
        ([name("VTE(7600)"), SIZE, VT400], [VT400], None),
        (["\x1b[?1;2c"], [], None),
        (["\x1b[?4c"], [], None),  # a kind of terminal, no attribute
        ([], [], None),
    ],
)
def test_the_way_is_what_the_terminal_says(first: list[str], second: list[str], way: Way | None) -> None:
    negotiation = Negotiation()
    assert negotiation.ask(1.0) == NAME + CELL_SIZE + ATTRIBUTES
    assert negotiation.ask(1.0) == ""
    asked = [negotiation.hear(answer, 1.1) for answer in first]
    assert [question for question in asked if question] == ([KITTY + ATTRIBUTES] if second else [])
    assert negotiation.way is None or not second
    assert not any(negotiation.hear(answer, 1.2) for answer in second)
    assert negotiation.way is way


def around(*names: str, passes_on: bool = True, sixels: bool = False) -> Around:
    return Around(passes_on, names, sixels, (9, 21))


@pytest.mark.parametrize(
    ("attributes", "knows", "way"),
    [
        ("\x1b[?1;2c", around("kitty(0.39.1)"), Way.PLACEHOLDERS),
        ("\x1b[?1;2;4c", around("ghostty 1.1.3", "kitty(0.39.1)", sixels=True), Way.PLACEHOLDERS),
        ("\x1b[?1;2c", around("kitty(0.39.1)", passes_on=False), None),
        ("\x1b[?1;2c", around("kitty(0.39.1)", "XTerm(390)"), None),  # one of two would show strange characters
        ("\x1b[?1;2c", around("WezTerm 20240203"), None),
        ("\x1b[?1;2;4c", around("foot(1.20.2)", sixels=True), Way.SIXEL),
        ("\x1b[?1;2;4c", around("VTE(7600)"), None),  # tmux would write SIXEL IMAGE there
        ("\x1b[?1;2;4c", None, None),
    ],
)
def test_in_tmux_it_is_what_tmux_knows_of_all_terminals_around(
    attributes: str, knows: Around | None, way: Way | None
) -> None:
    negotiation = Negotiation()
    negotiation.ask(1.0)
    assert not any(negotiation.hear(answer, 1.1) for answer in (name("tmux 3.4"), SIZE, attributes)), "not a question"
    assert negotiation.asks_tmux
    assert negotiation.way is None
    negotiation.hear_tmux(knows)
    assert negotiation.way is way
    assert not negotiation.asks_tmux
    assert negotiation.cell == ((9, 21) if way is Way.PLACEHOLDERS else (10, 20))


def test_a_slow_line_keeps_its_cells() -> None:
    negotiation = Negotiation()
    negotiation.ask(1.0)
    assert [negotiation.hear(answer, 1.6) for answer in (name("kitty(0.39.1)"), SIZE, VT400_SIXEL)] == ["", "", ""]
    assert negotiation.way is None
    assert negotiation.ask(9.0), "next time it may be a faster one"
    assert [negotiation.hear(answer, 9.1) for answer in (SIZE, VT400_SIXEL)] == ["", ""]
    assert negotiation.way is Way.SIXEL


def test_what_nobody_has_asked_for_says_nothing() -> None:
    negotiation = Negotiation()
    assert negotiation.hear(VT400_SIXEL, 1.0) == ""
    assert negotiation.ask(1.0)
