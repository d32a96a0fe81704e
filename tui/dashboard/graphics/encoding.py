"""A picture as what a terminal is sent to show it: kitty's protocol, iTerm2's, or sixel.

All is done by whole lines of pixels at once (`translate`, additions of great numbers), since this runs without NumPy or
Pillow, which only conversion processes load.
"""

import base64
import os
import re
import struct
import zlib
from enum import StrEnum

from engine.job.snapshot import Picture
from tui.dashboard.graphics.placeholders import placeholder_lines
from tui.terminal.tmux import passed_on

KITTY_ID = 16 + os.getpid() % 240
"""Of the one picture there is at a time; a number of a colour, and another one in another pane of the same terminal."""
_CHUNK = 4096
"""Base64 digits that kitty takes at once."""
_REGISTERS = 256
"""Colours that terminals with sixels have at least."""
_LEVELS = 6
"""Of red, green and blue in a picture of more colours than that."""
_STEP = bytes(round(level * (_LEVELS - 1) / 255) for level in range(256))
_RED, _GREEN, _BLUE = (bytes(step * _LEVELS**power for step in _STEP) for power in (2, 1, 0))
_BAND = 6
"""Lines of a row of sixels."""
_NOTHING = 63
"""The character of six pixels that are not painted."""
_BITS = [
    [bytes(colour) + bytes([1 << line]) + bytes(255 - colour) for line in range(_BAND)] for colour in range(_REGISTERS)
]
"""What tells the pixels of a colour in one of the lines."""
_RUN = re.compile(rb"(.)\1{3,}")


class Way(StrEnum):
    """How a terminal is sent pictures."""

    KITTY = "kitty"
    PLACEHOLDERS = "placeholders"
    """kitty's protocol, through tmux."""
    ITERM2 = "iterm2"
    SIXEL = "sixel"


def encoded(way: Way, picture: Picture, columns: int, rows: int) -> str:
    """What shows a picture in so many cells from the cursor on; sixels are as large as their pixels."""
    match way:
        case Way.KITTY:
            return "".join(_for_kitty(png(picture), columns, rows, "p=1,C=1"))
        case Way.PLACEHOLDERS:
            return "".join(map(passed_on, _for_kitty(png(picture), columns, rows, "U=1")))
        case Way.ITERM2:
            data = png(picture)
            size = f"size={len(data)};width={columns};height={rows}"
            how = f"inline=1;{size};preserveAspectRatio=0;doNotMoveCursor=1"
            return f"\x1b]1337;File={how}:{base64.b64encode(data).decode()}\x07"
        case Way.SIXEL:
            return sixels(picture)


def over_cells(way: Way, columns: int, rows: int) -> list[str]:
    """What is to be written into the cells, line by line, for the picture to be seen there; empty if nothing is."""
    return placeholder_lines(KITTY_ID, columns, rows) if way is Way.PLACEHOLDERS else []


def removal(way: Way) -> str:
    """What takes the picture away; those of others go as soon as text is written over them."""
    order = f"\x1b_Ga=d,d=I,i={KITTY_ID},q=2\x1b\\"
    return {Way.KITTY: order, Way.PLACEHOLDERS: passed_on(order)}.get(way, "")


def png(picture: Picture) -> bytes:
    """As a PNG file, without colours if there are none."""
    rgb, width = picture.rgb, picture.width
    red = rgb[0::3]
    is_grey = red == rgb[1::3] == rgb[2::3]
    pixels, stride, kind = (red, width, 0) if is_grey else (rgb, 3 * width, 2)
    lines = b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, picture.height, 8, kind, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(lines, 4)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


def _for_kitty(data: bytes, columns: int, rows: int, placed: str) -> list[str]:
    digits = base64.b64encode(data).decode()
    chunks = [digits[at : at + _CHUNK] for at in range(0, len(digits), _CHUNK)]
    how = f"a=T,f=100,q=2,i={KITTY_ID},c={columns},r={rows},{placed},"
    last = len(chunks) - 1
    return [f"\x1b_G{how if nth == 0 else ''}m={int(nth < last)};{chunk}\x1b\\" for nth, chunk in enumerate(chunks)]


def sixels(picture: Picture) -> str:
    """As sixels: in its own colours, but for what no eye sees, if they are few enough, as on most pages of print."""
    width, height = picture.width, picture.height
    colours, palette = next(filter(None, (_own_colours(picture, bits) for bits in (5, 4, 3))), None) or _cube(picture)
    bands = [
        _band([colours[at : at + width] for at in range(top, min(top + width * _BAND, len(colours)), width)])
        for top in range(0, len(colours), width * _BAND)
    ]
    return f'\x1bP0;1;0q"1;1;{width};{height}{palette}{"-".join(bands)}\x1b\\'


def _own_colours(picture: Picture, bits: int) -> tuple[bytes, str] | None:
    """A number for each pixel, and what colours they are, told apart by so many bits; None if there are too many."""
    most = (1 << bits) - 1
    levels = bytes(round(value * most / 255) for value in range(256))
    red, green, blue = (picture.rgb[at::3].translate(levels) for at in range(3))
    # Fifteen bits a pixel, five for each of the three, as a string of UTF-16, which is numbered anew in one go.
    upper = _sum(red.translate(_TIMES_4), green.translate(_OVER_8))
    lower = _sum(green.translate(_LAST_3), blue)
    codes = bytearray(2 * len(red))
    codes[0::2], codes[1::2] = lower, upper
    pixels = codes.decode("utf-16-le")
    found = sorted(set(pixels))
    if len(found) > _REGISTERS:
        return None
    palette = "".join(
        f"#{number};2;{';'.join(str(round((ord(code) >> shift & 31) * 100 / most)) for shift in (10, 5, 0))}"
        for number, code in enumerate(found)
    )
    return pixels.translate({ord(code): number for number, code in enumerate(found)}).encode("latin-1"), palette


_TIMES_4 = bytes(level << 2 for level in range(32)) + bytes(224)
_OVER_8 = bytes(level >> 3 for level in range(32)) + bytes(224)
_LAST_3 = bytes((level & 7) << 5 for level in range(32)) + bytes(224)


def _sum(one: bytes, other: bytes) -> bytes:
    """Byte by byte; no sum may be greater than 255."""
    return (int.from_bytes(one, "big") + int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _cube(picture: Picture) -> tuple[bytes, str]:
    """The same in 216 colours that are the same for all pictures."""
    red, green, blue = (picture.rgb[at::3].translate(steps) for at, steps in enumerate((_RED, _GREEN, _BLUE)))
    colours = _sum(_sum(red, green), blue)
    return colours, "".join(f"#{colour};2;{_percents(colour)}" for colour in sorted(set(colours)))


def _percents(colour: int) -> str:
    steps = colour // _LEVELS**2, colour // _LEVELS % _LEVELS, colour % _LEVELS
    return ";".join(str(round(step * 100 / (_LEVELS - 1))) for step in steps)


def _band(lines: list[bytes]) -> str:
    """Up to six lines of pixels: for each of their colours, which pixels have it."""
    width = len(lines[0])
    nothing = int.from_bytes(bytes([_NOTHING]) * width, "big")
    passes = []
    for colour in sorted(set(b"".join(lines))):
        bits = sum(int.from_bytes(line.translate(_BITS[colour][nth]), "big") for nth, line in enumerate(lines))
        row = (nothing + bits).to_bytes(width, "big").rstrip(bytes([_NOTHING]))
        passes.append(f"#{colour}{_RUN.sub(_as_run, row).decode('ascii')}")
    return "$".join(passes)


def _as_run(match: re.Match[bytes]) -> bytes:
    return b"!%d%b" % (len(match[0]), match[1])
