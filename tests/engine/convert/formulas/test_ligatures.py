"""Dots that belong together, on pages with thousands of others."""

from hypothesis import given
from hypothesis import strategies as st

from engine.convert.formulas.ligatures import with_ligatures
from engine.convert.formulas.mathpieces import Piece, Role


def dot(x: float, y: float, size: float = 10.0) -> Piece:
    return Piece(".", (x, y - 1, x + 1, y), y, size, Role.ORDINARY, x, x + 2.8, char=".")


def signs(pieces: list[Piece]) -> list[str]:
    return sorted(piece.char for piece in with_ligatures(pieces) if piece.char != ".")


@given(
    st.sampled_from([("⋮", 0.0, 4.0), ("⋱", 4.0, 4.0), ("⋮", 0.2, 2.5), ("⋱", 2.5, 5.0)]),
    st.lists(st.tuples(st.floats(200, 400), st.floats(0, 400)), max_size=12),
    st.floats(6, 14),
)
def test_three_dots_downwards_are_found_among_any_others(
    kind: tuple[str, float, float], others: list[tuple[float, float]], size: float
) -> None:
    sign, aside, down = kind
    share = size / 10
    three = [dot(50 + aside * share * number, 100 + down * share * number, size) for number in range(3)]
    assert sign in signs([*(dot(x, y) for x, y in others), *three])


def test_two_dots_are_none_and_neither_are_leaders() -> None:
    assert signs([dot(50, 100), dot(50, 104)]) == []
    leaders = [dot(50 + 8 * column, 100 + 12 * row) for row in range(40) for column in range(50)]
    assert signs(leaders) == []
