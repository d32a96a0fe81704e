"""What a PDF holds beyond its pages, and what of its pages is not shown."""

from collections.abc import Collection, Sequence

import pymupdf

from engine.convert.page.attachedfile import AttachedFile
from engine.convert.page.formentry import FormEntry

_MOST_NAMES = 10
_NOTHING = ("null", "undefined")


def filled_form(pdf: pymupdf.Document) -> list[FormEntry] | None:
    """What was filled into a form that is not on the pages; None where there is no such form.

    That is one that a viewer is to build from XML; on its pages it says to wait. Some have their fields there too.
    """
    catalog = pdf.pdf_catalog()
    if pdf.xref_get_key(catalog, "AcroForm/XFA")[0] in _NOTHING:
        return None
    is_built = pdf.xref_get_key(catalog, "NeedsRendering")[1] == "true"
    fields = pdf.xref_get_key(catalog, "AcroForm/Fields")[1].replace(" ", "")
    if not is_built and fields not in ("null", "[]"):
        return None
    from engine.convert.open.xfa import read_xfa  # what parses XML takes a while to load

    return read_xfa(pdf)


def is_portfolio(pdf: pymupdf.Document) -> bool:
    """Whether its pages stand before what is attached to it, which is what its reader is to see."""
    return bool(pdf.xref_get_key(pdf.pdf_catalog(), "Collection")[0] not in _NOTHING)


def attachments_told(attached: Sequence[AttachedFile], converted: Collection[int], *, portfolio: bool) -> list[str]:
    """What a reader must know of attached files, some of which are converted, by their places."""
    who = "This is a portfolio; it holds" if portfolio else "The PDF holds"
    told: list[str] = []
    for is_converted in (True, False):
        files = [file for place, file in enumerate(attached) if (place in converted) is is_converted]
        what = f"{len(files):,} attached files" if len(files) > 1 else "an attached file"
        own = "by themselves" if len(files) > 1 else "by itself"
        became = f"converted {own}" if is_converted else "not converted"
        if files:
            told.append(f"{who} {what}, {became}: {_listed([_shown(file) for file in files])}.")
    return told


def layers_off(pdf: pymupdf.Document) -> list[str]:
    """Which layers are not shown, in a sentence if there are any."""
    names = [str(layer["name"])[:100] for layer in pdf.get_ocgs().values() if not layer["on"]]
    if not names:
        return []
    what = f"{len(names):,} layers are off, and left out" if len(names) > 1 else "A layer is off, and left out"
    return [f"{what}: {_listed(names)}."]


def _shown(file: AttachedFile) -> str:
    size = "" if file.size is None else f", {file.size:,} bytes"
    return f"{file.name[:100]} ({file.type}{size})"


def _listed(names: Sequence[str]) -> str:
    listed = [" ".join(name.split()) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        listed.append(f"and {len(names) - _MOST_NAMES:,} more")
    return ", ".join(listed)
