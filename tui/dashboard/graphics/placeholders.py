"""Placeholders: characters in whose place kitty and those like it show the parts of a picture.

They are text to whatever is in between, which so moves, covers and redraws the picture without knowing of it
(https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders).
"""

from functools import cache

_PLACEHOLDER = "\U0010eeee"
# Marks of combining class 230 in Unicode 6.0 that are part of no composed character: the first stands for 0, and so on.
_MARKS = (
    "305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 5ab-5ac"
    " 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745"
    " 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17"
    " 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1"
    " 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8e9"
)
MOST = 260
"""Rows or columns that can be told."""


def placeholder_lines(picture: int, columns: int, rows: int) -> list[str]:
    """Each row of a picture's cells, in the colour whose number, from 16 to 255, is the picture's."""
    marks = _marks()
    colour = f"\x1b[38;5;{picture}m"
    return [
        colour + "".join(f"{_PLACEHOLDER}{marks[row]}{marks[column]}" for column in range(columns))
        for row in range(rows)
    ]


@cache
def _marks() -> list[str]:
    marks: list[str] = []
    for part in _MARKS.split():
        first, _, last = part.partition("-")
        marks += [chr(code) for code in range(int(first, 16), int(last or first, 16) + 1)]
    return marks
