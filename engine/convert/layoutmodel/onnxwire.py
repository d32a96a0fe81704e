"""Parts of ONNX files: reads and writes Protocol Buffers as far as a graph is to be changed in places.

No package is needed for it, and what is not touched stays as it is, byte for byte.
"""

import struct
from collections.abc import Iterable, Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Value = int | bytes


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a message in their order: number, and the value, numbers of fixed size as their bytes.

    Raises ValueError where it is no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"no field is of kind {kind}")
        if at + size > len(message):
            raise ValueError("a field is longer than its message")
        yield key >> 3, message[at : at + size]
        at += size


def read(message: bytes, number: int) -> list[bytes]:
    """The values of a repeated field whose values are bytes."""
    return [value for found, value in fields(message) if found == number and isinstance(value, bytes)]


def text(message: bytes, number: int) -> str:
    """The last value of a field that is text; empty if it is not there."""
    return "".join(value.decode() for value in read(message, number)[-1:])


def without(message: bytes, numbers: Iterable[int]) -> bytes:
    """A message whose fields are bytes and integers, without some of them."""
    dropped = frozenset(numbers)
    return b"".join(field(found, value) for found, value in fields(message) if found not in dropped)


def field(number: int, value: Value | str | float) -> bytes:
    """A field with its key; a float has four bytes."""
    match value:
        case int():
            return _as_varint(number << 3 | _VARINT) + _as_varint(value)
        case float():
            return _as_varint(number << 3 | _FIXED32) + struct.pack("<f", value)
        case str():
            return field(number, value.encode())
    return _as_varint(number << 3 | _BYTES) + _as_varint(len(value)) + value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number does not end")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def _as_varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)
