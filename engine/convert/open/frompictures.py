"""Makes pages of pictures: one of each picture, or of each of its frames, at the resolution it says it has."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import pymupdf
from PIL import Image, ImageFile, ImageOps

from engine.base.safetext import display_name
from engine.convert.open.document import CannotOpen, one_line
from engine.job.kinds import label, names_kind
from engine.job.options import DocumentKind

PICTURES = frozenset(
    {DocumentKind.PNG, DocumentKind.JPG, DocumentKind.TIFF, DocumentKind.GIF, DocumentKind.BMP, DocumentKind.WEBP}
)
"""Kinds that are pictures, with frames that become pages."""

_FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "DIB", "WEBP")
_WITH_FRAMES = frozenset({"TIFF", "GIF", "WEBP"})
"""In other formats, further frames are previews, or the same picture from another side."""
_MOST_PIXELS = 200_000_000
"""Of one picture; as RGB it takes three bytes each."""
_MOST_FRAMES = 10_000
_MOST_BYTES = 512 << 20
"""Of one picture in an archive, unpacked."""
_LONGEST = 842.0
"""Points along the longer side of a page whose picture does not say its resolution, at most: that of A4."""
_BLANK = 144.0
"""Points along the sides of a page without its picture."""
_SCREEN_DPI = 96.0
_SAYS_NOTHING = (1.0, 72.0, 96.0)
"""Resolutions that programs write when they know of none."""
LARGEST_PAGE = 14_400.0
"""Points along one side of a page in PDF 1.x, at most (ISO 32000-1, annex C)."""
_TURNED = {1: 0, 3: 180, 6: -90, 8: 90}
"""EXIF orientations that are no reflections, to degrees anticlockwise."""
_BITS_16 = 1 / 256

Image.MAX_IMAGE_PIXELS = None  # pictures are measured below, and refused with a sentence


@dataclass(frozen=True, slots=True)
class _Page:
    """A picture ready to be put on a page of its own."""

    data: bytes
    """JPEG or PNG; nothing if the picture cannot be read, so that the pages after it keep their numbers."""
    width: float
    """Of the page, in points."""
    height: float
    turned: int = 0
    """Degrees anticlockwise by which the picture is shown."""


def add_pictures(
    pdf: pymupdf.Document, file: Path, kind: DocumentKind, on_page: Callable[[int], None], only: int | None = None
) -> list[str]:
    """Append a page for each picture of a file, or for one of them (from 1); returns warnings.

    A picture of an archive that cannot be read is a blank page. Raises `CannotOpen` if none can be read.
    """
    warnings: list[str] = []
    pages = _archived(file, warnings, only) if kind is DocumentKind.CBZ else _frames(file, kind, warnings, only)
    has_picture = False
    for number, page in enumerate(pages, start=1):
        new = pdf.new_page(width=page.width, height=page.height)
        if page.data:
            new.insert_image(new.rect, stream=page.data, rotate=page.turned, keep_proportion=False)
            has_picture = True
        on_page(number)
    if not has_picture:
        raise CannotOpen("damaged", " ".join([f"The {label(kind)} has no picture that can be read.", *warnings[:1]]))
    return warnings


def _frames(file: Path, kind: DocumentKind, warnings: list[str], only: int | None) -> Iterator[_Page]:
    try:
        with file.open("rb") as stream:
            yield from _of_picture(stream, warnings, only)
    except (CannotOpen, MemoryError):
        raise
    except Exception as error:
        print(one_line(error))  # to the job's log
        raise CannotOpen("damaged", f"The {label(kind)} is damaged beyond repair.") from error


def _archived(file: Path, warnings: list[str], only: int | None) -> Iterator[_Page]:
    """The pictures in a ZIP archive, in the order people expect of their names: 2 before 10."""
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:
        print(one_line(error))  # to the job's log
        raise CannotOpen("damaged", "The CBZ is damaged beyond repair.") from error
    with archive:
        entries = sorted(filter(_is_picture, archive.infolist()), key=lambda entry: _in_order(entry.filename))
        if len(entries) > _MOST_FRAMES:
            raise CannotOpen("damaged", f"The CBZ has {len(entries)} pictures; at most {_MOST_FRAMES} are read.")
        for entry in entries if only is None else entries[only - 1 : only]:
            try:
                with archive.open(entry) as stream:
                    data = stream.read(_MOST_BYTES + 1)
                if len(data) > _MOST_BYTES:
                    raise CannotOpen("damaged", f"The picture is larger than {_MOST_BYTES >> 20} MB.")
                yield next(_of_picture(io.BytesIO(data), warnings, 1))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - one picture must not cost the others
                print(one_line(error))  # to the job's log
                why = f": {error}" if isinstance(error, CannotOpen) else "."
                warnings.append(f"The picture {display_name(entry.filename)} is left blank, it cannot be read{why}")
                yield _Page(b"", _BLANK, _BLANK)


def _is_picture(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not entry.is_dir() and not hidden and names_kind(entry.filename) in PICTURES


def _in_order(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,18})", name.casefold())]


def _of_picture(stream: IO[bytes], warnings: list[str], only: int | None) -> Iterator[_Page]:
    with Image.open(stream, formats=_FORMATS) as picture:
        count = getattr(picture, "n_frames", 1) if picture.format in _WITH_FRAMES else 1
        if count > _MOST_FRAMES:
            raise CannotOpen("damaged", f"The picture has {count} frames; at most {_MOST_FRAMES} are read.")
        for number in range(count) if only is None else range(only - 1, min(only, count)):
            if number or count > 1:
                picture.seek(number)
            if picture.width * picture.height > _MOST_PIXELS:
                raise CannotOpen(
                    "damaged",
                    f"The picture has {picture.width} by {picture.height} pixels; "
                    f"at most {_MOST_PIXELS // 1_000_000} million are read.",
                )
            yield _page_of(picture, stream, warnings)


def _page_of(picture: Image.Image, stream: IO[bytes], warnings: list[str]) -> _Page:
    is_whole = _load(picture)
    if not is_whole:
        warnings.append("The picture is damaged: what could be read of it is shown.")
    orientation = picture.getexif().get(0x0112, 1)
    width, height = _size(picture)
    turned = _TURNED.get(orientation)
    if turned in (-90, 90):
        width, height = height, width
    if is_whole and picture.format in ("JPEG", "MPO") and picture.mode in ("L", "RGB") and turned is not None:
        stream.seek(0)
        return _Page(stream.read(), width, height, turned)
    is_photo = picture.format in ("JPEG", "MPO")
    upright = ImageOps.exif_transpose(picture)
    if turned is None and orientation in (5, 7):
        width, height = height, width
    shown = _plain(upright)
    encoded = io.BytesIO()
    if is_photo:
        shown.convert("RGB").save(encoded, "JPEG", quality=95)
    else:
        shown.save(encoded, "PNG", compress_level=1)
    return _Page(encoded.getvalue(), width, height)


def _load(picture: Image.Image) -> bool:
    """Decode the picture; False if it is cut off or damaged, and only a part of it is there."""
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError):
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            picture.load()
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        return False
    return True


def _size(picture: Image.Image) -> tuple[float, float]:
    """The page's size in points, before it is turned."""
    dots = picture.info.get("dpi") or (0, 0)
    try:
        across, along = float(dots[0]), float(dots[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        across = along = 0.0
    is_stated = all(1 < value <= 10_000 and round(value) not in _SAYS_NOTHING for value in (across, along))
    if not is_stated:
        across = along = max(_SCREEN_DPI, max(picture.size) / _LONGEST * 72)
    width, height = picture.width / across * 72, picture.height / along * 72
    scale = min(1.0, LARGEST_PAGE / max(width, height))
    return max(width * scale, 1.0), max(height * scale, 1.0)


def _plain(picture: Image.Image) -> Image.Image:
    """The same picture on white paper, in a mode that PNG and PDF know."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        return picture.convert("I").point(lambda value: value * _BITS_16).convert("L")
    has_alpha = picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info
    if has_alpha:
        layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return picture if picture.mode in ("1", "L", "P", "RGB") else picture.convert("RGB")
