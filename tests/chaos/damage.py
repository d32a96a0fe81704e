"""Damages documents: some changes of their bytes, as disks, transfers and programs that write PDFs make them."""

import random
import re
from collections.abc import Callable

_CHANGES = (1, 1, 2, 3, 6)
"""How many changes a document gets, one of these."""
_LONGEST = 4096
"""Bytes that one change concerns, at most."""
_NUMBER = re.compile(rb"(?<![\w.])-?\d{1,10}(?![\w.])")
_NAME = re.compile(rb"/[A-Za-z]{2,20}\b")
_REFERENCE = re.compile(rb"\b\d{1,6} 0 R\b")
_EXTREMES = (b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"-2147483648", b"4294967296", b"99999999999")


def damage(data: bytes, dice: random.Random) -> bytes:
    """The document with some changes. It keeps its first bytes, by which it is known to be one."""
    head, rest = data[:8], bytearray(data[8:])
    for _ in range(dice.choice(_CHANGES)):
        if rest:
            dice.choice(_KINDS)(rest, dice)
    return head + bytes(rest)


def _flip_bits(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 4, 32))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, dice: random.Random) -> None:
    start, stop = _range(data, dice)
    data[start:stop] = dice.randbytes(stop - start)


def _zero(data: bytearray, dice: random.Random) -> None:
    start, stop = _range(data, dice)
    data[start:stop] = bytes(stop - start)


def _take_out(data: bytearray, dice: random.Random) -> None:
    start, stop = _range(data, dice)
    del data[start:stop]


def _repeat(data: bytearray, dice: random.Random) -> None:
    start, stop = _range(data, dice)
    data[start:start] = data[start:stop]


def _cut_off(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data) // 4, len(data)) :]


def _change_number(data: bytearray, dice: random.Random) -> None:
    _replace(data, _NUMBER, lambda _: dice.choice(_EXTREMES), dice)


def _exchange_names(data: bytearray, dice: random.Random) -> None:
    _replace(data, _NAME, dice.choice, dice)


def _exchange_references(data: bytearray, dice: random.Random) -> None:
    _replace(data, _REFERENCE, dice.choice, dice)


_KINDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip_bits,
    _overwrite,
    _zero,
    _take_out,
    _repeat,
    _cut_off,
    # More often, since it is what is not merely skipped as damage.
    *(_change_number, _exchange_names, _exchange_references) * 3,
)


def _range(data: bytearray, dice: random.Random) -> tuple[int, int]:
    start = dice.randrange(len(data))
    return start, min(len(data), start + dice.choice((1, 16, 256, _LONGEST)))


def _replace(
    data: bytearray, pattern: re.Pattern[bytes], choose: Callable[[list[bytes]], bytes], dice: random.Random
) -> None:
    """Put something else in the place of one of the matches; `choose` is given what all of them say."""
    found = [*pattern.finditer(data)]
    if found:
        start, stop = dice.choice(found).span()
        data[start:stop] = choose([match[0] for match in found])
