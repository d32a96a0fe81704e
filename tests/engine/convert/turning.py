"""Turns the pages of a PDF: by what a viewer does with them, or by laying their text another way."""

import pymupdf

QUARTERS = (90, 180, 270)


def rotated(data: bytes, degrees: int) -> bytes:
    """Every page is shown turned with the clock (`/Rotate`)."""
    pdf = pymupdf.open(stream=data, filetype="pdf")
    for page in pdf:
        page.set_rotation(degrees)
    return bytes(pdf.tobytes())


def lying(data: bytes, degrees: int, *, is_shown_upright: bool = False) -> bytes:
    """Every page's content lies turned with the clock; annotations do not move.

    With `is_shown_upright`, pages are rotated back, as those of landscape pages are by many programs.
    """
    pdf = pymupdf.open(stream=data, filetype="pdf")
    for page in pdf:
        width, height = page.rect.width, page.rect.height
        matrix, size = {
            90: (f"0 -1 1 0 0 {width}", (height, width)),
            180: (f"-1 0 0 -1 {width} {height}", (width, height)),
            270: (f"0 1 -1 0 {height} 0", (height, width)),
        }[degrees]
        streams = []
        for text in (f"q {matrix} cm\n", "\nQ\n"):
            xref = pdf.get_new_xref()
            pdf.update_object(xref, "<<>>")
            pdf.update_stream(xref, text.encode())
            streams.append(xref)
        contents = [streams[0], *page.get_contents(), streams[1]]
        pdf.xref_set_key(page.xref, "Contents", "[" + " ".join(f"{xref} 0 R" for xref in contents) + "]")
        pdf.xref_set_key(page.xref, "MediaBox", f"[0 0 {size[0]} {size[1]}]")
        if is_shown_upright:
            page.set_rotation(360 - degrees)
    return bytes(pdf.tobytes())
