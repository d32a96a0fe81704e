r"""What a formula's element says that it is in LaTeX: by a file of its own, as LaTeX's tagging has it, or by its text.

Such a file is associated with the element (PDF 2.0, 14.13) and holds the source, dollar signs and environment included.
The alternative text of a formula is LaTeX where it has commands or scripts of it.
"""

import re
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page import latex

_TEX = "application/x-tex"
_MOST = 20_000
"""Bytes of one formula."""
_MOST_FILES = 8
_LOOKS = re.compile(r"\\[a-zA-Z]{2,}|[\^_]\{|[\w)}][\^_][\w\\]")
_AROUND = re.compile(r"^LaTeX formula starts\s*|\s*LaTeX formula ends\s*$")
_PLAIN = re.compile(r"\\(?:begin|end)\s*\{(?:equation|displaymath|math)\*?\}|\\label\s*\{[^{}]*\}|\\no(?:number|tag)\b")
_LINES = {"align": "aligned", "flalign": "aligned", "eqnarray": "aligned", "gather": "gathered", "multline": "gathered"}
_ENVIRONMENT = re.compile(rf"\\(begin|end)\s*\{{({'|'.join(_LINES)})\*?\}}")


def stated_latex(element: Any) -> str:
    """The LaTeX of a formula's element, without what sets it apart; empty if it has none."""
    for file in _items(mupdf.ll_pdf_dict_gets(element, "AF")):
        source = _source(file)
        if source:
            return _bare(source)
    for name in ("Alt", "ActualText"):
        text = mupdf.ll_pdf_dict_gets(element, name)
        written = _AROUND.sub("", mupdf.ll_pdf_to_text_string(text)).strip() if text else ""
        if _LOOKS.search(written):
            return _bare(written)
    return ""


def _items(files: Any) -> list[Any]:
    if not files:
        return []
    if not mupdf.ll_pdf_is_array(files):
        return [files]
    return [mupdf.ll_pdf_array_get(files, place) for place in range(min(mupdf.ll_pdf_array_len(files), _MOST_FILES))]


def _source(file: Any) -> str:
    """What an associated file says, if it is TeX."""
    stream = mupdf.ll_pdf_dict_getp(file, "EF/F")
    if not stream or not mupdf.ll_pdf_is_stream(stream):
        return ""
    kind = mupdf.ll_pdf_dict_get(stream, pymupdf.PDF_NAME("Subtype").m_internal)
    if not kind or mupdf.ll_pdf_to_name(kind) != _TEX:
        return ""
    data = bytes(mupdf.ll_fz_buffer_extract_copy(mupdf.ll_pdf_load_stream(stream)))
    return data.decode("utf-8", "replace") if len(data) <= _MOST else ""


def _bare(source: str) -> str:
    plain = _PLAIN.sub("", latex.bare(source))
    return latex.bare(_ENVIRONMENT.sub(lambda found: f"\\{found[1]}{{{_LINES[found[2]]}}}", plain))
