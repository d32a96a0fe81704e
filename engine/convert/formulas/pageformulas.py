"""Finds the formulas of a page, and puts them into its lines as words whose text is LaTeX."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.convert.formulas.displays import Display, displays
from engine.convert.formulas.formulatree import FormulaTree
from engine.convert.formulas.inlineformulas import inline_formulas
from engine.convert.formulas.mathglyphs import MathPage, has_mathematics, is_unknown, math_page
from engine.convert.formulas.mathlines import lines_of
from engine.convert.formulas.mathpieces import Piece, Role, Rule, Unreadable, main_size
from engine.convert.formulas.mathrows import Row, columns_of, is_text
from engine.convert.page.blocks import Box, around
from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Font, Line, Word

_BESIDE, _AROUND = 3.0, 5.0
"""So near to a rule, in sizes, above or below and at its sides, is mathematics that it may be part of."""
_MOST_WORK = 10_000_000
"""Pieces times lines; a page with more, as a map, would take long."""
_BLANK = 0.13
"""So much room, in sizes, is a blank."""
_JUMP = 1.0
"""No blank in a line is so wide, in sizes."""
_NEEDLESS_LIMITS = re.compile(r"(\\(?!o?i*int)[a-z]+)\\limits")
_ALONE = 0.8
"""Of what is in a box belongs to a formula that the box is around."""
_BULLETS = frozenset({"*", r"\bullet", r"\ast", r"\cdot", r"\circ", r"\diamond", r"\star"})
"""What stands one below the other before the items of a list."""
_WRAPS = frozenset({r"\hookrightarrow"})
"""What stands before the rest of a line of code, and begins no formula."""
_THROUGH = 0.6
"""Of the width of a table: no fraction in it is as wide."""
_PROSE = 0.6
"""Of a formula may not be words."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of a page."""

    latex: str
    box: Box
    baseline: float
    size: float
    is_display: bool
    members: tuple[int, ...]
    """The numbers of its glyphs."""
    has_blank: bool
    """A blank stands after it."""


def put_formulas(text: PageText, left_out: Sequence[Box] = (), tables: Sequence[Box] = ()) -> None:
    """Put the formulas of a page into its lines.

    None of what lies in some boxes, as of pictures, and in those of tables none that is set apart, unless a box is
    around nothing else: then a formula was taken for a table.
    """
    if not has_mathematics(text):
        return
    page = math_page(text)
    if len(page.pieces) * (len(page.rules) + 100) > _MOST_WORK:
        return
    formulas = find_formulas(page, text.lines, left_out, tables)
    if formulas:
        text.lines = _with_formulas(text.lines, page, formulas)


def find_formulas(
    page: MathPage, lines: Sequence[Line], left_out: Sequence[Box] = (), tables: Sequence[Box] = ()
) -> list[Formula]:
    """The formulas of a page; see `put_formulas`."""
    pieces = [piece for piece in page.pieces if not _lies_in(piece, left_out)]
    tree = FormulaTree(is_display=False)
    rules = [rule for rule in page.rules if not any(_parts_rows(rule, box) for box in tables)]
    pieces = tree.with_limits(tree.with_bars(pieces, _rules_near(rules, pieces)))
    found: list[Formula] = []
    for column in columns_of(pieces, lines):
        for display in displays(column):
            if any(_is_in_table(display, box, pieces, page.rules) for box in tables):
                column.rows += [_row(line) for line in lines_of(display.pieces)]
            elif _is_formula(display):
                found += _display(display)
        found += _inline_formulas(column.rows)
    return found


def _lies_in(piece: Piece, boxes: Iterable[Box]) -> bool:
    x, y = piece.middle
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)


def _parts_rows(rule: Rule, box: Box) -> bool:
    """Whether a line runs through a table, and so is no bar of a fraction in it."""
    x0, y0, x1, y1 = box
    shared = min(rule.end, x1) - max(rule.start, x0)
    return y0 - 4 < rule.y < y1 + 4 and shared > _THROUGH * (x1 - x0)


def _rules_near(rules: Sequence[Rule], pieces: Sequence[Piece]) -> list[Rule]:
    """The lines that have mathematics, or numbers smaller than text, close to them."""
    usual = main_size(piece for piece in pieces if is_text(piece))
    near = [p for p in pieces if p.is_math or (p.role is Role.NUMBER and p.size < 0.88 * usual)]
    return [
        rule
        for rule in rules
        if any(
            abs(piece.middle[1] - rule.y) < _BESIDE * piece.size
            and piece.start < rule.end + _AROUND * piece.size
            and piece.end > rule.start - _AROUND * piece.size
            for piece in near
        )
    ]


def _is_formula(display: Display) -> bool:
    pieces = display.pieces
    if all(piece.latex in _BULLETS for piece in pieces) or all(piece.role is Role.RELATION for piece in pieces):
        return False  # as arrows before the rests of lines of code
    if sum(piece.is_math for piece in pieces) == 1 and min(pieces, key=lambda piece: piece.start).latex in _WRAPS:
        return False
    if not any(piece.is_math and (piece.role is not Role.WORD or piece.latex.startswith("\\")) for piece in pieces):
        return False
    total = sum(piece.end - piece.start for piece in pieces)
    words = sum(piece.end - piece.start for piece in pieces if is_text(piece))
    if words > _PROSE * total:
        return False
    telling = (Role.RELATION, Role.BINARY, Role.OPERATOR, Role.BUILT)
    return any(piece.role in telling for piece in pieces) or len(pieces) > 2


def _is_in_table(display: Display, box: Box, pieces: Sequence[Piece], rules: Sequence[Rule]) -> bool:
    """Whether a formula stands in a table, and not in a box that is around it alone."""
    if not _lies_in_box(display.box, box):
        return False
    x0, y0, x1, y1 = box
    inside = [piece for piece in pieces if _lies_in(piece, (box,))]
    own = set(map(id, [*display.pieces, *display.number_pieces]))
    if sum(id(piece) in own for piece in inside) < _ALONE * len(inside):
        return True
    bars = [piece.axis for piece in display.pieces if piece.axis is not None]
    return any(
        y0 - 2 < rule.y < y1 + 2
        and rule.length > 0.4 * (x1 - x0)
        and not any(abs(bar - rule.y) < 0.5 for bar in bars)
        and rule.start < x1
        and rule.end > x0
        for rule in rules
    )


def _lies_in_box(inner: Box, box: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _row(pieces: Sequence[Piece]) -> Row:
    largest = max(pieces, key=lambda piece: piece.size)
    return Row(largest.baseline, largest.size, list(pieces))


def _display(display: Display) -> list[Formula]:
    latex = _latex(display.pieces, is_display=True)
    if not latex:
        return []
    if display.number:
        latex += f" \\tag{{{display.number}}}"
    return [_formula(latex, [*display.pieces, *display.number_pieces], is_display=True)]


def _inline_formulas(rows: Iterable[Row]) -> list[Formula]:
    """The formulas in lines of text; one that a line's end has cut, behind a sign, goes on in the next one."""
    found: list[Formula] = []
    is_open, below = False, 0.0
    for row in sorted(rows, key=lambda row: row.baseline):
        parts = [*inline_formulas(row)]
        for number, part in enumerate(parts):
            made = _inline(part, row)
            begins_row = not number and part[0] is row.pieces[0]
            if is_open and begins_row and made and row.baseline < below:
                before = found.pop()
                made = [
                    replace(
                        before,
                        latex=f"{before.latex} {made[0].latex}",
                        members=before.members + made[0].members,
                        has_blank=made[0].has_blank,
                    )
                ]
            found += made
            is_open = bool(made) and part[-1] is row.pieces[-1] and part[-1].role in (Role.RELATION, Role.BINARY)
            below = row.baseline + 2 * row.size
        is_open = is_open and bool(parts)
    return found


def _inline(part: Sequence[Piece], row: Row) -> list[Formula]:
    latex = _latex(part, is_display=False)
    if not latex:
        return []
    formula = _formula(latex, part, is_display=False)
    end = formula.box[2]
    after = min((piece.start for piece in row.pieces if piece.start > end - 0.1 * row.size), default=end)
    return [replace(formula, baseline=row.baseline, has_blank=formula.has_blank or after - end > _BLANK * row.size)]


def _latex(pieces: Sequence[Piece], *, is_display: bool) -> str:
    """Empty if it cannot be read."""
    if any(is_unknown(piece) for piece in pieces):
        return ""
    try:
        latex = FormulaTree(is_display=is_display).write(pieces)
    except (Unreadable, RecursionError):
        return ""
    return _NEEDLESS_LIMITS.sub(r"\1", latex) if is_display else latex


def _formula(latex: str, pieces: Sequence[Piece], *, is_display: bool) -> Formula:
    largest = max(pieces, key=lambda piece: (piece.size, -piece.start))
    last = max(pieces, key=lambda piece: piece.end)
    return Formula(
        latex,
        around(piece.box for piece in pieces),
        largest.baseline,
        largest.size,
        is_display,
        tuple(number for piece in pieces for number in piece.members),
        last.has_blank,
    )


# --- into the lines ---


def _with_formulas(lines: Sequence[Line], page: MathPage, formulas: Sequence[Formula]) -> list[Line]:
    """The lines, each formula as one word in them, or as a line of its own."""
    owners: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    anchors: list[tuple[int, int, int]] = []
    for number, formula in enumerate(formulas):
        for member in formula.members:
            glyph = page.glyphs[member]
            owners.setdefault((glyph.line, glyph.word), []).append((glyph.first, glyph.last, number))
        anchors.append(_anchor(formula, page))
    result: list[Line] = []
    for at, line in enumerate(lines):
        if not any((at, place) in owners for place in range(len(line.words))):
            result.append(line)
            continue
        words: list[Word] = []
        own: list[Line] = []
        for place, word in enumerate(line.words):
            for part, first, owner in _parts(word, owners.get((at, place), ())):
                if owner is None:
                    words.append(part)
                elif anchors[owner] == (at, place, first):
                    made = _word(formulas[owner], part)
                    if made.font.display:
                        own.append(Line([made]))
                    else:
                        words.append(made)
        result += [Line(part, line.direction, line.is_vertical) for part in _unbroken(words)]
        result += own
    return result


def _unbroken(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words that stood side by side in a line before formulas were put into it, cut where they no longer do."""
    part: list[Word] = []
    for word in words:
        if part and (part[-1].font.math or word.font.math):
            gap = word.start - part[-1].end
            if not -0.3 * word.font.size < gap < _JUMP * word.font.size:
                yield part
                part = []
        part.append(word)
    if part:
        yield part


def _anchor(formula: Formula, page: MathPage) -> tuple[int, int, int]:
    """Where the word that stands for a formula goes: to the first of its glyphs."""
    first = page.glyphs[min(formula.members, key=lambda m: (page.starts[m], m))]
    return first.line, first.word, first.first


def _parts(word: Word, owned: Sequence[tuple[int, int, int]]) -> list[tuple[Word, int, int | None]]:
    """A word in parts, each with its first character and the number of the formula that it is in."""
    if not owned:
        return [(word, 0, None)]
    numbers: list[int | None] = [None] * len(word.text)
    for first, last, number in owned:
        numbers[first:last] = [number] * (last - first)
    parts: list[tuple[Word, int, int | None]] = []
    rest, done = word, 0
    for place in range(1, len(numbers)):
        if numbers[place] != numbers[done]:
            head, rest = rest.split(place - done)
            parts.append((head, done, numbers[done]))
            done = place
    parts.append((rest, done, numbers[done]))
    return parts


def _word(formula: Formula, part: Word) -> Word:
    """A formula as a word."""
    x0, y0, x1, y1 = formula.box
    font = Font(
        "", formula.size, False, False, False, False, part.font.color, True, math=True, display=formula.is_display
    )
    step = (x1 - x0) / len(formula.latex)
    edges = [x0 + step * place for place in range(len(formula.latex) + 1)]
    baseline = (y0 + y1) / 2 + 0.25 * formula.size if formula.is_display else formula.baseline
    return Word(formula.latex, font, edges, baseline, (x0, y0, x1, y1), formula.has_blank)
