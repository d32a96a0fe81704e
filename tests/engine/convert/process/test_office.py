"""LibreOffice is asked for a PDF of a file of an office program; most of this by a stand-in for it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from engine.convert.process import office
from engine.convert.process.allowance import code
from engine.job.options import DocumentKind
from engine.sandbox.officetools import OfficeTools, installed_office
from engine.sandbox.protocol import CONVERTED, SOURCE
from tests import documents, pdfs

MEMORY = 1 << 30
ALL = tuple(DocumentKind)
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>'
    '<w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
)
HEADING = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Harbour</w:t></w:r></w:p>'
CELL = "<w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc>"
TABLE = f"<w:tbl><w:tr>{CELL.format('Ada')}{CELL.format('12')}</w:tr></w:tbl>"
PRINTS = "import json, os, shutil, sys, urllib.parse, urllib.request\norder = json.load(sys.stdin)\n"
TO = "urllib.request.url2pathname(urllib.parse.urlsplit(order['pdf']).path)"
Asked = Callable[..., str]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Have a program, as Python that knows its `order`, make a PDF of a document with a name; returns the problem."""
    monkeypatch.chdir(tmp_path)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("libmergedlo.so", "libswlo.so"):
        (programs / name).touch()
    (tmp_path / "good.pdf").write_bytes(pdfs.text_pages(1))

    def ask(program: str, name: str = "a.docx", accept: tuple[DocumentKind, ...] = ALL) -> str:
        Path(SOURCE).write_bytes(documents.docx())
        command = (sys.executable, "-c", PRINTS + program)
        return office.make_pdf(name, accept, code(), MEMORY, tools=OfficeTools(programs), command=command)

    return ask


def test_the_pdf_is_put_beside_the_document_and_nothing_else_is_left(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTFOLIO_VLM_KEY", "s3cret")
    notes = tmp_path / "notes"
    program = (
        "of = order['document']\n"
        "said = of[-14:], os.environ.get('HOTFOLIO_VLM_KEY'), order['memory']\n"
        f"json.dump(said, open({str(notes)!r}, 'w'))\n"
        f"shutil.copy('../good.pdf', {TO})\n"
        "assert order['parent'] == os.getppid() and os.getcwd() == order['work'] == os.environ['HOME']"
    )
    assert asked(program) == ""
    assert Path(CONVERTED).read_bytes() == pdfs.text_pages(1)
    assert json.loads(notes.read_text()) == ["/document.docx", None, MEMORY]
    assert not Path(office.WORK).exists()
    assert asked("sys.exit(1)") == "", "it is made once"


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        (
            f"sys.exit({office.CANNOT_OPEN})",
            "LibreOffice cannot open the DOCX: it is damaged, or protected by a password.",
        ),
        (f"sys.exit({office.CANNOT_SAVE})", "LibreOffice cannot make a PDF of the DOCX."),
        (f"sys.exit({office.CANNOT_START})", "LibreOffice cannot be started; the job's log says why."),
        ("os.kill(os.getpid(), 9)", "LibreOffice was ended by SIGKILL while it made a PDF of the DOCX."),
        ("", "LibreOffice cannot make a PDF of the DOCX."),
        (f"open({TO}, 'w')", "LibreOffice cannot make a PDF of the DOCX."),
        (f"os.symlink(os.path.abspath('../good.pdf'), {TO})", "LibreOffice cannot make a PDF of the DOCX."),
    ],
)
def test_what_goes_wrong_is_a_sentence(asked: Asked, program: str, problem: str) -> None:
    assert asked(program) == problem
    assert not Path(CONVERTED).exists()
    assert not Path(office.WORK).exists()


def test_it_is_asked_for_what_is_accepted_alone(asked: Asked) -> None:
    copy = f"shutil.copy('../good.pdf', {TO})"
    assert asked(copy, accept=(DocumentKind.PDF, DocumentKind.ODT)) == ""
    assert not Path(CONVERTED).exists()


@pytest.mark.skipif(DocumentKind.DOCX not in installed_office().kinds, reason="LibreOffice is not installed")
def test_libreoffice_makes_a_tagged_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(SOURCE).write_bytes(documents.docx(f"{HEADING}{TABLE}", STYLES))
    assert office.make_pdf("a.docx", ALL, code(), 2 << 30) == ""
    assert set(map(str, Path().iterdir())) == {SOURCE, CONVERTED}
    with pymupdf.open(CONVERTED) as pdf:
        assert pdf[0].get_text().split() == ["Harbour", "Ada", "12"]
        tags = {pdf.xref_get_key(xref, "S")[1] for xref in range(1, pdf.xref_length())}
    assert {"/H1", "/Table", "/TR", "/TD"} <= tags
