"""What the terminal can show."""

from tui.terminal.terminal import can_show_unicode, draws_sextants, has_few_colours


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


def test_sextants_are_for_terminals_that_draw_them_themselves() -> None:
    for environ in (
        {"TERM": "xterm-kitty"},
        {"TERM": "foot"},
        {"TERM_PROGRAM": "WezTerm"},
        {"VTE_VERSION": "7600"},
        {"WT_SESSION": "x"},
    ):
        assert draws_sextants(environ), environ
    for environ in ({}, {"TERM": "xterm-256color"}, {"VTE_VERSION": "5202"}, {"VTE_VERSION": "new"}):
        assert not draws_sextants(environ), environ
