"""A page's pixels as lines of cells: two pixels a cell in colour, a ramp of characters where there is none."""

from functools import lru_cache

from rich.color import Color
from rich.style import Style

from engine.job.snapshot import Picture
from tui.dashboard.widgets.lines import Part

_LEVELS = bytes((level & 0xF8) | (level >> 5) for level in range(256))
"""To 32 levels a channel: no eye sees it at this size, and longer runs of one colour save half the bytes."""
_PAPER = b"\xff\xff\xff"


def half_blocks(picture: Picture) -> list[list[Part]]:
    """A line for every two rows of pixels, as upper half blocks: the text's colour above, the background's below."""
    stride = picture.width * 3
    rgb = picture.rgb.translate(_LEVELS)
    if picture.height % 2:
        rgb += _PAPER * picture.width
    lines = []
    for start in range(0, len(rgb), 2 * stride):
        upper, lower = rgb[start : start + stride], rgb[start + stride : start + 2 * stride]
        line: list[Part] = []
        run, count = (b"", b""), 0
        for x in range(0, stride, 3):
            cell = upper[x : x + 3], lower[x : x + 3]
            if cell == run:
                count += 1
                continue
            if count:
                line.append(_cells(run, count))
            run, count = cell, 1
        line.append(_cells(run, count))
        lines.append(line)
    return lines


def ramp(picture: Picture, characters: str, style: Style) -> list[list[Part]]:
    """The same size without colours: the more ink, the denser the character, so that paper is the background."""
    width, pixels = picture.width, picture.rgb
    grey = [(r * 299 + g * 587 + b * 114) // 1000 for r, g, b in zip(*(pixels[c::3] for c in range(3)), strict=True)]
    grey += [255] * (width * (picture.height % 2))
    # Small print is pale at this size: the root lifts it off the paper.
    most = len(characters) - 1
    inks = [characters[min(round(((510 - level) / 510) ** 0.6 * most), most)] for level in range(511)]
    return [
        [("".join(inks[grey[start + x] + grey[start + width + x]] for x in range(width)), style)]
        for start in range(0, len(grey), 2 * width)
    ]


def _cells(colours: tuple[bytes, bytes], count: int) -> Part:
    upper, lower = colours
    return (" " if upper == lower else "▀") * count, _style(upper, lower)


@lru_cache(maxsize=1 << 14)
def _style(upper: bytes, lower: bytes) -> Style:
    background = Color.from_rgb(*lower)
    return Style(bgcolor=background) if upper == lower else Style(color=Color.from_rgb(*upper), bgcolor=background)
