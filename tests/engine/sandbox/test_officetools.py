"""What LibreOffice can open, by what is installed of it."""

from pathlib import Path

from engine.job.options import DocumentKind
from engine.sandbox.officetools import OfficeTools


def test_kinds_are_opened_whose_part_is_installed(tmp_path: Path) -> None:
    (tmp_path / "libswlo.so").touch()
    tools = OfficeTools(tmp_path)
    assert tools.kinds == (DocumentKind.DOCX, DocumentKind.ODT)
    assert not tools.problem(DocumentKind.ODT)
    assert "without Calc, which XLSX needs" in tools.problem(DocumentKind.XLSX)
    assert "libreoffice-impress" in tools.problem(DocumentKind.PPTX)


def test_without_it_a_sentence_says_what_to_install() -> None:
    tools = OfficeTools(None)
    assert not tools.kinds
    assert "LibreOffice is not installed" in tools.problem(DocumentKind.DOCX)
