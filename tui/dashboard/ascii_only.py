"""AsciiOnly: sends nothing but ASCII to a terminal that can show nothing else."""

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_LIKE = {
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("│┃║▌▍▎▏▐▕", "|"),
    **dict.fromkeys("─━═▔–—", "-"),
    # The ends of a scrollbar, which are part of a cell; its middle is a coloured blank.
    **dict.fromkeys("▂▃▄▅▆▇█", " "),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    "▁": "_",
    "…": ".",
    "🔎": "> ",
}


class AsciiOnly(LineFilter):
    """The dashboard's own symbols are ASCII already; this is for names, and for what Textual draws."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same cells, in ASCII."""
        return [
            segment if segment.control or segment.text.isascii() else Segment(_in_ascii(segment.text), segment.style)
            for segment in segments
        ]


@lru_cache(1000)
def _in_ascii(text: str) -> str:
    return "".join(char if char.isascii() else _LIKE.get(char) or "?" * cell_len(char) for char in text)
