"""What the reader of a document must know of how its pages were read: counted page by page, said once for all."""

from collections.abc import Mapping

from engine.job.warningkind import WarningKind

_MOST_RANGES = 12


def sentences(pages: Mapping[int, Mapping[str, int]]) -> list[tuple[WarningKind, str]]:
    """One sentence for each kind, from how often each page has it."""
    found: list[tuple[WarningKind, str]] = []
    for kind in WarningKind:
        counts = {page: counted[kind] for page, counted in sorted(pages.items()) if counted.get(kind)}
        if counts:
            found.append((kind, _sentence(kind, counts)))
    return found


def _sentence(kind: WarningKind, counts: Mapping[int, int]) -> str:
    total, where = sum(counts.values()), _listed([*counts])
    match kind:
        case WarningKind.UNKNOWN:
            what = f"{total:,} characters are" if total != 1 else "One character is"
            return f"{what} unknown, since the PDF does not say what the glyphs mean ({where})."
        case WarningKind.NOTHING:
            return f"No text was read although there is some on {where}."
        case WarningKind.SCAN:
            return f"Nothing was read by OCR of what looks scanned: {where}."
        case WarningKind.OUTSIDE:
            what = f"{total:,} characters lie" if total != 1 else "One character lies"
            return f"{what} outside the shown part of {where}, and {'were' if total != 1 else 'was'} left out."
        case WarningKind.REMARKS:
            what = f"{total:,} remarks of reviewers" if total != 1 else "One remark of a reviewer"
            return f"{what} on {where} {'are' if total != 1 else 'is'} in no output."
        case WarningKind.UNSURE:
            return f"OCR is not sure of what it has read on {where}: much of it may be wrong."
        case WarningKind.HIDDEN | WarningKind.KEPT:
            what = f"{total:,} characters" if total != 1 else "One character"
            became = "left out" if kind is WarningKind.HIDDEN else "kept all the same"
            return f"{what} that cannot be seen on {where} {'were' if total != 1 else 'was'} {became}."
        case WarningKind.FORM | WarningKind.ATTACHMENTS | WarningKind.LAYERS | WarningKind.OTHER:
            raise ValueError(f"{kind} is of no page")


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
