"""Has everything happened once that happens in every process, before processes are forked.

What libraries set up when they are first used (colour profiles, fonts, look-ups of classes) is then there for all of
them, in memory that they share.
"""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.convert.open.document import Document, open_document
from engine.convert.process.batch import convert_batch, write_head
from engine.convert.process.merge import merge_document, versions
from engine.job.job import Checkpoint
from engine.job.options import ConvertOptions, OcrMode
from engine.sandbox.protocol import MERGE_LIST, SOURCE

_CONTENT = b"""\
/H1 <</MCID 0>> BDC BT /F1 18 Tf 72 720 Td (A heading) Tj ET EMC
/P <</MCID 1>> BDC BT 1 0 0 rg /F1 11 Tf 72 690 Td (Some words to begin with,) Tj 0 -14 Td (on two lines.) Tj ET EMC
"""
_OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R/MarkInfo<</Marked true>>/StructTreeRoot 6 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/StructParents 0/Resources<</Font<</F1 5 0 R>>>>>>",
    b"<</Length %d>>stream\n%sendstream\n" % (len(_CONTENT), _CONTENT),
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    b"<</Type/StructTreeRoot/K 7 0 R/ParentTree<</Nums[0[8 0 R 9 0 R]]>>>>",
    b"<</Type/StructElem/S/Document/P 6 0 R/K[8 0 R 9 0 R]>>",
    b"<</Type/StructElem/S/H1/P 7 0 R/Pg 3 0 R/K 0>>",
    b"<</Type/StructElem/S/P/P 7 0 R/Pg 3 0 R/K 1>>",
)


def convert_one() -> None:
    """Convert a page that is read by its tags; nothing is left of it but what libraries keep. Raises `OSError`."""
    options = ConvertOptions(ocr=OcrMode.NEVER)
    with _desk(), contextlib.redirect_stdout(io.StringIO()):
        document = _opened(options)
        write_head(document)
        convert_batch(document, range(1, 2), options, text_only=False, on_start=_note, on_ocr=_note, on_done=_note)
        document.close()
        Path(MERGE_LIST).write_text(json.dumps({"checkpoints": [Checkpoint(1, 1).file], "failed": {}}))
        merge_document(SOURCE, options, lambda: _opened(options), _note)
        versions(options)


def tagged_page() -> bytes:
    """A PDF with one page that is read by its tags."""
    pdf = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(_OBJECTS, start=1):
        places.append(len(pdf))
        pdf += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(places) + 1
    pdf += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        table,
        size,
        len(pdf),
    )
    return bytes(pdf)


@contextlib.contextmanager
def _desk() -> Iterator[None]:
    """Work in a folder of its own."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="hotfolio-") as folder:
        os.chdir(folder)
        try:
            Path(SOURCE).write_bytes(tagged_page())
            yield
        finally:
            os.chdir(before)


def _opened(options: ConvertOptions) -> Document:
    return open_document(Path(SOURCE), SOURCE, options, None)


def _note(_: object) -> None:
    """Nobody wants to know."""
