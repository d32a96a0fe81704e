"""A page's pixels as lines of cells: two, four or six parts a cell in colour, a ramp of characters without."""

from collections.abc import Sequence
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from engine.job.snapshot import Area, Picture
from engine.settings.settings import PictureCells
from tui.dashboard.widgets.lines import Part

_LEVELS = bytes((level & 0xF8) | (level >> 5) for level in range(256))
"""To 32 levels a channel: no eye sees it at this size, and longer runs of one colour save half the bytes."""
_LEVELS_FINE = bytes((level & 0xE0) | (level >> 5 << 2) | (level >> 6) for level in range(256))
"""To 8 levels where a cell has two colours: its shape says more than shades, and print costs 0.6 of the bytes."""
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


_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
_SEXTANTS = "".join(
    {0: " ", 21: "▌", 42: "▐", 63: "█"}.get(bits) or chr(0x1FB00 + bits - 1 - (bits > 21) - (bits > 42))
    for bits in range(64)
)
"""By the parts that are inked: from left to right, then downwards, the first is the lowest bit."""
_LEAST_CONTRAST = 24
"""Of 255; with less the parts of a cell are one."""
_LEAST_SEEN = 48
"""Of 255, between neighbours that have two colours each."""
_Cell = tuple[str, bytes, bytes]
"""The character, the colour of the ink and that of the paper."""
PIXELS_A_CELL = (2, 4)
"""Columns and rows of a picture that is to be made of fine cells: squares, as a cell is twice as high as wide."""


def fine_cells(picture: Picture, kind: PictureCells) -> list[list[Part]]:
    """A line for every four rows of pixels; of each cell the darker parts are ink, the others paper."""
    characters, parts_of = (_SEXTANTS, _in_six) if kind is PictureCells.SEXTANTS else (_QUADRANTS, _in_four)
    width, height = picture.width + picture.width % 2, -(-picture.height // 4) * 4
    rgb = picture.rgb
    if width != picture.width:
        stride = picture.width * 3
        rgb = b"".join(rgb[at : at + stride] + _PAPER for at in range(0, len(rgb), stride))
    rgb += _PAPER * width * (height - picture.height)
    stride = width * 3
    lines = []
    for top in range(0, len(rgb), 4 * stride):
        rows = [rgb[top + row * stride : top + (row + 1) * stride] for row in range(4)]
        line: list[Part] = []
        run, count, last = (" ", _PAPER, _PAPER), 0, (" ", _PAPER, _PAPER)
        for x in range(0, stride, 6):
            pixels = [row[x : x + 6] for row in rows]
            if pixels[0] == pixels[1] == pixels[2] == pixels[3] and pixels[0][:3] == pixels[0][3:]:
                colour = pixels[0][:3].translate(_LEVELS)
                cell = (" ", colour, colour)
            else:
                cell = _fine_cell(parts_of(pixels), characters)
                if cell[1] != cell[2]:
                    last = cell = (cell[0], *last[1:]) if _is_near(cell, last) else cell
            if cell == run:
                count += 1
                continue
            if count:
                line.append((run[0] * count, _style(run[1], run[2])))
            run, count = cell, 1
        line.append((run[0] * count, _style(run[1], run[2])))
        lines.append(line)
    return lines


def _is_near(cell: _Cell, last: _Cell) -> bool:
    """Whether nobody would see it if a cell had the two colours that were sent last, and need not be sent again."""
    return last[1] != last[2] and all(
        -_LEAST_SEEN <= one - other <= _LEAST_SEEN
        for mine, yours in zip(cell[1:], last[1:], strict=True)
        for one, other in zip(mine, yours, strict=True)
    )


def _in_four(pixels: Sequence[bytes]) -> list[tuple[int, ...]]:
    """Four rows of two pixels as two rows of two parts."""
    return [
        tuple((upper[c] + lower[c]) // 2 for c in range(side, side + 3))
        for upper, lower in (pixels[:2], pixels[2:])
        for side in (0, 3)
    ]


def _in_six(pixels: Sequence[bytes]) -> list[tuple[int, ...]]:
    """Four rows of two pixels as three rows of two parts: the middle one is of the second and the third."""
    first, second, third, fourth = pixels
    shares = ((first, second, 3, 1), (second, third, 1, 1), (fourth, third, 3, 1))
    return [
        tuple((one[c] * much + other[c] * less) // (much + less) for c in range(side, side + 3))
        for one, other, much, less in shares
        for side in (0, 3)
    ]


def _fine_cell(parts: Sequence[tuple[int, ...]], characters: str) -> _Cell:
    """A cell of these parts."""
    light = [r * 299 + g * 587 + b * 114 for r, g, b in parts]
    least, most = min(light), max(light)
    if most - least < _LEAST_CONTRAST * 1000:
        colour = _mean(parts, _LEVELS)
        return " ", colour, colour
    edge = (least + most) // 2
    inked = [level <= edge for level in light]
    ink = _mean([part for part, is_ink in zip(parts, inked, strict=True) if is_ink], _LEVELS_FINE)
    paper = _mean([part for part, is_ink in zip(parts, inked, strict=True) if not is_ink], _LEVELS_FINE)
    return characters[sum(is_ink << bit for bit, is_ink in enumerate(inked))], ink, paper


def _mean(parts: Sequence[tuple[int, ...]], levels: bytes) -> bytes:
    count = len(parts)
    return bytes(sum(channel) // count for channel in zip(*parts, strict=True)).translate(levels)


def _cells(colours: tuple[bytes, bytes], count: int) -> Part:
    upper, lower = colours
    return (" " if upper == lower else "▀") * count, _style(upper, lower)


@lru_cache(maxsize=1 << 14)
def _style(upper: bytes, lower: bytes) -> Style:
    background = Color.from_rgb(*lower)
    return Style(bgcolor=background) if upper == lower else Style(color=Color.from_rgb(*upper), bgcolor=background)


_BOX = (0xD0, 0x60, 0x00)
"""What a block is boxed with: told apart from print and paper, on either."""
_TINT = [bytes(level * share // 256 for level in range(256)) for share in (256, 224, 168)]
"""What is in the box, by red, green and blue: paper turns yellow, and print stays print."""


def with_box(picture: Picture, area: Area, box: Area) -> Picture:
    """The picture of a part of a page with a block of the page boxed; both as shares of the page."""
    left, top, right, bottom = area
    width, height = picture.width, picture.height
    x0, x1 = (round((x - left) / (right - left) * width) for x in (box[0], box[2]))
    y0, y1 = (round((y - top) / (bottom - top) * height) for y in (box[1], box[3]))
    x0, x1 = max(min(x0, width - 1), 0), min(max(x1, x0 + 1), width)
    y0, y1 = max(min(y0, height - 1), 0), min(max(y1, y0 + 1), height)
    if x1 <= x0 or y1 <= y0 or box[2] < left or box[0] > right or box[3] < top or box[1] > bottom:
        return picture
    rgb = bytearray(picture.rgb)
    thick = max(1, width // 400)
    line = bytes(_BOX) * (x1 - x0)
    for y in range(y0, y1):
        start, end = 3 * (y * width + x0), 3 * (y * width + x1)
        if y - y0 < thick or y1 - y <= thick:
            rgb[start:end] = line
            continue
        for channel in range(3):
            rgb[start + channel : end : 3] = rgb[start + channel : end : 3].translate(_TINT[channel])
        edge = 3 * min(thick, x1 - x0)
        rgb[start : start + edge] = line[:edge]
        rgb[end - edge : end] = line[:edge]
    return Picture(width, height, bytes(rgb))
