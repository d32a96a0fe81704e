"""What is fuzzed takes inputs of any kind, so that a long run begins at once to find what it is for."""

import random
from collections.abc import Callable

import pytest

from tests.fuzz.targets import TARGETS

_WORDS = (
    b'{"event":"ready","pid":1}',
    b'{"task":"pages"}',
    b"ocr = 'never'\n[profiles.a]\n",
    b"num_workers = 0",
    b"to_formats=md&ocr=yes",
    b'--b\r\nContent-Disposition: form-data; name="filename"\r\n\r\na.pdf\r\n--b--\r\n',
    b"/P <</MCID 0>> BDC (x) Tj EMC",
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_target_takes_whatever_it_is_given(target: Callable[[bytes], None]) -> None:
    dice = random.Random(1)
    for word in (b"", *_WORDS):
        target(word)
        target(word[:1] + dice.randbytes(len(word)))
