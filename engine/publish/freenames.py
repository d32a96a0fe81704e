"""Other names for what cannot have its own, because that is taken."""

import os
from collections.abc import Iterator
from itertools import chain, count

MAX_NAME_BYTES = 255


def numbered(stem: str, limit: int = MAX_NAME_BYTES) -> Iterator[str]:
    """The stem, `stem~2`, `stem~3` and so on, each shortened to `limit` bytes."""
    for suffix in chain([""], (f"~{n}" for n in count(2))):
        yield _shortened(stem, limit - len(suffix)) + suffix


def _shortened(name: str, limit: int) -> str:
    """A name cut to so many bytes, between two characters."""
    cut = os.fsencode(name)[:limit]
    while cut and len(cut) < len(os.fsencode(name)):
        try:
            cut.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                break
            cut = cut[: error.start]
        else:
            break
    return os.fsdecode(cut)
