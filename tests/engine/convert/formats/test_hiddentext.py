"""Invisible text is taken out of a content stream, and nothing else."""

import pytest

from engine.convert.formats.hiddentext import renamed, strip_hidden


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"BT 3 Tr (old) Tj ET", b"BT 3 Tr   ET"),
        (b"BT /F 9 Tf 3 Tr 1 0 0 1 5 6 Tm [(a) -20 <62>] TJ ET", b"BT /F 9 Tf 3 Tr 1 0 0 1 5 6 Tm   ET"),
        (b"BT 3 Tr (a) ' 1 2 (b) \" ET", b"BT 3 Tr  T*   1 Tw 2 Tc T*  ET"),
        (b"3 Tr q 0 Tr BT (seen) Tj ET Q BT (old) Tj ET", b"3 Tr q 0 Tr BT (seen) Tj ET Q BT   ET"),
        (b"q 3 Tr Q BT (seen) Tj ET", None),
        (b"BT 3 Tr (old) Tj 0 Tr (placed by it) Tj ET", None),
        (b"BT (a \\) 3 Tr) Tj (seen) Tj ET", None),
        (b"% 3 Tr\nBT (seen) Tj ET", None),
        (b"BT 3 Tr ET BI /W 1 ID (old) Tj EI Q", None),
        (b"/Tr3 gs 3 Tr q 1 0 0 1 0 0 cm /Im Do Q", None),
    ],
)
def test_only_what_is_shown_invisibly_goes(content: bytes, expected: bytes | None) -> None:
    stripped = strip_hidden(content)
    assert stripped.content == (content if expected is None else expected)
    assert bool(stripped.removed) == (expected is not None)


def test_forms_can_be_given_other_names() -> None:
    stripped = strip_hidden(b"BT 3 Tr (old) Tj ET /A Do /Do gs q /B#20 Do Q /A Do")
    assert renamed(stripped, {b"A": b"New", b"C": b"x"}) == b"BT 3 Tr   ET /New Do /Do gs q /B#20 Do Q /New Do"


@pytest.mark.parametrize("content", [b"BI /W 1 ID endless", b" " * (9 << 20)])
def test_what_cannot_be_looked_through_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="content"):
        strip_hidden(content)
