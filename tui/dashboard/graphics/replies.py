"""What a terminal answers, taken out of what is typed.

Textual 8.2 knows a few answers, and gives all others out as keys that were pressed: "4" and "c", which do things.
"""

import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_REPLY = re.compile(
    r"\x1b\[\?[\d;]*c|\x1b\[6;\d{1,3};\d{1,3}t|\x1bP>\|[^\x1b]{0,200}\x1b\\|\x1b_G[^\x1b]{0,200}\x1b\\",
)
_BEGUN = re.compile(
    r"\x1b(?:\[(?:\?[\d;]{0,40}|6(?:;[\d;]{0,7})?)|P(?:>(?:\|[^\x1b]{0,200}\x1b?)?)?|_(?:G[^\x1b]{0,200}\x1b?)?)\Z"
)
_HELD_TICKS = 5
"""What has begun like an answer and does not go on was typed. A tick is a tenth of a second."""


class TerminalReplied(Message):
    """The terminal has answered a question."""

    def __init__(self, answer: str) -> None:
        """As it came."""
        super().__init__()
        self.answer = answer


class ReplyParser(XTermParser):
    """Textual's own, without the answers."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._held = ""
        self._ticks = 0

    def feed(self, data: str) -> Iterable[Message]:
        """Messages for what has come."""
        if not data:  # the end
            yield from super().feed(data)
            return
        data, self._held, self._ticks = self._held + data, "", 0
        at = 0
        for match in _REPLY.finditer(data):
            if at < match.start():
                yield from super().feed(data[at : match.start()])
            yield TerminalReplied(match[0])
            at = match.end()
        rest = data[at:]
        if begun := _BEGUN.search(rest):
            rest, self._held = rest[: begun.start()], begun[0]
        if rest:
            yield from super().feed(rest)

    def tick(self) -> Iterable[Message]:
        """Messages for what nothing more has come of."""
        self._ticks += 1
        if self._held and self._ticks > _HELD_TICKS:
            held, self._held = self._held, ""
            yield from super().feed(held)
        yield from super().tick()


def take_replies() -> None:
    """Have the terminal's answers told as messages to the app; call it before an app runs."""
    if getattr(linux_driver, "XTermParser", None) is XTermParser:
        linux_driver.XTermParser = ReplyParser  # type: ignore[attr-defined]
