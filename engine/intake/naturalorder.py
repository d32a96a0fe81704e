"""The order that people number files in: 2 before 10, and the files of a folder together."""

import re

_NUMBER = re.compile(rb"(\d+)")


_NameKey = tuple[bytes | int, ...]


def natural_key(path: bytes) -> tuple[tuple[_NameKey, ...], bytes]:
    """What to sort paths by; each has a place of its own."""
    return tuple(map(_name_key, path.split(b"/"))), path


def _name_key(name: bytes) -> _NameKey:
    # Texts and numbers take turns, so a text is never compared with a number.
    parts = _NUMBER.split(name.lower())
    return tuple(int(part) if place % 2 else part for place, part in enumerate(parts))
