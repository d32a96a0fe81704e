"""What a formula is put together from: glyphs first, then what they have become part of, each with place and LaTeX."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.convert.page.blocks import Box, around

AXIS = 0.25
"""So high above the baseline, as a share of the size, is the middle of operators, bars and large brackets."""


class Unreadable(Exception):
    """A formula has something in it that cannot be made out."""


class Role(StrEnum):
    """What a piece is in its formula."""

    ORDINARY = "ordinary"
    NUMBER = "number"
    WORD = "word"
    """Letters that are set upright, as names of functions are."""
    OPERATOR = "operator"
    """A large one, which takes limits."""
    RELATION = "relation"
    BINARY = "binary"
    OPENING = "opening"
    CLOSING = "closing"
    BAR = "bar"
    """Either of the two."""
    COMMA = "comma"
    ACCENT = "accent"
    PRIME = "prime"
    NEGATION = "negation"
    RADICAL = "radical"
    PART = "part"
    """Of a large sign that is put together."""
    BUILT = "built"
    """Of several pieces: a fraction, a root, a matrix."""


_LARGE = frozenset({Role.OPERATOR, Role.OPENING, Role.CLOSING, Role.BAR, Role.RADICAL, Role.PART})


@dataclass(eq=False, slots=True)
class Piece:
    """A glyph, or what some have been put together to."""

    latex: str
    box: Box
    """Around its ink."""
    baseline: float
    size: float
    """Of its font, in points; of what is built, that of its largest piece."""
    role: Role
    start: float
    """Where its place on the line begins, which is not where its ink does."""
    end: float
    char: str = ""
    is_math: bool = False
    """In a font for mathematics."""
    is_bold: bool = False
    is_italic: bool = False
    axis: float | None = None
    """The height of its middle, where it has one that says more than its baseline."""
    members: list[int] = field(default_factory=list)
    """The numbers of its glyphs."""
    has_blank: bool = False
    """A blank between words stands after it."""

    @property
    def middle(self) -> tuple[float, float]:
        """Of its ink."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        """Of its ink."""
        return self.box[3] - self.box[1]

    @property
    def width(self) -> float:
        """Of its ink."""
        return self.box[2] - self.box[0]


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line that is drawn."""

    start: float
    end: float
    y: float

    @property
    def length(self) -> float:
        """In points."""
        return self.end - self.start


def built(latex: str, pieces: Sequence[Piece], *, axis: float | None = None, role: Role = Role.BUILT) -> Piece:
    """A piece of several; its baseline is that of its largest, or lies below its axis."""
    box = around(piece.box for piece in pieces)
    largest = max(pieces, key=lambda piece: piece.size)
    size = largest.size
    baseline = largest.baseline if axis is None else axis + AXIS * size
    last = max(pieces, key=lambda piece: piece.end)
    return Piece(
        latex,
        box,
        baseline,
        size,
        role,
        min(piece.start for piece in pieces),
        last.end,
        axis=axis,
        is_math=True,
        members=[number for piece in pieces for number in piece.members],
        has_blank=last.has_blank,
    )


def without(pieces: Iterable[Piece], others: Iterable[Piece]) -> list[Piece]:
    """The pieces that are not among others."""
    left_out = set(map(id, others))
    return [piece for piece in pieces if id(piece) not in left_out]


def main_size(pieces: Iterable[Piece]) -> float:
    """The size of those of a formula that are no scripts; large signs may be in another font, of another size."""
    sizes = [(piece.size, piece.role in _LARGE) for piece in pieces]
    return max(
        (size for size, is_large in sizes if not is_large), default=max((size for size, _ in sizes), default=0.0)
    )


def overlap(start: float, end: float, other_start: float, other_end: float) -> float:
    """How much two stretches share; below 0, how far they are apart."""
    return min(end, other_end) - max(start, other_start)
