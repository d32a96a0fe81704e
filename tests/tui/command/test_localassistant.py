"""What an assistant on this machine has converted, by the paths of files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import HotfolioError
from engine.facade.engine import Engine
from engine.settings.settings import Settings
from tests import pdfs
from tui.command.localassistant import LocalAssistant


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("assistant")
    settings = Settings(input=folder / "input", output=folder / "output", num_workers=1, ocr="never")
    with Engine(settings.model_copy(update={"backend": "in-memory"}), watch=False) as engine:
        yield engine


def test_a_document_is_converted_once_and_its_text_given(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdfs.text_pages(2))
    first, again = (LocalAssistant(engine).convert(str(file)) for _ in range(2))
    assert first == again
    assert ", a.pdf: done, 2 of 2 pages" in first
    assert "marker-2" in first
    assert [entry.job.name for entry in engine.select()].count("a.pdf") == 1


def test_what_cannot_be_is_a_sentence(engine: Engine, tmp_path: Path) -> None:
    for file in ("a.pdf", str(tmp_path / "gone.pdf")):
        with pytest.raises(HotfolioError):
            LocalAssistant(engine).convert(file)


def test_who_has_waited_long_enough_is_told_where_to_ask(engine: Engine, tmp_path: Path) -> None:
    other = tmp_path / "other.pdf"
    other.write_bytes(pdfs.text_pages(1))
    engine.pause()
    try:
        assert LocalAssistant(engine, 0).convert(str(other)).startswith("It takes longer, as job ")
    finally:
        engine.resume()
