"""The order of names."""

import random

import pytest

from engine.intake.naturalorder import natural_key


@pytest.mark.parametrize(
    "paths",
    [
        [b"1.pdf", b"2.pdf", b"10.pdf", b"11.pdf", b"100.pdf"],
        [b"page 2.pdf", b"Page 10.pdf", b"page 11.pdf"],
        [b"a.pdf", b"B.pdf", b"c.pdf"],
        [b"vol 2/9.pdf", b"vol 2/10.pdf", b"vol 10/1.pdf"],
        [b"2.1.pdf", b"2.9.pdf", b"2.10.pdf"],
        [b"007.pdf", b"7.pdf", b"8.pdf"],
        [b"", b"1", b"a", b"a/1", b"a1", b"a1b", b"a2", b"\xff.pdf"],
        [b"9" * 250, b"1" + b"0" * 250],
    ],
)
def test_numbers_in_names_count_as_numbers(paths: list[bytes]) -> None:
    mixed = random.Random(1).sample(paths, len(paths))
    assert sorted(mixed, key=natural_key) == paths
