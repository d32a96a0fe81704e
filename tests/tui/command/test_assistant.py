"""What an assistant is told: texts, places in them, and pages as pictures that any program reads."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from engine.base.errors import HotfolioError
from engine.facade.engine import Engine
from engine.job.snapshot import Picture
from engine.settings.settings import Settings
from tests import pdfs
from tui.command.assistant import Assistant, png


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("assistant")
    settings = Settings(input=folder / "input", output=folder / "output", num_workers=1, ocr="never")
    with Engine(settings.model_copy(update={"backend": "in-memory"}), watch=False) as engine:
        yield engine


@pytest.fixture(scope="module")
def file(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("documents") / "a.pdf"
    file.write_bytes(pdfs.text_pages(2))
    return file


def test_a_document_is_converted_once_and_its_text_given(engine: Engine, file: Path) -> None:
    first, again = (Assistant(engine).convert(str(file)) for _ in range(2))
    assert first == again
    assert first.startswith("job 1, a.pdf: done, 2 of 2 pages")
    assert "marker-2" in first
    assert len(engine.select()) == 1


def test_words_are_found_in_results(engine: Engine, file: Path) -> None:
    assistant = Assistant(engine)
    assistant.convert(str(file))
    assert assistant.search("MARKER-2").startswith("job 1, a.pdf: ")
    assert assistant.search("nowhere") == "No result has these words."
    assert "1 done" in assistant.status()
    assert assistant.status(1).startswith("job 1, a.pdf: done")


def test_what_cannot_be_is_a_sentence(engine: Engine, file: Path, tmp_path: Path) -> None:
    assistant = Assistant(engine)
    for ask in (
        lambda: assistant.convert("a.pdf"),
        lambda: assistant.convert(str(tmp_path / "gone.pdf")),
        lambda: assistant.search(" "),
        lambda: assistant.status(99),
    ):
        with pytest.raises(HotfolioError):
            ask()


def test_who_has_waited_long_enough_is_told_where_to_ask(engine: Engine, tmp_path: Path) -> None:
    other = tmp_path / "other.pdf"
    other.write_bytes(pdfs.text_pages(1))
    engine.pause()
    try:
        assert Assistant(engine, 0).convert(str(other)).startswith("It takes longer, as job ")
    finally:
        engine.resume()


def test_a_picture_is_a_png() -> None:
    pixels = bytes(range(18))
    with Image.open(io.BytesIO(png(Picture(2, 3, pixels)))) as image:
        assert (image.size, image.mode, image.tobytes()) == ((2, 3), "RGB", pixels)
