"""Negotiation: what is asked of a terminal to find out whether it shows pictures, and what its answers mean.

A terminal that answers nothing is waited for by nobody: all goes on in cells. What no terminal but those with kitty's
protocol takes as it should (macOS' own prints it) is asked only of one that has told its name (XTVERSION), as all of
those do. Each round of questions ends with one that every terminal answers (DA1), so that the end of a round is known.

tmux answers by itself, whatever is around it, and takes kitty's question for a title. It is asked by its own command
(`tui.terminal.tmux`), and nothing is sent through it that not every terminal around it shows.
"""

import re

from tui.dashboard.graphics.encoding import Way
from tui.terminal.tmux import Around

NAME, CELL_SIZE, ATTRIBUTES = "\x1b[>0q", "\x1b[16t", "\x1b[c"
KITTY = "\x1b_Gi=4712,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
SLOW_S = 0.5
"""An answer that comes behind a picture of cells and takes longer tells of a line that real pictures would block."""
_SIXEL = "4"
"""Among the attributes."""
_TAKES_ITERM2 = ("iTerm2", "WezTerm")
_TAKES_PLACEHOLDERS = ("kitty", "ghostty")
_TMUX = "tmux"


class Negotiation:
    """With one terminal; it is asked once, or again where the line was slow."""

    def __init__(self) -> None:
        self.way: Way | None = None
        """How to send pictures, None while that is not known, or if there is none."""
        self.cell: tuple[int, int] | None = None
        """A cell's width and height in pixels, if known."""
        self.asks_tmux = False
        """It is tmux that answers, which is to be asked what is around it."""
        self._name = ""
        self._has_sixels = False
        self._has_kitty = False
        self._asked_at: float | None = None
        self._round = 0

    def ask(self, now: float) -> str:
        """The first questions, to be sent right behind a picture of cells; empty if they need not be asked."""
        if self._asked_at is not None:
            return ""
        self._asked_at = now
        return NAME + CELL_SIZE + ATTRIBUTES

    def hear(self, answer: str, now: float) -> str:
        """Take an answer; what to ask then, if anything. `way` is known after the last."""
        if self._asked_at is None:
            return ""
        if match := re.fullmatch(r"\x1bP>\|(.*)\x1b\\", answer, re.DOTALL):
            self._name = match[1]
        elif match := re.fullmatch(r"\x1b\[6;(\d{1,3});(\d{1,3})t", answer):
            height, width = int(match[1]), int(match[2])
            self.cell = (width, height) if width and height else None
        elif answer.startswith("\x1b_G"):
            self._has_kitty = answer.endswith(";OK\x1b\\")
        elif match := re.fullmatch(r"\x1b\[\?([\d;]*)c", answer):
            return self._end_round(match[1].split(";"), now)
        return ""

    def hear_tmux(self, around: Around | None) -> None:
        """Take what tmux knows; None if it cannot be asked."""
        self.asks_tmux = False
        if around is None:
            return
        if around.passes_on and all(name.startswith(_TAKES_PLACEHOLDERS) for name in around.terminals):
            self.way = Way.PLACEHOLDERS
            self.cell = around.cell or self.cell
        elif self._has_sixels and around.all_have_sixels:
            self.way = Way.SIXEL

    def _end_round(self, attributes: list[str], now: float) -> str:
        self._round += 1
        if self._round == 1:
            if now - (self._asked_at or now) > SLOW_S:
                self._asked_at, self._round, self._name = None, 0, ""
                return ""
            self._has_sixels = _SIXEL in attributes[1:] and self.cell is not None
            if self._name.startswith(_TMUX):
                self.asks_tmux = True
                return ""
            if self._name:
                return KITTY + ATTRIBUTES
            self._round = 2
        if self._round == 2:
            if self._has_kitty:
                self.way = Way.KITTY
            elif self._name.startswith(_TAKES_ITERM2):
                self.way = Way.ITERM2
            elif self._has_sixels:
                self.way = Way.SIXEL
        return ""
