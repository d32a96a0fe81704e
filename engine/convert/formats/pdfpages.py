"""Adds invisible text to pages of a PDF, and changes nothing else of them."""

from collections.abc import Sequence
from pathlib import Path

import pymupdf
from pymupdf import mupdf

from engine.convert.formats.glyphless import GlyphlessFont, add_stream
from engine.convert.formats.hiddentext import renamed, strip_hidden

_FONT = "HotfolioText"
_FORM = "HotfolioForm"
_DEPTH = 5
"""How deep forms are looked for in forms, and fields in fields."""


class PdfPages:
    """The pages of an open document, numbered from 1, on their way into another file."""

    def __init__(self, document: pymupdf.Document) -> None:
        self._document = document
        self._pdf = pymupdf._as_pdf_document(document)
        self._font = GlyphlessFont(self._pdf)

    @staticmethod
    def font_name(number: int) -> str:
        """What a page's text has to call its font; resources can be those of several pages."""
        return f"{_FONT}{number}"

    @property
    def can_be_updated(self) -> bool:
        """Whether what was changed can be put behind the document, which stays as it is."""
        return bool(mupdf.pdf_can_be_saved_incrementally(self._pdf)) and not mupdf.pdf_was_repaired(self._pdf)

    def is_signed(self) -> bool:
        """Whether there is a signature that a change might invalidate."""
        root = mupdf.pdf_dict_gets(mupdf.pdf_trailer(self._pdf), "Root")
        if mupdf.pdf_dict_len(mupdf.pdf_dict_gets(root, "Perms")):
            return True
        return _has_signature(mupdf.pdf_dict_getp(root, "AcroForm/Fields"), 0)

    def add_text(self, number: int, content: str, beyond: Sequence[int]) -> None:
        """Put text (a content stream in the coordinates of the page as it is shown) below all else of a page.

        What comes first needs no care for the state that other content leaves behind. `beyond` are characters as
        `GlyphlessFont` takes them.
        """
        page = self._page(number)
        box, shown = mupdf.FzRect(), mupdf.FzMatrix()
        mupdf.pdf_page_obj_transform(page, box, shown)
        back = mupdf.fz_invert_matrix(shown)
        matrix = " ".join(f"{v:.6g}" for v in (back.a, back.b, back.c, back.d, back.e, back.f))
        layer = add_stream(self._pdf, f"q {matrix} cm\n{content}Q\n".encode("ascii"))
        contents = mupdf.pdf_dict_gets(page, "Contents")
        parts = mupdf.pdf_new_array(self._pdf, 4)
        mupdf.pdf_array_push(parts, layer)
        if mupdf.pdf_is_array(contents):
            for place in range(mupdf.pdf_array_len(contents)):
                mupdf.pdf_array_push(parts, mupdf.pdf_array_get(contents, place))
        elif mupdf.pdf_is_stream(contents):
            mupdf.pdf_array_push(parts, contents)
        mupdf.pdf_dict_puts(page, "Contents", parts)
        fonts = self._entry(self._resources(page), "Font")
        mupdf.pdf_dict_puts(fonts, self.font_name(number), self._font.reference(beyond))

    def strip_hidden_text(self, number: int) -> bool:
        """Remove the invisible text of a page except what `add_text` has added; False if it cannot be told apart."""
        page = self._page(number)
        contents = mupdf.pdf_dict_gets(page, "Contents")
        streams = [mupdf.pdf_array_get(contents, n) for n in range(1, mupdf.pdf_array_len(contents))]
        resources = self._resources(page)
        try:
            # Content may be cut anywhere between two tokens.
            stripped = self._stripped(b"\n".join(map(_content, streams)), resources, f"{_FORM}{number}", 0)
        except (ValueError, RuntimeError):
            return False
        if stripped is None:
            return False
        content, forms = stripped
        for name, form in forms.items():
            mupdf.pdf_dict_puts(self._entry(resources, "XObject"), name, form)
        parts = mupdf.pdf_new_array(self._pdf, 2)
        mupdf.pdf_array_push(parts, mupdf.pdf_array_get(contents, 0))
        mupdf.pdf_array_push(parts, add_stream(self._pdf, content))
        mupdf.pdf_dict_puts(page, "Contents", parts)
        return True

    def keep(self, numbers: Sequence[int]) -> None:
        """Leave out all other pages, with their content."""
        others = {self._document.page_xref(n - 1) for n in range(1, self._document.page_count + 1)}
        others -= {self._document.page_xref(n - 1) for n in numbers}
        self._document.select([n - 1 for n in numbers])
        for xref in others:
            # Tags, fields and the like may still lead to them.
            mupdf.pdf_delete_object(self._pdf, xref)

    def save(self, file: Path, *, update: bool) -> None:
        """Write to a file, or with `update` behind the copy of the document that the file is; keeps its encryption.

        Raises `ValueError` if its encryption cannot be kept, and whatever MuPDF raises.
        """
        encryption = mupdf.pdf_dict_gets(mupdf.pdf_trailer(self._pdf), "Encrypt")
        ways = {mupdf.pdf_to_name(mupdf.pdf_dict_gets(encryption, key)) or "Identity" for key in ("StmF", "StrF")}
        if len(ways) > 1:
            # MuPDF would encrypt streams as strings are.
            raise ValueError("it is encrypted in parts only")
        options = mupdf.PdfWriteOptions()
        options.do_encrypt = pymupdf.PDF_ENCRYPT_KEEP
        options.do_preserve_metadata = 1
        if update:
            options.do_incremental = 1
        else:
            options.do_garbage = 2
            options.do_compress = 1
        mupdf.pdf_save_document(self._pdf, str(file), options)

    def _page(self, number: int) -> mupdf.PdfObj:
        return mupdf.pdf_lookup_page_obj(self._pdf, number - 1)

    def _resources(self, page: mupdf.PdfObj) -> mupdf.PdfObj:
        """A page's resources, perhaps those of other pages too: they may get more entries, and lose none."""
        found = mupdf.pdf_dict_get_inheritable(page, pymupdf.PDF_NAME("Resources"))
        return found if mupdf.pdf_is_dict(found) else self._entry(page, "Resources")

    def _entry(self, parent: mupdf.PdfObj, name: str) -> mupdf.PdfObj:
        """A dictionary in another one, made if there is none."""
        found = mupdf.pdf_dict_gets(parent, name)
        if not mupdf.pdf_is_dict(found):
            found = mupdf.pdf_new_dict(self._pdf, 1)
            mupdf.pdf_dict_puts(parent, name, found)
        return found

    def _stripped(
        self, content: bytes, resources: mupdf.PdfObj, prefix: str, depth: int
    ) -> tuple[bytes, dict[str, mupdf.PdfObj]] | None:
        """A stream without invisible text, and the forms it draws now by their new names; None if there was none.

        Forms may be drawn by other pages as well, so copies of them take their place.
        """
        found = strip_hidden(content)
        forms = mupdf.pdf_dict_gets(resources, "XObject")
        names: dict[bytes, str] = {}
        made: dict[str, mupdf.PdfObj] = {}
        for name in dict.fromkeys(name for _, _, name in found.objects):
            form = mupdf.pdf_dict_gets(forms, name.decode("latin-1"))
            if not _is_form(form) or depth == _DEPTH:
                continue
            inner = mupdf.pdf_dict_gets(form, "Resources")
            within = self._stripped(_content(form), inner if mupdf.pdf_is_dict(inner) else resources, prefix, depth + 1)
            if within is not None:
                names[name] = f"{prefix}-{depth}-{len(names)}"
                made[names[name]] = self._copied_form(form, *within)
        if not found.removed and not made:
            return None
        return renamed(found, {name: other.encode("ascii") for name, other in names.items()}), made

    def _copied_form(self, form: mupdf.PdfObj, content: bytes, forms: dict[str, mupdf.PdfObj]) -> mupdf.PdfObj:
        """A form as another one with other content, in which these forms are drawn."""
        copy = add_stream(self._pdf, content)
        for place in range(mupdf.pdf_dict_len(form)):
            key = mupdf.pdf_dict_get_key(form, place)
            if mupdf.pdf_to_name(key) not in ("Length", "Filter", "DecodeParms", "F", "FFilter", "FDecodeParms"):
                mupdf.pdf_dict_put(copy, key, mupdf.pdf_dict_get_val(form, place))
        if forms:
            resources = mupdf.pdf_copy_dict(mupdf.pdf_dict_gets(form, "Resources"))
            own = mupdf.pdf_dict_gets(resources, "XObject")
            own = mupdf.pdf_copy_dict(own) if mupdf.pdf_is_dict(own) else mupdf.pdf_new_dict(self._pdf, len(forms))
            for name, inner in forms.items():
                mupdf.pdf_dict_puts(own, name, inner)
            mupdf.pdf_dict_puts(resources, "XObject", own)
            mupdf.pdf_dict_puts(copy, "Resources", resources)
        return copy


def _content(stream: mupdf.PdfObj) -> bytes:
    if not mupdf.pdf_is_stream(stream):
        return b""
    return bytes(mupdf.pdf_load_stream(stream).fz_buffer_extract())


def _is_form(found: mupdf.PdfObj) -> bool:
    return bool(mupdf.pdf_is_stream(found)) and mupdf.pdf_to_name(mupdf.pdf_dict_gets(found, "Subtype")) == "Form"


def _has_signature(fields: mupdf.PdfObj, depth: int) -> bool:
    for place in range(mupdf.pdf_array_len(fields) if depth < _DEPTH else 0):
        field = mupdf.pdf_array_get(fields, place)
        kind = mupdf.pdf_to_name(mupdf.pdf_dict_gets(field, "FT"))
        if kind == "Sig" and mupdf.pdf_is_dict(mupdf.pdf_dict_gets(field, "V")):
            return True
        if _has_signature(mupdf.pdf_dict_gets(field, "Kids"), depth + 1):
            return True
    return False
