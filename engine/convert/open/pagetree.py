"""The page tree of a PDF, which says at each node how many pages are below it.

MuPDF takes the root's word for it: with a number that is too small it hides pages, with one that is too big it makes
some up, and with a negative or absurd one it finds none. So the pages are counted: 10 ms for a thousand, seven of which
MuPDF then saves.
"""

from typing import Any

import pymupdf
from pymupdf import mupdf


def mend_counts(pdf: pymupdf.Document) -> str:
    """If the root has it wrong, set all numbers right, in memory; returns a warning for a person, or nothing.

    Call it before any page is looked up: MuPDF keeps what it has found. A tree that is none stays as it is.
    """
    document = pymupdf._as_pdf_document(pdf).m_internal
    root = mupdf.ll_pdf_dict_getp(mupdf.ll_pdf_trailer(document), "Root/Pages")
    if not root or not mupdf.ll_pdf_is_dict(root):
        return ""
    most = mupdf.ll_pdf_xref_len(document)  # more pages than objects MuPDF takes for a mistake
    counted, is_whole = _count(root, most)
    pages = counted[0][1] if counted else 0
    claimed = mupdf.ll_pdf_to_int(mupdf.ll_pdf_dict_gets(root, "Count"))
    if not 0 < pages <= most or pages == claimed:
        return ""
    if pages < claimed <= most and not is_whole:
        return ""  # the number may be right, and pages lost: each of those is to be named as one that failed
    for node, below in counted:
        mupdf.ll_pdf_dict_put_int(node, pymupdf.PDF_NAME("Count").m_internal, below)
    return f"The PDF claims a wrong number of pages; found in it: {pages:,}."


def _count(root: Any, most: int) -> tuple[list[tuple[Any, int]], bool]:
    """Each node with the number of pages below it, the root first, and whether all that is below them is there.

    There are none if the tree goes in circles or is absurdly large.
    """
    is_whole = True
    nodes, above, pages, seen = [root], [0], [0], {mupdf.ll_pdf_to_num(root)}
    for place, node in enumerate(nodes):  # which grows meanwhile, so that no tree is too deep
        kids = mupdf.ll_pdf_dict_gets(node, "Kids")
        for number in range(mupdf.ll_pdf_array_len(kids) if kids else 0):
            kid = mupdf.ll_pdf_array_get(kids, number)
            if not _is_node(kid):
                pages[place] += 1  # whatever it is, as MuPDF counts it
                is_whole &= bool(mupdf.ll_pdf_is_dict(kid))
                continue
            own = mupdf.ll_pdf_to_num(kid)
            if own in seen or len(nodes) > most:
                return [], False
            if own:
                seen.add(own)
            nodes.append(kid)
            above.append(place)
            pages.append(0)
    for place in range(len(nodes) - 1, 0, -1):
        pages[above[place]] += pages[place]
    return list(zip(nodes, pages, strict=True)), is_whole


def _is_node(kid: Any) -> bool:
    kind = mupdf.ll_pdf_dict_gets(kid, "Type")
    if kind:
        return bool(mupdf.ll_pdf_to_name(kind) == "Pages")
    return bool(mupdf.ll_pdf_dict_gets(kid, "Kids"))
