"""What has changed between two texts, as rows to read: lines that went, lines that came, and words among them."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from tui.dashboard.reader.tones import Piece, Tone
from tui.dashboard.reader.typesetting import Row, cut_pieces
from tui.text.formatting import breaks

_AROUND = 2
"""Lines without a change that are shown before and behind one."""
_MOST_WORDS = 3000
"""In longer lines it is not looked for the words that differ: that would take seconds."""
_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)


def change_rows(old: str, new: str, width: int) -> tuple[list[Row], list[int]]:
    """The rows, and where each change begins among them; none if the texts are the same."""
    before, after = old.split("\n"), new.split("\n")
    rows: list[Row] = []
    starts: list[int] = []
    for group in _groups(before, after):
        if rows:
            rows.append((("─" * width, Tone.QUIET),))
        for kind, a, a_end, b, b_end in group:
            if kind == "equal":
                for line in before[a:a_end]:
                    rows += _wrapped("  ", [(line, Tone.QUIET)], width)
                continue
            starts.append(len(rows))
            gone, come = before[a:a_end], after[b:b_end]
            pairs = [_words(x, y) for x, y in zip(gone, come, strict=False)]
            for number, line in enumerate(gone):
                pieces = pairs[number][0] if number < len(pairs) else [(line, Tone.REMOVED)]
                rows += _wrapped("- ", pieces, width)
            for number, line in enumerate(come):
                pieces = pairs[number][1] if number < len(pairs) else [(line, Tone.ADDED)]
                rows += _wrapped("+ ", pieces, width)
    return rows, starts


def _groups(before: Sequence[str], after: Sequence[str]) -> Iterator[list[tuple[str, int, int, int, int]]]:
    # What is the same at both ends is most of it, and is found at once.
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    if head == len(before) == len(after):
        return
    head, tail = max(head - _AROUND, 0), max(tail - _AROUND, 0)
    matcher = SequenceMatcher(None, before[head : len(before) - tail], after[head : len(after) - tail], autojunk=True)
    for group in matcher.get_grouped_opcodes(_AROUND):
        yield [(kind, a + head, a_end + head, b + head, b_end + head) for kind, a, a_end, b, b_end in group]


def _words(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Two lines of which one has become the other, what differs made strong."""
    gone, come = _WORD.findall(old), _WORD.findall(new)
    if len(gone) + len(come) > _MOST_WORDS:
        return [(old, Tone.REMOVED)], [(new, Tone.ADDED)]
    lost: list[Piece] = []
    found: list[Piece] = []
    for kind, a, a_end, b, b_end in SequenceMatcher(None, gone, come, autojunk=False).get_opcodes():
        strong = Tone.PLAIN if kind == "equal" else Tone.STRONG
        lost.append(("".join(gone[a:a_end]), Tone.REMOVED | strong))
        found.append(("".join(come[b:b_end]), Tone.ADDED | strong))
    return lost, found


def _wrapped(mark: str, pieces: Sequence[Piece], width: int) -> Iterator[Row]:
    text = "".join(piece for piece, _ in pieces)
    tone = pieces[0][1] if pieces else Tone.PLAIN
    for number, row in enumerate(cut_pieces(pieces, breaks(text, max(width - len(mark), 8)))):
        yield ((mark if not number else " " * len(mark), tone), *row)
