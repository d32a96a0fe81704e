"""Pictures of pages in one TIFF: a page is encoded by itself, and the files of pages are joined without decoding them.

TIFF 6.0 (1992) says how; a file of 4 GB or more has 8-byte offsets (BigTIFF).
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

LONGEST_JPEG_SIDE = 65_500
CLASSIC_LIMIT = (1 << 32) - 1
"""Bytes that 4-byte offsets reach."""

_NOISY = 0.35
"""A page that lossless compression leaves larger than this is a photograph or a scan in colour, and goes as JPEG."""
_JPEG_QUALITY = 90
_SAMPLED_ROWS = 100
_ROOM_FOR_TAGS = 1024
_SHORT, _LONG, _ASCII, _LONG8 = 3, 4, 2, 16
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SUBFILE_TYPE, _STRIP_OFFSETS, _STRIP_SIZES, _PAGE_NAME, _PAGE_NUMBER, _PREDICTOR = 254, 273, 279, 285, 297, 317
_PAGE_OF_SEVERAL = 2


def save_page(image: Image.Image, file: Path, dpi: float) -> None:
    """Write a picture (RGB or grey) as a TIFF of one page.

    Pixels that are all black or white are compressed by CCITT group 4, others by deflate, both without loss;
    photographs, for which that would be many times larger, by JPEG.
    """
    image = _without_needless_colour(image)
    options: dict[str, Any]
    if image.mode == "1":
        options = {"compression": "group4"}
    elif max(image.size) <= LONGEST_JPEG_SIDE and _compressed_share(image) > _NOISY:
        options = {"compression": "jpeg", "quality": _JPEG_QUALITY}
        image = image.convert("YCbCr") if image.mode == "RGB" else image  # or it is three times as large
    else:
        options = {"compression": "tiff_adobe_deflate", "tiffinfo": {_PREDICTOR: 2}}
    image.save(file, "TIFF", dpi=(dpi, dpi), **options)


def join_pages(pages: Mapping[int, Path], file: Path, on_page: Callable[[int], None]) -> None:
    """Write files of one page each, by their pages' numbers, into one file in that order; raises `OSError`.

    One page is in memory at a time. Each carries its number in the document as its name.
    """
    size = sum(path.stat().st_size + _ROOM_FOR_TAGS for path in pages.values())
    with file.open("wb") as stream:
        writer = _Writer(stream, is_big=size > CLASSIC_LIMIT)
        for place, (number, path) in enumerate(sorted(pages.items())):
            page = _Page(path.read_bytes())
            page.set(_SUBFILE_TYPE, _LONG, "I", _PAGE_OF_SEVERAL)
            name = f"{number}\0".encode("ascii")
            page.tags[_PAGE_NAME] = _Tag(_ASCII, len(name), name)
            if len(pages) <= 0xFFFF:
                page.set(_PAGE_NUMBER, _SHORT, "HH", place, len(pages))
            writer.add(page)
            on_page(number)


def _without_needless_colour(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        pixels = np.asarray(image)
        if not ((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all()):
            return image
        image = image.getchannel(0)
    if image.mode == "L" and not any(image.histogram()[1:255]):
        return image.convert("1", dither=Image.Dither.NONE)
    return image


def _compressed_share(image: Image.Image) -> float:
    """How much of a picture is left by lossless compression, roughly, from rows all over it."""
    pixels = np.asarray(image)
    rows = pixels[:: max(1, len(pixels) // _SAMPLED_ROWS)].astype(np.int16)
    differences = np.diff(rows, axis=1).astype(np.uint8).tobytes()
    return len(zlib.compress(differences, 1)) / max(len(differences), 1)


@dataclass
class _Tag:
    kind: int
    count: int
    value: bytes


class _Page:
    """The one page of a file that libtiff has written in this machine's byte order."""

    def __init__(self, data: bytes) -> None:
        self.order = "<" if data.startswith(b"II") else ">"
        (start,) = struct.unpack_from(f"{self.order}I", data, 4)
        (count,) = struct.unpack_from(f"{self.order}H", data, start)
        self.tags: dict[int, _Tag] = {}
        for place in range(start + 2, start + 2 + 12 * count, 12):
            number, kind, length = struct.unpack_from(f"{self.order}HHI", data, place)
            size = length * _TYPE_SIZES[kind]
            at = place + 8 if size <= 4 else struct.unpack_from(f"{self.order}I", data, place + 8)[0]
            self.tags[number] = _Tag(kind, length, data[at : at + size])
        offsets, sizes = self._numbers(_STRIP_OFFSETS), self._numbers(_STRIP_SIZES)
        self.strips = [data[at : at + size] for at, size in zip(offsets, sizes, strict=True)]

    def set(self, number: int, kind: int, layout: str, *values: int) -> None:
        """Set a tag to numbers."""
        self.tags[number] = _Tag(kind, len(values), struct.pack(f"{self.order}{layout}", *values))

    def _numbers(self, number: int) -> tuple[int, ...]:
        tag = self.tags[number]
        return struct.unpack(f"{self.order}{tag.count}{'H' if tag.kind == _SHORT else 'I'}", tag.value)


class _Writer:
    """Puts pages behind one another, and into a chain."""

    def __init__(self, stream: IO[bytes], *, is_big: bool) -> None:
        self._stream = stream
        self._is_big = is_big
        self._word = "Q" if is_big else "I"
        self._inline = 8 if is_big else 4
        self._link = 8 if is_big else 4
        """Where the position of the next page goes."""

    def add(self, page: _Page) -> None:
        """Write a page, its strips first."""
        order, stream = page.order, self._stream
        if not stream.tell():
            mark = b"II" if order == "<" else b"MM"
            head = struct.pack(f"{order}HHHQ", 43, 8, 0, 0) if self._is_big else struct.pack(f"{order}HI", 42, 0)
            stream.write(mark + head)
        offsets = [self._put(strip) for strip in page.strips]
        page.set(_STRIP_OFFSETS, _LONG8 if self._is_big else _LONG, f"{len(offsets)}{self._word}", *offsets)
        entries = []
        for number, tag in sorted(page.tags.items()):
            value = tag.value
            if len(value) > self._inline:
                value = struct.pack(f"{order}{self._word}", self._put(value))
            entry = struct.pack(f"{order}HH{self._word}", number, tag.kind, tag.count)
            entries.append(entry + value.ljust(self._inline, b"\0"))
        count = struct.pack(f"{order}{'Q' if self._is_big else 'H'}", len(entries))
        start = self._put(count + b"".join(entries) + bytes(self._inline))
        end = stream.tell()
        stream.seek(self._link)
        stream.write(struct.pack(f"{order}{self._word}", start))
        stream.seek(end)
        self._link = end - self._inline

    def _put(self, data: bytes) -> int:
        """Write at an even position, which is returned."""
        if self._stream.tell() % 2:
            self._stream.write(b"\0")
        start = self._stream.tell()
        self._stream.write(data)
        return start
