"""What a PDF holds beyond its pages, and what of its pages is not shown."""

from collections.abc import Callable, Mapping, Sequence

import pymupdf

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


def _attachments(pdf: pymupdf.Document) -> str:
    names = [_name_of(pdf, name) for name in pdf.embfile_names()]
    if not names:
        return ""
    is_portfolio = pdf.xref_get_key(pdf.pdf_catalog(), "Collection")[0] not in _NOTHING
    who = "This is a portfolio; it" if is_portfolio else "The PDF"
    what = f"{len(names):,} attached files" if len(names) > 1 else "an attached file"
    return f"{who} holds {what}, not converted: {_listed(names)}."


def _layers(pdf: pymupdf.Document) -> str:
    names = [str(layer["name"]) for layer in pdf.get_ocgs().values() if not layer["on"]]
    if not names:
        return ""
    what = f"{len(names):,} layers are off, and left out" if len(names) > 1 else "A layer is off, and left out"
    return f"{what}: {_listed(names)}."


BEYOND_PAGES: Mapping[str, Callable[[pymupdf.Document], str]] = {
    "its attachments": _attachments,
    "its layers": _layers,
}
"""By what is looked at: what says in a sentence what there is, or nothing; it raises what PyMuPDF does on bad files."""


def _name_of(pdf: pymupdf.Document, name: str) -> str:
    info = pdf.embfile_info(name)
    return str(info.get("ufilename") or info.get("filename") or name)


def _listed(names: Sequence[str]) -> str:
    listed = [" ".join(name.split())[:100] for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        listed.append(f"and {len(names) - _MOST_NAMES:,} more")
    return ", ".join(listed)
