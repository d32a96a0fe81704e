"""Where the blocks of a page are in its Markdown: found by their words, in the order of both."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.job.options import ConvertOptions
from engine.job.snapshot import PageBlock

_KEY = 24
"""So many letters and figures at a block's beginning, and at its end, tell where it is."""
_AHEAD = 4000
"""So far ahead of the block before is looked for the next; what is short may look like anything, and is not."""
_SHORT, _AHEAD_SHORT = 4, 30
_NO_WORDS = re.compile(r"(?<=\])\([^()\n]*\)|</?[a-z]{1,6}[^<>\n]*>")
"""Where links lead, and tags."""


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block, and the lines of the Markdown that were made of it."""

    block: PageBlock
    first: int = 0
    """Its first line, from 0."""
    end: int = 0
    """Before this line; the same as `first` where nothing of it is in the Markdown."""

    @property
    def is_left_out(self) -> bool:
        """Whether the Markdown has nothing of it."""
        return self.first == self.end


def placed(markdown: str, blocks: Sequence[PageBlock], left_out: Collection[str] = ()) -> list[PlacedBlock]:
    """The blocks with their lines; kinds that are `left_out` of the Markdown have none."""
    letters, lines_of = _letters(_NO_WORDS.sub("", markdown))
    lines = markdown.split("\n")
    found, at, line = [], 0, 0
    for block in blocks:
        if block.kind in left_out:
            found.append(PlacedBlock(block))
            continue
        if block.image:
            place = _line_with(lines, block.image, line)
            found.append(PlacedBlock(block, *(() if place is None else (place, place + 1))))
            line = line if place is None else place
            continue
        words = _letters(block.text)[0]
        ahead = _AHEAD if len(words) > _SHORT else _AHEAD_SHORT
        start = letters.find(words[:_KEY], at, at + len(words) + ahead) if words else -1
        if start < 0:
            found.append(PlacedBlock(block))
            continue
        # Other words may come in between, such as those of a formula, so the end is looked for and not counted.
        last = letters.find(words[-_KEY:], max(start, start + len(words) - _KEY), start + 2 * len(words) + _AHEAD)
        end = last + len(words[-_KEY:]) if last >= 0 else start + len(words)
        end = min(end, len(letters))
        line = lines_of[end - 1]
        found.append(PlacedBlock(block, lines_of[start], line + 1))
        at = end
    return found


def left_out(options: ConvertOptions) -> list[str]:
    """The kinds of blocks that the Markdown is made without."""
    kept = {"page-header": options.page_header, "page-footer": options.page_footer}
    return [kind for kind, is_kept in kept.items() if not is_kept]


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and figures alone, and the line that each is in: marks and blanks are not the same in both."""
    kept, lines, line = [], [], 0
    for character in text.casefold():
        if character == "\n":
            line += 1
        elif character.isalnum():
            kept.append(character)
            lines.append(line)
    return "".join(kept), lines


def _line_with(lines: Sequence[str], image: str, first: int) -> int | None:
    """The line that shows a picture, by its file's name."""
    name = image.rpartition("/")[2]
    return next((number for number in range(first, len(lines)) if name in lines[number]), None)
