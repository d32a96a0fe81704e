"""Documents that are no PDFs become one, with their text, links, outline, pictures and sizes."""

import io
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageOps

from engine.convert.open import frompictures as pictures
from engine.convert.open.document import CannotOpen
from engine.convert.open.otherkinds import kind_to_open, make_pdf, single_page, working_copy
from engine.job.options import DocumentKind
from engine.sandbox.protocol import CONVERTED, SOURCE
from tests import documents, pdfs

ALL = tuple(DocumentKind)
RED, WHITE = (255, 0, 0), (255, 255, 255)
Made = Callable[..., pymupdf.Document]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The PDF made of a document with a name; its warnings are in `.warnings`."""
    monkeypatch.chdir(tmp_path)

    def make(name: str, content: bytes) -> pymupdf.Document:
        Path(SOURCE).write_bytes(content)
        Path(CONVERTED).unlink(missing_ok=True)
        warnings = make_pdf(name, ALL, lambda _: None)
        assert make_pdf(name, ALL, lambda _: None) == warnings, "made once, and its warnings are kept"
        pdf = pymupdf.open(working_copy())
        pdf.warnings = warnings
        return pdf

    return make


def colour_at(page: pymupdf.Page, across: float, down: float) -> tuple[int, ...]:
    """The colour at a place, by parts of the page's width and height; each component is 0 or 255, if it is near."""
    pixmap = page.get_pixmap(alpha=False)
    found = pixmap.pixel(int(pixmap.width * across), int(pixmap.height * down))
    return tuple(255 if value > 200 else 0 if value < 55 else value for value in found)


def inches(page: pymupdf.Page) -> tuple[float, float]:
    return round(page.rect.width / 72, 2), round(page.rect.height / 72, 2)


# --- books and drawings ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.epub", documents.epub()),
        ("a.epub", documents.epub(encrypted_by="http://www.idpf.org/2008/embedding")),
        ("a.fb2", documents.FB2),
        ("a.mobi", documents.mobi()),
        ("a.svg", documents.svg()),
    ],
)
def test_text_stays_text(made: Made, name: str, content: bytes) -> None:
    pdf = made(name, content)
    assert "marker-1" in pdf[0].get_text()
    assert pdf.warnings == []
    single = single_page(Path(SOURCE), kind_to_open(Path(SOURCE), name, ALL), 1)
    assert single.page_count == 1
    assert single[0].get_text() == pdf[0].get_text()


def test_a_book_keeps_links_outline_and_title(made: Made) -> None:
    pdf = made("a.epub", documents.epub(chapters=3))
    assert pdf.get_toc() == [[1, f"Chapter {n}", n] for n in (1, 2, 3)]
    assert pdf.metadata["title"] == "Harbour Book"
    for page in pdf:
        links = {link.get("uri") or link["page"] for link in page.get_links()}
        assert links == {"https://example.org/", (page.number + 1) % 3}


def test_a_long_book_is_made_of_chapters_and_tells_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(SOURCE).write_bytes(documents.epub(chapters=30, paragraphs=100))
    heard: list[int] = []
    make_pdf("a.epub", ALL, heard.append)
    with pymupdf.open(CONVERTED) as pdf:
        assert pdf.page_count > 200
        assert max(heard) == pdf.page_count
        assert len(heard) > 2 * pdf.page_count
        assert "marker-30" in "".join(page.get_text() for page in pdf.pages(-20, pdf.page_count))
        first_page_of_last = pdf.get_toc()[-1][2] - 1
        assert any(link.get("page") == first_page_of_last for page in pdf for link in page.get_links())


def test_drawings_of_an_xps_are_drawn(made: Made) -> None:
    page = made("a.xps", documents.xps())[0]
    assert inches(page) == (3.12, 2.08)
    assert (colour_at(page, 0.1, 0.1), colour_at(page, 0.9, 0.9)) == (RED, WHITE)


def test_nothing_outside_the_document_is_read(made: Made, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(documents.picture(size=(600, 600)))
    places = ("secret.png", "../secret.png", f"{tmp_path}/secret.png", f"file://{tmp_path}/secret.png")
    drawn = "".join(f'<image x="0" y="0" width="300" height="200" xlink:href="{place}"/>' for place in places)
    shown = "".join(f'<p><img src="{place}" width="600" height="600"/></p>' for place in places)
    for page in (made("a.svg", documents.svg(drawn))[0], made("a.epub", documents.epub(1, 0, body=shown))[0]):
        assert page.get_images() == []
        samples = page.get_pixmap(alpha=False).samples
        assert RED not in {tuple(samples[at : at + 3]) for at in range(0, len(samples), 3)}


def test_a_drawing_of_any_size_becomes_a_page_that_there_can_be(made: Made) -> None:
    assert made("a.svg", documents.svg(width="1e12", height="1e11"))[0].rect == pymupdf.Rect(0, 0, 14400, 1440)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.epub", documents.epub()[:700], "The EPUB is damaged beyond repair"),
        ("a.xps", documents.zipped({"a": b""}), "The XPS is damaged beyond repair"),
        ("a.cbz", documents.zipped({"a.txt": b""}), "The CBZ has no picture that can be read."),
        ("a.cbz", documents.zipped({"a.png": b"x"})[:-30], "The CBZ is damaged beyond repair."),
        ("a.cbz", documents.zipped({"a.png": b"x"}), "The CBZ has no picture that can be read. The picture a.png"),
        ("a.png", documents.picture()[:20], "The PNG is damaged beyond repair."),
        ("a.tif", b"II*\0" + b"\xff" * 100, "The TIFF is damaged beyond repair."),
        ("a.webp", b"RIFF\x10\0\0\0WEBP" + b"x" * 40, "The WEBP is damaged beyond repair."),
        ("a.mobi", documents.mobi()[:100], "The MOBI is damaged beyond repair"),
        (
            "a.epub",
            documents.epub(encrypted_by="http://www.w3.org/2001/04/xmlenc#aes128-cbc"),
            "The EPUB is locked by its publisher",
        ),
    ],
)
def test_what_cannot_be_read_is_a_sentence_that_says_what_it_is(
    made: Made, name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(CannotOpen, match=sentence) as error:
        made(name, content)
    assert SOURCE not in str(error.value)
    assert not Path(CONVERTED).exists()


# --- pictures ---


@pytest.mark.parametrize(
    ("file_format", "saved", "size"),
    [
        ("PNG", {"dpi": (200, 200)}, (2.0, 1.0)),
        ("JPEG", {"dpi": (200, 200)}, (2.0, 1.0)),
        ("TIFF", {"dpi": (200, 100)}, (2.0, 2.0)),
        ("PNG", {}, (4.17, 2.08)),  # the resolution of a screen
        ("JPEG", {"dpi": (72, 72)}, (4.17, 2.08)),  # what cameras write that know of none
        ("GIF", {}, (4.17, 2.08)),
        ("BMP", {}, (4.17, 2.08)),
        ("WEBP", {"lossless": True}, (4.17, 2.08)),
    ],
)
def test_a_picture_is_a_page_at_its_resolution(
    made: Made, file_format: str, saved: dict[str, object], size: tuple[float, float]
) -> None:
    pdf = made("a", documents.picture(file_format, **saved))
    assert pdf.page_count == 1
    assert inches(pdf[0]) == size
    assert [colour_at(pdf[0], x, y) for x, y in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8))] == [RED, WHITE, WHITE]


def test_a_large_picture_without_a_resolution_is_no_larger_than_a4(made: Made) -> None:
    assert made("a", documents.picture("GIF", (2480, 3508)))[0].rect.height == pytest.approx(842)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_shown_as_its_camera_was_held(made: Made, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = documents.picture("JPEG", exif=exif, quality=95)
    with Image.open(io.BytesIO(photo)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    page = made("a.jpg", photo)[0]
    assert page.rotation == 0
    assert (page.rect.width > page.rect.height) == (upright.width > upright.height)
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)):
        expected = upright.getpixel((int(upright.width * x), int(upright.height * y)))
        assert colour_at(page, x, y) == tuple(255 if value > 200 else 0 for value in expected)  # type: ignore[union-attr]


def test_a_photo_is_put_on_its_page_as_it_is(made: Made) -> None:
    photo = documents.picture("JPEG")
    pdf = made("a.jpg", photo)
    assert pdf.extract_image(pdf[0].get_images()[0][0])["image"] == photo


@pytest.mark.parametrize("file_format", ["TIFF", "GIF"])
def test_each_frame_is_a_page(made: Made, file_format: str) -> None:
    pdf = made("a", documents.picture(file_format, frames=("lime", "blue")))
    assert [colour_at(page, 0.2, 0.2) for page in pdf] == [RED, (0, 255, 0), (0, 0, 255)]
    assert colour_at(single_page(Path(SOURCE), kind_to_open(Path(SOURCE), "a", ALL), 3)[0], 0.2, 0.2) == (0, 0, 255)


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("PNG", "1"), ("PNG", "L"), ("PNG", "P"), ("PNG", "RGBA"), ("PNG", "LA"), ("TIFF", "CMYK"), ("JPEG", "CMYK"),
     ("PNG", "I;16"), ("TIFF", "1")],
)  # fmt: skip
def test_paper_is_white_in_every_mode(made: Made, file_format: str, mode: str) -> None:
    content = documents.picture(file_format, mode="L" if mode == "I;16" else mode)
    if mode == "I;16":
        target = io.BytesIO()
        Image.new("I;16", (40, 20), 65_535).save(target, "PNG")
        content = target.getvalue()
    page = made("a", content)[0]
    assert colour_at(page, 0.8, 0.8) == WHITE


def test_what_is_transparent_is_paper(made: Made) -> None:
    target = io.BytesIO()
    Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(target, "PNG")
    assert colour_at(made("a.png", target.getvalue())[0], 0.5, 0.5) == WHITE


def test_a_picture_that_is_cut_off_is_shown_as_far_as_it_goes(made: Made) -> None:
    photo = documents.picture("JPEG", (800, 800))
    pdf = made("a.jpg", photo[: len(photo) // 2])
    assert pdf.warnings == ["The picture is damaged: what could be read of it is shown."]
    assert colour_at(pdf[0], 0.1, 0.05) == RED


def test_a_picture_with_too_many_pixels_is_not_unpacked(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_PIXELS", 1_000_000)
    with pytest.raises(CannotOpen, match="The picture has 2000 by 501 pixels; at most 1 million are read"):
        made("a.png", documents.picture(size=(2000, 501)))


def test_the_pictures_of_a_comic_come_in_the_order_people_expect(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_BYTES", 50_000)
    entries = {f"p{n}.png": documents.picture(size=(100, 100 + n)) for n in (10, 9, 1)}
    entries |= {"p2.webp": documents.picture("WEBP", (100, 102)), "p3.jpg": b"junk", "notes.txt": b"no picture"}
    entries |= {"__MACOSX/p1.png": b"junk", ".hidden.png": b"junk", "p4.bmp": documents.picture("BMP", (400, 400))}
    pdf = made("a.cbz", documents.zipped(entries))
    assert [round(page.rect.height * 96 / 72) for page in pdf] == [101, 102, 192, 192, 109, 110]
    assert pdf.warnings == [
        "The picture p3.jpg is left blank, it cannot be read.",
        "The picture p4.bmp is left blank, it cannot be read: The picture is larger than 0 MB.",
    ]
    assert single_page(Path(SOURCE), DocumentKind.CBZ, 5)[0].rect == pdf[4].rect


# --- what is accepted ---


def test_a_document_of_another_kind_than_accepted_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for content, accept, kind, sentence in (
        (documents.epub(), ("pdf",), "not_accepted", "The file is of kind EPUB, and `accept` takes in PDF alone."),
        (pdfs.text_pages(1), ("png",), "not_accepted", "The file is of kind PDF, and `accept` takes in PNG alone."),
        (b"A note.", ("png", "svg"), "not_a_pdf", "The file is none of PNG, SVG, which are what `accept` takes in."),
        (b"", ("png",), "not_a_pdf", "The file is empty."),
    ):
        file.write_bytes(content)
        with pytest.raises(CannotOpen) as error:
            kind_to_open(file, "a", tuple(map(DocumentKind, accept)))
        assert (error.value.kind, str(error.value)) == (kind, sentence)


def test_a_pdf_is_left_as_it_is(made: Made) -> None:
    made("a.pdf", pdfs.text_pages(1))
    assert working_copy() == Path(SOURCE)
