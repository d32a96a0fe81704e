"""Pictures of pages: one rendering serves all of them, and a TIFF holds every page."""

import io
from pathlib import Path

import pymupdf
import pytest
from PIL import Image, ImageChops

from engine.convert.formats import pictures as pageimage
from engine.convert.formats import tiff as tiffpages
from engine.convert.open.document import Document
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from tests import pdfs
from tests.engine.convert.converting import Conversion, conversion

__all__ = ["conversion"]


def drawn(*kinds: str) -> bytes:
    """A page of each kind, half an inch high."""
    pdf = pymupdf.open()
    for kind in kinds:
        page = pdf.new_page(width=72, height=36)
        match kind:
            case "black":  # on pixel borders at 72 dpi, so without grey
                page.draw_rect((10, 10, 20, 20), color=None, fill=(0, 0, 0))
            case "grey":
                page.draw_rect((10, 10, 20, 20), color=None, fill=(0.5, 0.5, 0.5))
            case "colour":
                page.draw_rect((10, 10, 20, 20), color=None, fill=(1, 0, 0))
            case "photograph":
                noise = Image.effect_noise((72, 36), 90)
                image = Image.merge("RGB", (noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_TOP_BOTTOM)))
                buffer = io.BytesIO()
                image.save(buffer, "PNG")
                page.insert_image(page.rect, stream=buffer.getvalue())
    return bytes(pdf.tobytes())


def frames(file: Path) -> list[Image.Image]:
    found = []
    with Image.open(file) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            found.append(image.copy())
            found[-1].info |= image.info | {"tags": dict(image.tag_v2)}  # type: ignore[attr-defined]
    return found


def test_a_tiff_holds_every_page_each_compressed_as_suits_it(conversion: Conversion) -> None:
    source = drawn("black", "grey", "colour", "photograph")
    converted = conversion.run(source, formats="tiff,png", dpi=72)
    pages = frames(converted.out / "a.tiff")
    assert [(page.mode, page.info["compression"]) for page in pages] == [
        ("1", "group4"), ("L", "tiff_adobe_deflate"), ("RGB", "tiff_adobe_deflate"), ("RGB", "jpeg"),
    ]  # fmt: skip
    assert [page.info["dpi"] for page in pages] == [(72, 72)] * 4
    for number, page in enumerate(pages, 1):
        with Image.open(converted.out / "pages" / f"{number:04d}.png") as png:
            difference = ImageChops.difference(page.convert("RGB"), png)
        assert max(high for _, high in difference.getextrema()) <= (60 if number == 4 else 0)
        tags = page.info["tags"]
        assert (tags[254], tags[285], tags[297]) == (2, str(number), (number - 1, 4))
    assert sorted(path.name for path in converted.out.iterdir()) == ["a.tiff", "pages"]


def test_a_tiff_of_4_gb_has_long_offsets(conversion: Conversion) -> None:
    source = drawn("black", "colour")
    small = conversion.run(source, formats="tiff").out / "a.tiff"
    assert small.read_bytes()[2] == 42
    before = [page.tobytes() for page in frames(small)]
    conversion.patch.setattr(tiffpages, "CLASSIC_LIMIT", 1000)
    large = conversion.run(source, formats="tiff").out / "a.tiff"
    assert large.read_bytes()[2] == 43
    assert [page.tobytes() for page in frames(large)] == before


def test_a_failed_page_has_no_pictures_and_the_others_keep_their_order(conversion: Conversion) -> None:
    def fail_once(image: Image.Image, file: Path, dpi: float) -> None:
        if file.name == "0002.tiff":
            raise ValueError("no luck")
        save(image, file, dpi)

    save = tiffpages.save_page
    conversion.patch.setattr(tiffpages, "save_page", fail_once)
    converted = conversion.run(drawn("black", "grey", "colour"), formats="tiff")
    assert [result.state for result in converted.results] == [PageState.OK, PageState.FAILED, PageState.OK]
    assert [page.info["tags"][285] for page in frames(converted.out / "a.tiff")] == ["1", "3"]


@pytest.mark.parametrize(("size", "expected"), [(64, (45, 64)), (512, (362, 512))])
def test_thumbnails_have_their_longer_side_as_asked(
    conversion: Conversion, size: int, expected: tuple[int, int]
) -> None:
    converted = conversion.run(pdfs.text_pages(2), formats="thumbnails", thumbnail_size=size)
    files = sorted((converted.out / "thumbnails").iterdir())
    assert [file.name for file in files] == ["0001.webp", "0002.webp"]
    for file in files:
        with Image.open(file) as image:
            assert (image.format, image.size) == ("WEBP", expected)
            assert image.convert("L").getextrema()[0] < 200  # there is something on it
    assert not (converted.out / "pages").exists()


def test_one_rendering_serves_all_pictures_of_a_page(conversion: Conversion) -> None:
    zooms: list[float] = []

    class Counting(pageimage._Picture):
        def __init__(self, page: pymupdf.Page, zoom: float) -> None:
            zooms.append(zoom)
            super().__init__(page, zoom)

    conversion.patch.setattr(pageimage, "_Picture", Counting)
    source = pdfs.text_pages(1)
    conversion.run(source, formats="png,jpg,webp,tiff,thumbnails", dpi=72)
    assert zooms == [1]
    # A picture smaller than the thumbnail is to be cannot serve.
    conversion.run(source, formats="png,thumbnails", dpi=18)
    assert zooms[1:] == [0.25, pytest.approx(2 * 256 / 842, rel=0.01)]


def test_a_page_that_is_hardly_higher_than_a_line_has_a_thumbnail(conversion: Conversion) -> None:
    pdf = pymupdf.open()
    pdf.new_page(width=14_000, height=3)
    converted = conversion.run(pdf.tobytes(), formats="thumbnails")
    with Image.open(converted.out / "thumbnails" / "0001.webp") as image:
        assert image.size == (256, 1)


def test_a_page_that_is_too_large_is_rendered_smaller_in_a_tiff_too(conversion: Conversion) -> None:
    converted = conversion.run(pdfs.huge_page(), formats="tiff", max_pixels=250_000)
    assert frames(converted.out / "a.tiff")[0].size == (500, 500)
    assert "rendered at 2.5 DPI instead of 150" in converted.warnings[0]


def test_a_part_of_a_page_is_rendered_by_itself() -> None:
    pdf = pymupdf.open(stream=drawn("colour"))
    pdf[0].set_rotation(90)  # what is at the left is at the top then
    document = Document(pdf, "", ConvertOptions(), lambda: pdf)
    width, height, rgb = pageimage.thumbnail(document, 1, 36, 72)
    assert (width, height, rgb[:3]) == (36, 72, b"\xff" * 3)
    width, height, rgb = pageimage.thumbnail(document, 1, 40, 40, (17 / 36, 11 / 72, 25 / 36, 19 / 72))
    assert (width, height, set(rgb[0::3]), set(rgb[1::3])) == (40, 40, {255}, {0})
    width, height, _ = pageimage.thumbnail(document, 1, 40, 40, (0.5, 0.5, 0.5, 0.5))
    assert min(width, height) >= 1
