"""Runs of a tagged line that has text from right to left, put into the order of that text by their places.

Programs draw such text glyph by glyph as it stands on the page, so MuPDF gives a run for each, from left to right.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, TypeVar

from engine.convert.page.blocks import Box, around
from engine.convert.tags.structuretext import Run
from engine.convert.text.glyphs.bidi import clusters, has_right_to_left, logical_order

Style = TypeVar("Style")
"""What is said of a run, and only compared."""
_GAP = 0.18
"""Of the font size: what is further apart has a blank between."""
_LINE = 0.6
"""Of the font size: baselines that are closer are those of one line."""


@dataclass(slots=True)
class _Piece(Generic[Style]):
    """A character of a run, or several that belong together."""

    text: str
    box: Box
    run: Run
    style: Style


def in_order(runs: Sequence[tuple[Run, Style]]) -> list[tuple[Run, Style]]:
    """Runs with their styles in the order of their text; those of one font and style that follow each other as one.

    Lines without text from right to left stay as they are.
    """
    ordered: list[tuple[Run, Style]] = []
    for line in _lines(runs):
        if any(has_right_to_left(run.text) for run, _ in line):
            ordered += _joined(_logical(_pieces(line)))
        else:
            ordered += line
    return ordered


def _lines(runs: Iterable[tuple[Run, Style]]) -> Iterator[list[tuple[Run, Style]]]:
    line: list[tuple[Run, Style]] = []
    for run, style in runs:
        if line and abs(run.baseline - line[-1][0].baseline) > _LINE * max(run.size, line[-1][0].size):
            yield line
            line = []
        line.append((run, style))
    if line:
        yield line


def _pieces(line: Iterable[tuple[Run, Style]]) -> list[_Piece[Style]]:
    """The characters of a line with their places, those together that belong together."""
    characters: list[tuple[str, float, float]] = []
    owners: list[tuple[Run, Style]] = []
    for run, style in line:
        left, _, right, _ = run.box
        step = (right - left) / len(run.text)
        places = run.places or [(left + number * step, left + (number + 1) * step) for number in range(len(run.text))]
        if not run.places and has_right_to_left(run.text):
            places = places[::-1]
        characters += [(character, *place) for character, place in zip(run.text, places, strict=True)]
        owners += [(run, style)] * len(run.text)
    found: list[_Piece[Style]] = []
    for cluster in clusters(characters):
        _, left, right = characters[cluster[0]]
        run, style = owners[cluster[0]]
        text = "".join(characters[place][0] for place in cluster)
        found.append(_Piece(text, (left, run.box[1], right, run.box[3]), run, style))
    return found


def _logical(pieces: list[_Piece[Style]]) -> list[_Piece[Style]]:
    pieces.sort(key=lambda piece: piece.box[0] + piece.box[2])
    spaced = pieces[:1]
    for before, after in pairwise(pieces):
        gap = after.box[0] - before.box[2]
        if gap > _GAP * before.run.size and not (before.text.isspace() or after.text.isspace()):
            place = (before.box[2], before.box[1], after.box[0], before.box[3])
            spaced.append(_Piece(" ", place, before.run, before.style))
        spaced.append(after)
    return [replace(spaced[place], text=text) for place, text in logical_order([piece.text for piece in spaced])]


def _joined(pieces: Iterable[_Piece[Style]]) -> list[tuple[Run, Style]]:
    groups: list[list[_Piece[Style]]] = []
    for piece in pieces:
        if groups and _looks(groups[-1][0]) == _looks(piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [
        (
            replace(
                group[0].run, text="".join(piece.text for piece in group), box=around(piece.box for piece in group)
            ),
            group[0].style,
        )
        for group in groups
    ]


def _looks(piece: _Piece[Style]) -> tuple[str, float, Style]:
    return (piece.run.font, piece.run.size, piece.style)
