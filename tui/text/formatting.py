"""Numbers, names and little pictures as text of a known width in cells."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.text.glyphs import Glyphs


def cells_of(text: str) -> int:
    """Cells that a text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len  # commands that only ask an engine have no use for it

    return cell_len(text)


def duration(seconds: float | None) -> str:
    """At most six cells: `00:42`, `59:59`, `1h05m`, `3d04h`, `99d+`."""
    if seconds is None or seconds < 0:
        return ""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    if whole < 100 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    days = whole // 86_400
    return f"{days}d{whole % 86_400 // 3600:02}h" if days < 100 else "99d+"


def size(count: float) -> str:
    """At most four cells: `0`, `999K`, `1.1G`, `41G`."""
    for unit in ("", "K", "M", "G", "T", "P"):
        if count < 999.5 or unit == "P":
            break
        count /= 1024
    return f"{count:.1f}{unit}" if unit in ("G", "T", "P") and count < 9.95 else f"{count:.0f}{unit}"


def number(count: int) -> str:
    """With thousands set apart: `10,000`."""
    return f"{count:,}"


def short_number(count: int) -> str:
    """At most four cells below a million: `987`, `1.2k`, `100k`."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


def plural(count: int, noun: str) -> str:
    """`1 job`, `3 jobs`, `10,000 jobs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, cut at the end."""
    if cells_of(text) <= width:
        return text
    if width <= 0:
        return ""
    return _head(text, width - cells_of(ellipsis)) + ellipsis if width >= cells_of(ellipsis) else _head(text, width)


def cut(text: str, width: int) -> str:
    """As much of the beginning of a text as fits, one character at least."""
    return _head(text, width) or text[:1]


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells, cut in the middle: the end of a file name says as much as its beginning."""
    if cells_of(text) <= width:
        return text
    room = width - cells_of(ellipsis)
    if room < 2:
        return clip(text, width, ellipsis)
    tail = _tail(text, room // 2)
    return _head(text, room - cells_of(tail)) + ellipsis + tail


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut at the end or filled with blanks; `right` aligns it there."""
    length = cells_of(text)
    if length > width:
        text = _head(text, width)
        length = cells_of(text)
    blanks = " " * (width - length)
    return blanks + text if right else text + blanks


def bar(fraction: float, width: int, glyphs: "Glyphs") -> tuple[str, str]:
    """The filled and the empty part of a progress bar, together `width` cells, in eighths of a cell."""
    parts = len(glyphs.eighths)
    filled = min(int(max(fraction, 0.0) * width * parts), width * parts)
    whole, part = divmod(filled, parts)
    done = glyphs.eighths[-1] * whole + (glyphs.eighths[part - 1] if part else "")
    return done, glyphs.bar_rest * (width - len(done))


def sparkline(values: Sequence[float], width: int, glyphs: "Glyphs") -> str:
    """The newest values at the right, each cell the mean of those it stands for, scaled to the greatest."""
    if width <= 0:
        return ""
    per_cell = max(1, -(-len(values) // width))
    # Groups are counted from the newest value, so that a value stays in its cell's neighbourhood as the line moves.
    groups = [values[max(0, end - per_cell) : end] for end in range(len(values), 0, -per_cell)][:width]
    means = [sum(group) / len(group) for group in reversed(groups)]
    top = max(means, default=0.0)
    steps = len(glyphs.sparks) - 1
    levels = [0 if mean <= 0 or top <= 0 else max(1, round(mean / top * steps)) for mean in means]
    return glyphs.sparks[0] * (width - len(levels)) + "".join(glyphs.sparks[level] for level in levels)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at blanks where there are any. Blanks at a line's beginning stay."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += [paragraph[start:end] for start, end in breaks(paragraph, width)]
    return lines


def breaks(line: str, width: int) -> list[tuple[int, int]]:
    """Where `wrap` breaks one line: the first character of each piece, and the one after its last."""
    # Nearly all text has one cell a character, and is cut by counting: megabytes of it are to be read.
    width = max(width, 1)
    is_even = line.isascii() or cells_of(line) == len(line)
    return _even_breaks(line, width) if is_even else _uneven_breaks(line, width)


def _even_breaks(line: str, width: int) -> list[tuple[int, int]]:
    found = []
    start, length = 0, len(line)
    while length - start > width:
        blank = line.rfind(" ", start, start + width + 1)
        if blank <= start or line[start:blank].isspace():
            blank = start + width
        found.append((start, blank))
        start = blank + (line[blank] == " ")
    found.append((start, length))
    return found


def _uneven_breaks(line: str, width: int) -> list[tuple[int, int]]:
    found = []
    start, used, blank = 0, 0, -1
    for index, char in enumerate(line):
        cells = cells_of(char)
        if used + cells > width and index > start:
            end = blank if blank > start else index
            found.append((start, end))
            start = end + (line[end] == " ")
            used = cells_of(line[start:index])
            blank = -1
        if char == " ":
            blank = index
        used += cells
    found.append((start, len(line)))
    return found


def _head(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    used = 0
    for index, char in enumerate(text):
        used += cells_of(char)
        if used > width:
            return text[:index]
    return text


def _tail(text: str, width: int) -> str:
    """As much of the end as fits, not beginning with a mark that belongs to a letter cut off."""
    used = 0
    start = len(text)
    while start > 0 and used + cells_of(text[start - 1]) <= width:
        start -= 1
        used += cells_of(text[start])
    while start < len(text) and unicodedata.combining(text[start]):
        start += 1
    return text[start:]
