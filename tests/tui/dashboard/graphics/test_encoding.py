"""What each kind of terminal is sent, to the byte or as another decoder reads it."""

import base64
import io
import random
import re
from unicodedata import combining, decomposition

import pytest
from PIL import Image

from engine.job.snapshot import Picture
from tui.dashboard.graphics.encoding import KITTY_ID, Way, encoded, over_cells, png, removal, sixels
from tui.dashboard.graphics.placeholders import MOST

GREY = Picture(2, 2, bytes([0, 0, 0, 255, 255, 255, 51, 51, 51, 204, 204, 204]))
RED = Picture(1, 1, bytes([255, 0, 0]))


def noise(width: int, height: int) -> Picture:
    return Picture(width, height, random.Random(1).randbytes(width * height * 3))


@pytest.mark.parametrize("picture", [GREY, RED, noise(61, 47)])
def test_a_png_is_the_picture(picture: Picture) -> None:
    with Image.open(io.BytesIO(png(picture))) as image:
        assert image.size == (picture.width, picture.height)
        assert image.convert("RGB").tobytes() == picture.rgb
        assert (image.mode == "L") is (picture is GREY)


def test_kitty_gets_a_png_in_chunks_and_says_nothing_about_it() -> None:
    picture = noise(60, 60)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", encoded(Way.KITTY, picture, 7, 3))
    assert parts[0][0] == f"a=T,f=100,q=2,i={KITTY_ID},c=7,r=3,p=1,C=1,m=1"
    assert [how for how, _ in parts[1:]] == ["m=1"] * (len(parts) - 2) + ["m=0"]
    assert all(len(digits) == 4096 for _, digits in parts[:-1])
    assert base64.b64decode("".join(digits for _, digits in parts)) == png(picture)
    assert removal(Way.KITTY) == f"\x1b_Ga=d,d=I,i={KITTY_ID},q=2\x1b\\"


def test_kitty_gets_the_same_through_tmux_and_finds_its_parts_by_the_text_of_the_cells() -> None:
    wrapped = re.findall(r"\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\", encoded(Way.PLACEHOLDERS, GREY, 3, 2))
    (whole,) = [each.replace("\x1b\x1b", "\x1b") for each in wrapped]
    assert whole == f"\x1b_Ga=T,f=100,q=2,i={KITTY_ID},c=3,r=2,U=1,m=0;{base64.b64encode(png(GREY)).decode()}\x1b\\"
    assert over_cells(Way.PLACEHOLDERS, 3, 2) == [
        f"\x1b[38;5;{KITTY_ID}m" + "".join(f"\U0010eeee{row}{column}" for column in "\u0305\u030d\u030e")
        for row in "\u0305\u030d"
    ]
    assert removal(Way.PLACEHOLDERS) == f"\x1bPtmux;\x1b\x1b_Ga=d,d=I,i={KITTY_ID},q=2\x1b\x1b\\\x1b\\"
    assert over_cells(Way.KITTY, 3, 2) == []
    assert 16 <= KITTY_ID < 256, "a colour of the palette tells it"


def test_places_are_told_by_marks_that_nothing_composes() -> None:
    marks = over_cells(Way.PLACEHOLDERS, MOST, 1)[0].split("\U0010eeee\u0305")[1:]
    assert len(set(marks)) == MOST
    assert marks[63] == "\u0658"
    assert all(combining(mark) == 230 and not decomposition(mark) for mark in marks)


def test_iterm2_gets_a_file_that_fills_the_cells() -> None:
    shown = encoded(Way.ITERM2, RED, 7, 3)
    how = f"inline=1;size={len(png(RED))};width=7;height=3;preserveAspectRatio=0;doNotMoveCursor=1"
    assert shown == f"\x1b]1337;File={how}:{base64.b64encode(png(RED)).decode()}\x07"
    assert removal(Way.ITERM2) == ""


def test_sixels_are_these_bytes() -> None:
    assert sixels(RED) == '\x1bP0;1;0q"1;1;1;1#0;2;100;0;0#0@\x1b\\'
    palette = "#0;2;0;0;0#1;2;19;19;19#2;2;81;81;81#3;2;100;100;100"
    assert sixels(GREY) == f'\x1bP0;1;0q"1;1;2;2{palette}#0@$#1A$#2?A$#3?@\x1b\\'
    assert sixels(Picture(9, 1, bytes(27))) == '\x1bP0;1;0q"1;1;9;1#0;2;0;0;0#0!9@\x1b\\'


def test_a_picture_of_few_colours_keeps_them() -> None:
    tints = bytes([229, 240, 250, 250, 244, 230, 31, 90, 142, 255, 255, 255])
    shown = drawn(sixels(Picture(4, 9, tints * 9)))
    assert max(abs(one - other) for one, other in zip(shown, tints * 9, strict=True)) <= 5


def test_sixels_are_the_picture_in_the_nearest_of_their_colours() -> None:
    picture = noise(37, 20)
    expected = bytes(51 * round(channel / 51) for channel in picture.rgb)
    assert drawn(sixels(picture)) == expected


def drawn(sequence: str) -> bytes:
    """The pixels that sixels paint, as a terminal reads them (VT330 manual, chapter 14)."""
    width, height = (int(number) for number in re.findall(r'"1;1;(\d+);(\d+)', sequence)[0])
    body = sequence[sequence.index("#") : -2]
    palette: dict[int, bytes] = {}
    pixels = bytearray(width * height * 3)
    x, top, colour = 0, 0, 0
    tokens = r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|(\$)|(-)|(.)"
    for number, red, green, blue, chosen, count, repeated, back, down, single in re.findall(tokens, body):
        if number:
            palette[int(number)] = bytes(round(int(part) * 2.55) for part in (red, green, blue))
        elif chosen:
            colour = int(chosen)
        elif back or down:
            x, top = 0, top + 6 * bool(down)
        else:
            bits, times = ord(repeated or single) - 63, int(count or 1)
            for line in range(6):
                if bits >> line & 1:
                    at = ((top + line) * width + x) * 3
                    pixels[at : at + 3 * times] = palette[colour] * times
            x += times
    return bytes(pixels)
