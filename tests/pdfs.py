"""The PDFs the tests convert, made on the spot and the same bytes every time."""

import io
import math
import random
from collections.abc import Iterator, Sequence
from functools import cache

import pymupdf
from PIL import Image

_WORDS = """
amber anchor basket bridge candle copper corner cotton distant evening feather forest garden gentle harbour
hollow island kettle ladder lantern market meadow morning narrow orchard paper pebble quiet river saddle
shadow silver simple summer table timber valley velvet village wander window winter yellow
"""

_CODE = """\
def total(boats):
    count = 0
    for boat in boats:
        count += boat.number
    return count
"""

_WIDTH, _HEIGHT = 595, 842
_MARGIN = 72
# Pages are written in the 14 fonts that need no embedding, by WinAnsi code: this one is U+2022.
_BULLET = "\x95"


@cache
def text_pages(pages: int = 1, *, words_per_page: int = 80, title: str | None = None, is_tagged: bool = True) -> bytes:
    """Born-digital pages, each with a heading, two paragraphs and, on page N, the word `marker-N`.

    A page without tags is read by the layout model, which takes some twenty times as long.
    """
    doc = pymupdf.open()
    # As many points as the page has room for, since text that does not fit is not written at all.
    size = min(11.0, 11 * math.sqrt(450 / max(words_per_page, 1)))
    for number in range(1, pages + 1):
        page = _new_page(doc)
        y = _write(page, _MARGIN, f"Page {number} of {pages}", size=20, font="hebo")
        first = words_per_page // 2
        opening = f"The word to find here is marker-{number}."
        y = _write(page, y, f"{opening} {_prose(first, seed=2 * number)}", size=size)
        _write(page, y, _prose(words_per_page - first, seed=2 * number + 1), size=size)
    if is_tagged:
        _tag(doc, ("H1", "P", "P"))
    if title is not None:
        doc.set_metadata({"title": title})
    return _finish(doc)


def printed(*pages: Sequence[str], is_tagged: bool = True) -> bytes:
    """A page for each of these sequences of lines, tagged as one paragraph; see `text_pages`."""
    doc = pymupdf.open()
    for lines in pages:
        doc.new_page().insert_text((_MARGIN, 200), list(lines))
    if is_tagged:
        _tag(doc, ("P",))
    return bytes(doc.tobytes())


def report() -> bytes:
    """Five pages with headings on three levels, lists, a table, code, a picture, headers and footers."""
    doc = pymupdf.open()

    page = _new_page(doc)
    y = _write(page, _MARGIN, "Report of the Harbour Survey", size=24, font="hebo")
    y = _write(page, y, _prose(70, seed=101))
    y = _write(page, y, "Introduction", size=17, font="hebo")
    y = _write(page, y, _prose(60, seed=102))
    y = _write(page, y, "Scope of the survey", size=13, font="hebo")
    _write(page, y, _prose(80, seed=103))

    page = _new_page(doc)
    y = _write(page, _MARGIN, "Lists", size=17, font="hebo")
    y = _write(page, y, _prose(40, seed=104))
    y = _write(page, y, "What was counted", size=13, font="hebo")
    for item in ("Boats at the old quay", "Lanterns along the bridge", "Ladders on the market side"):
        y = _write(page, y, f"{_BULLET} {item}", indent=18, gap=4)
    y = _write(page, y + 8, "How it was counted", size=13, font="hebo")
    for number, item in enumerate(("Walk the quay at dawn", "Note every boat", "Compare with last year"), 1):
        y = _write(page, y, f"{number}. {item}", indent=18, gap=4)
    _write(page, y + 8, _prose(60, seed=105))

    page = _new_page(doc)
    y = _write(page, _MARGIN, "Results", size=17, font="hebo")
    y = _write(page, y, _prose(40, seed=106))
    y = _table(
        page,
        y,
        (
            ("Place", "Boats", "Lanterns", "Ladders"),
            ("Old quay", "41", "12", "7"),
            ("Bridge", "3", "28", "2"),
            ("Market side", "19", "16", "11"),
            ("Total", "63", "56", "20"),
        ),
    )
    _write(page, y, _prose(60, seed=107))

    page = _new_page(doc)
    y = _write(page, _MARGIN, "Method", size=17, font="hebo")
    y = _write(page, y, _prose(40, seed=108))
    y = _write(page, y, _CODE, size=10, font="cour", indent=18)
    _write(page, y, _prose(60, seed=109))

    page = _new_page(doc)
    y = _write(page, _MARGIN, "Pictures", size=17, font="hebo")
    y = _write(page, y, _prose(40, seed=110))
    page.insert_image(pymupdf.Rect(_MARGIN, y, _MARGIN + 320, y + 200), stream=_picture())
    y = _write(page, y + 208, "Figure 1: Colours of the water", size=9, font="heit")
    _write(page, y, _prose(60, seed=111))

    for number, page in enumerate(doc, 1):
        _write(page, 34, "Harbour Survey, running header", size=9, font="heit")
        _write(page, _HEIGHT - 50, f"Page {number}", size=9, indent=208)
    doc.set_metadata({"title": "Report of the Harbour Survey"})
    return _finish(doc)


def two_columns() -> bytes:
    """One page with a title over two columns, which end in `end-left` and `end-right`."""
    doc = pymupdf.open()
    page = _new_page(doc)
    y = _write(page, _MARGIN, "Two columns", size=20, font="hebo")
    column, gutter = 212, 27
    for indent, name, seed in ((0, "left", 201), (column + gutter, "right", 211)):
        below = y
        for paragraph in range(4):
            below = _write(page, below, _prose(45, seed=seed + paragraph), indent=indent, width=column)
        _write(page, below, f"This column ends here: end-{name}.", indent=indent, width=column)
    return _finish(doc)


def scanned(text: Sequence[str], *, dpi: int = 150, angle: float = 0) -> bytes:
    """One page for each string, as a picture of it and without a text layer, askew by `angle` degrees."""
    doc = pymupdf.open()
    for words in text:
        drawn = pymupdf.open()
        page = _new_page(drawn)
        _write(page, _MARGIN, words, size=16, font="tiro")
        pixmap = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
        drawn.close()
        image = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
        image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
        page = _new_page(doc)
        page.insert_image(page.rect, stream=_encoded(image, "JPEG"))
    return _finish(doc)


@cache
def encrypted(password: str, pages: int = 1) -> bytes:
    """`text_pages` under AES-256, the same bytes only within one run, since the keys are salted at random."""
    doc = pymupdf.open(stream=text_pages(pages), filetype="pdf")
    data: bytes = doc.tobytes(
        deflate=True,
        encryption=pymupdf.PDF_ENCRYPT_AES_256,
        user_pw=password,
        owner_pw=f"owner of {password}",
    )
    doc.close()
    return data


def damaged() -> bytes:
    """Noise behind the signature of a PDF, in which no repair finds a page."""
    return b"%PDF-1.7\n" + random.Random(301).randbytes(4096) + b"\n%%EOF\n"


def truncated(pages: int = 3) -> bytes:
    """`text_pages` cut off at 60 %, so without `%%EOF`; repair recovers part of the text."""
    data = text_pages(pages)
    return data[: len(data) * 6 // 10]


def not_a_pdf() -> bytes:
    """Plain text, whatever its file name says."""
    return b"This is a note, not a PDF.\n"


def huge_page(inches: float = 200) -> bytes:
    """One square page with sides of so many inches."""
    doc = pymupdf.open()
    points = inches * 72
    page = doc.new_page(width=points, height=points)
    page.insert_text((points / 10, points / 5), "A huge page", fontsize=points / 12)
    return _finish(doc)


def empty_page() -> bytes:
    """One page with nothing on it."""
    doc = pymupdf.open()
    _new_page(doc)
    return _finish(doc)


def with_outline_and_form() -> bytes:
    """Three pages with an outline of three entries and, on the first, a form of two filled text fields."""
    doc = pymupdf.open()
    headings = ("Application", "Conditions", "Notes")
    for number, heading in enumerate(headings):
        page = _new_page(doc)
        y = _write(page, _MARGIN, heading, size=20, font="hebo")
        _write(page, y, _prose(60, seed=401 + number))
    for row, (name, value) in enumerate((("place", "Old quay"), ("boat", "Silver Feather"))):
        y = 300 + 40 * row
        _write(doc[0], y, f"{name.capitalize()}:")
        field = pymupdf.Widget()
        field.field_type = pymupdf.PDF_WIDGET_TYPE_TEXT
        field.field_name = name
        field.field_value = value
        field.text_fontsize = 11
        field.rect = pymupdf.Rect(_MARGIN + 60, y, _MARGIN + 300, y + 18)
        doc[0].add_widget(field)
    doc.set_toc([[1, headings[0], 1], [2, headings[1], 2], [1, headings[2], 3]])
    return _finish(doc)


def rotated() -> bytes:
    """One upright page with `/Rotate 90`, on which the text reads along the long side."""
    doc = pymupdf.open()
    page = _new_page(doc)
    page.set_rotation(90)
    for top, size, text in ((_MARGIN, 20, "A rotated page"), (120, 11, _prose(60, seed=501))):
        shown = pymupdf.Rect(_MARGIN, top, _HEIGHT - _MARGIN, top + 200)
        page.insert_textbox(shown * page.derotation_matrix, text, fontsize=size, rotate=page.rotation)
    return _finish(doc)


def unicode_text() -> bytes:
    """One page with accents, Greek, Cyrillic, ligatures, Chinese, Japanese and Korean."""
    doc = pymupdf.open()
    page = _new_page(doc)
    writer = pymupdf.TextWriter(page.rect)
    font = pymupdf.Font("tiro")
    lines = (
        "Accents: déjà vu, naïve façade, Ærøskøbing, žluťoučký kůň, señor",
        "Greek: αβγδε, λόγος, Ελλάδα",
        "Cyrillic: привет, книга",
        "Ligatures: ﬁne ﬂowers",
        "Signs: € “quoted” – dash … 50 %",
    )
    for row, line in enumerate(lines):
        writer.append((_MARGIN, 100 + 30 * row), line, font=font, fontsize=14)
    writer.write_text(page)
    for row, (fontname, line) in enumerate(
        (("china-s", "中文：你好，世界"), ("japan", "日本語：こんにちは"), ("korea", "한국어: 안녕하세요"))
    ):
        page.insert_text((_MARGIN, 260 + 30 * row), line, fontname=fontname, fontsize=14)
    doc.subset_fonts()
    return _finish(doc)


def many(count: int, *, is_tagged: bool = True) -> Iterator[tuple[str, bytes]]:
    """So many names and small PDFs of one page, each with its own number in the text."""
    placeholder = "######"
    doc = pymupdf.open()
    page = _new_page(doc)
    y = _write(page, _MARGIN, f"Document {placeholder}", size=20, font="hebo")
    _write(page, y, _prose(30, seed=601))
    if is_tagged:
        _tag(doc, ("H1", "P"))
    template = _finish(doc, compressed=False)
    # Strings are hexadecimal in there. A number has the placeholder's length, so that all offsets stay right.
    before, after = template.split(placeholder.encode().hex().encode())
    for number in range(1, count + 1):
        digits = f"{number:0{len(placeholder)}}"
        yield f"document-{digits}.pdf", before + digits.encode().hex().encode() + after


def _new_page(doc: pymupdf.Document) -> pymupdf.Page:
    return doc.new_page(width=_WIDTH, height=_HEIGHT)


def _write(
    page: pymupdf.Page,
    y: float,
    text: str,
    *,
    size: float = 11,
    font: str = "helv",
    indent: float = 0,
    width: float | None = None,
    gap: float = 10,
) -> float:
    """Write wrapped text with its top at `y`, and return where the next block starts."""
    # Not `insert_textbox`: the lines it draws are farther apart than in the height it returns.
    x, leading = _MARGIN + indent, 1.4
    lines = _wrapped(text, size, font, _WIDTH - _MARGIN - x if width is None else width)
    end = y + len(lines) * size * leading
    if end > _HEIGHT - 30:
        raise ValueError(f"no room on the page for {text[:40]!r}")
    page.insert_text((x, y + size), lines, fontsize=size, fontname=font, lineheight=leading)
    return end + gap


def _tag(doc: pymupdf.Document, roles: Sequence[str]) -> None:
    """Have each page's pieces of content, as many as there are roles, be in a structure tree."""
    root, parents = doc.get_new_xref(), doc.get_new_xref()
    elements, rows = [], []
    for page in doc:
        row = []
        for mark, (role, content) in enumerate(zip(roles, page.get_contents(), strict=True)):
            doc.update_stream(
                content, b"/%s <</MCID %d>> BDC\n%s\nEMC" % (role.encode(), mark, doc.xref_stream(content))
            )
            element = doc.get_new_xref()
            doc.update_object(element, f"<</Type/StructElem/S/{role}/P {root} 0 R/Pg {page.xref} 0 R/K {mark}>>")
            row.append(f"{element} 0 R")
        doc.xref_set_key(page.xref, "StructParents", str(page.number))
        elements += row
        rows.append(f"{page.number} [{' '.join(row)}]")
    doc.update_object(parents, f"<</Nums [{' '.join(rows)}]>>")
    doc.update_object(root, f"<</Type/StructTreeRoot/K [{' '.join(elements)}]/ParentTree {parents} 0 R>>")
    doc.xref_set_key(doc.pdf_catalog(), "StructTreeRoot", f"{root} 0 R")
    doc.xref_set_key(doc.pdf_catalog(), "MarkInfo", "<</Marked true>>")


def _wrapped(text: str, size: float, font: str, width: float) -> list[str]:
    lines: list[str] = []
    for paragraph in text.splitlines():
        line, *words = paragraph.split(" ")
        length = _length(line, font)
        for word in words:
            longer = length + _length(" ", font) + _length(word, font)
            if longer * size > width:
                lines.append(line)
                line, length = word, _length(word, font)
            else:
                line, length = f"{line} {word}", longer
        lines.append(line)
    return lines


@cache
def _length(text: str, font: str) -> float:
    """Of a word in 1 point; to measure a line is slow."""
    return float(pymupdf.get_text_length(text, fontname=font, fontsize=1))


def _table(page: pymupdf.Page, y: float, rows: Sequence[Sequence[str]]) -> float:
    """Draw a ruled table with its top at `y`, and return where the next block starts."""
    column, height = 100, 22
    for row, cells in enumerate(rows):
        for col, text in enumerate(cells):
            left, top = _MARGIN + column * col, y + height * row
            page.draw_rect((left, top, left + column, top + height), width=0.7)
            font = "helv" if row else "hebo"
            page.insert_text((left + 5, top + 15), text, fontsize=10, fontname=font)
    return y + height * len(rows) + 14


def _prose(words: int, *, seed: int) -> str:
    """So many words in sentences that look like English from afar."""
    choose = random.Random(seed)
    vocabulary = _WORDS.split()
    sentences = []
    while words > 0:
        length = min(words, choose.randint(7, 13))
        sentences.append(" ".join(choose.choices(vocabulary, k=length)).capitalize() + ".")
        words -= length
    return " ".join(sentences)


def _picture() -> bytes:
    ramp = Image.linear_gradient("L")
    channels = (ramp, ramp.rotate(90), ramp.rotate(180))
    return _encoded(Image.merge("RGB", channels).resize((320, 200)), "PNG")


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=85)
    return buffer.getvalue()


def _finish(doc: pymupdf.Document, *, compressed: bool = True) -> bytes:
    data: bytes = doc.tobytes(garbage=3, deflate=compressed, expand=not compressed, no_new_id=True)
    doc.close()
    return data
