"""What a merge says of single pages: where each is in the Markdown, and why it was read the way it was.

Both are taken from the merge and kept in the manifest; by the first, a published page is read back to be shown.

The file is its pages one after the other and nothing else, so their sizes say where each begins, and their sum says
whether the file is still the one that was published.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import Field, TypeAdapter, ValidationError

from engine.base.beneath import open_beneath
from engine.base.errors import ChildGarbage, HotfolioError, PageNotLocated
from engine.base.safetext import display_name

SIZE_KEY = "markdown_bytes"
"""Of a page in the manifest; absent where no Markdown was made."""
_MAX_ENTRY = 40
"""Bytes of one page in the list of a merge, at most."""
_MAX_REASON = 300
"""Characters of why a page was read the way it was."""
_reasons = TypeAdapter(dict[Annotated[int, Field(ge=1)], Annotated[str, Field(max_length=_MAX_REASON)]])
_sizes = TypeAdapter(dict[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=0)]])


def merged_sizes(file: Path, page_count: int) -> dict[int, int]:
    """How many bytes of Markdown each page has come to, as a conversion process wrote it down.

    Raises `ChildGarbage` if that is not what the file says.
    """
    try:
        with os.fdopen(open_beneath(file.parent, file.name), "rb") as stream:
            return _sizes.validate_json(stream.read(page_count * _MAX_ENTRY + 2))
    except (OSError, ValidationError) as error:
        raise ChildGarbage("The conversion process did not say where the pages of its Markdown are.") from error


def merged_reasons(file: Path, page_count: int) -> dict[int, str]:
    """Why pages were read the way they were, as a conversion process wrote it down; safe to show.

    Raises `ChildGarbage` if that is not what the file says.
    """
    try:
        with os.fdopen(open_beneath(file.parent, file.name), "rb") as stream:
            found = _reasons.validate_json(stream.read(page_count * (_MAX_ENTRY + 6 * _MAX_REASON) + 2))
    except (OSError, ValidationError) as error:
        raise ChildGarbage("The conversion process did not say how it read its pages.") from error
    return {page: display_name(reason) for page, reason in found.items()}


def read_page(markdown: Path, manifest: dict[str, Any] | None, page: int, most: int) -> bytes:
    """A page (from 1) of published Markdown, at most so many bytes of it.

    Raises `PageNotLocated` if it cannot be told which part of the file that is, `HotfolioError` if it cannot be read.
    """
    with _opened(markdown, manifest) as (stream, sizes):
        if page not in sizes:
            raise HotfolioError(f"There is no page {page} in this document.")
        stream.seek(sum(size for other, size in sizes.items() if other < page))
        return stream.read(min(sizes[page], most))


def page_lines(markdown: Path, manifest: dict[str, Any] | None, most: int) -> list[tuple[int, int]]:
    """The pages of published Markdown, and the line (from 0) that each begins in, of so many bytes at most.

    Raises as `read_page` does.
    """
    with _opened(markdown, manifest) as (stream, sizes):
        data = stream.read(most)
    found, start, line = [], 0, 0
    for page in sorted(sizes):
        if start > len(data):
            break
        found.append((page, line))
        line += data.count(b"\n", start, start + sizes[page])
        start += sizes[page]
    return found


@contextmanager
def _opened(markdown: Path, manifest: dict[str, Any] | None) -> Iterator[tuple[BinaryIO, dict[int, int]]]:
    """The file and how many bytes of it are each page's, if it is still the one that was published."""
    sizes = _recorded_sizes(manifest)
    if sizes is None:
        raise PageNotLocated("It is not on record where each page begins in this Markdown.")
    try:
        with markdown.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size != sum(sizes.values()):
                raise PageNotLocated("The Markdown was changed after it was made, so pages cannot be told apart in it.")
            yield stream, sizes
    except FileNotFoundError as error:
        raise HotfolioError("The Markdown is no longer where it was published.") from error
    except OSError as error:
        raise HotfolioError(f"The Markdown cannot be read: {error.strerror}.") from error


def _recorded_sizes(manifest: dict[str, Any] | None) -> dict[int, int] | None:
    try:
        return _sizes.validate_python({entry["page"]: entry[SIZE_KEY] for entry in (manifest or {})["pages"]})
    except (KeyError, TypeError, ValidationError):
        return None
