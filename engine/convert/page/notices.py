"""What the reader of a document must know of how its pages were read: counted page by page, said once for all."""

from collections.abc import Mapping
from enum import StrEnum

_MOST_RANGES = 12


class Notice(StrEnum):
    """What may be wrong with a page's text although the page is done."""

    UNKNOWN = "unknown"
    """Characters of which the PDF does not say what they are."""
    NOTHING = "nothing"
    """The page has text, and none was read."""
    SCAN = "scan"
    """The page is a picture, and was not read by OCR."""
    HIDDEN = "hidden"
    """Characters that nobody can see, left out."""
    KEPT = "kept"
    """The same, kept as the user wants."""
    OUTSIDE = "outside"
    """Characters beyond the part of the page that is shown."""
    REMARKS = "remarks"
    """Notes and comments of reviewers, which are in no output that was asked for."""
    UNSURE = "unsure"
    """The page was read by OCR, which is not sure of it."""


def sentences(pages: Mapping[int, Mapping[str, int]]) -> list[str]:
    """One sentence for each kind of notice, from how often each page has it."""
    found: list[str] = []
    for notice in Notice:
        counts = {page: counted[notice] for page, counted in sorted(pages.items()) if counted.get(notice)}
        if counts:
            found.append(_sentence(notice, counts))
    return found


def _sentence(notice: Notice, counts: Mapping[int, int]) -> str:
    total, where = sum(counts.values()), _listed([*counts])
    match notice:
        case Notice.UNKNOWN:
            what = f"{total:,} characters are" if total != 1 else "One character is"
            return f"{what} unknown, since the PDF does not say what the glyphs mean ({where})."
        case Notice.NOTHING:
            return f"No text was read although there is some on {where}."
        case Notice.SCAN:
            return f"Nothing was read by OCR of what looks scanned: {where}."
        case Notice.OUTSIDE:
            what = f"{total:,} characters lie" if total != 1 else "One character lies"
            return f"{what} outside the shown part of {where}, and {'were' if total != 1 else 'was'} left out."
        case Notice.REMARKS:
            what = f"{total:,} remarks of reviewers" if total != 1 else "One remark of a reviewer"
            return f"{what} on {where} {'are' if total != 1 else 'is'} in no output."
        case Notice.UNSURE:
            return f"OCR is not sure of what it has read on {where}: much of it may be wrong."
        case Notice.HIDDEN | Notice.KEPT:
            what = f"{total:,} characters" if total != 1 else "One character"
            became = "left out" if notice is Notice.HIDDEN else "kept all the same"
            return f"{what} that cannot be seen on {where} {'were' if total != 1 else 'was'} {became}."


def _listed(numbers: list[int]) -> str:
    """Page numbers, neighbours as a range."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    written = ["-".join(map(str, each)) for each in ranges[:_MOST_RANGES]]
    if len(ranges) > _MOST_RANGES:
        written.append("others")
    listed = " and ".join([", ".join(written[:-1]), written[-1]] if len(written) > 1 else written)
    return f"{'page' if len(numbers) == 1 else 'pages'} {listed}"
