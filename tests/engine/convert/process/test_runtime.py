"""What a fork server has loaded before it forks."""

import json
import subprocess
import sys
from pathlib import Path

from engine.job.options import ConvertOptions
from engine.sandbox.stages import Stage
from tests import pdfs

PROGRAM = """
import json, os, sys
from engine.convert.process import runtime
from engine.convert.process.allowance import prepare
from engine.sandbox.stages import Stage
found = []
for stage in Stage:  # each in a process that has the ones before, as the fork server has them
    runtime.load(stage, sys.argv[1].split())
    if stage is Stage.BARE:
        from tests.engine.convert.process.ordinary import imported_for
        prepare()
        found.append(imported_for(sys.argv[2]))
    import pymupdf
    from engine.convert.loading.reached import NotLoaded
    from engine.convert.ocr.choice import Ocr
    from engine.job.options import ConvertOptions
    try:
        has_engine = bool(Ocr.for_options(ConvertOptions(ocr_engine="rapidocr")).engine())
    except NotLoaded as lacks:
        has_engine = False
    has_layout = pymupdf._get_layout is not None
    from engine.convert.process.merge import library_versions
    reads = library_versions.cache_info().currsize  # which every small document would else do
    found.append([has_layout, "rapidocr" in sys.modules, has_engine, runtime.thread_count() or 1, reads])
print(json.dumps(found), file=sys.stderr)
"""


def test_a_stage_has_what_its_pages_need_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "source.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    asked = " ".join(offer.key for offer in ConvertOptions(formats=("md", "txt", "json", "html", "chunks")).offers)
    done = subprocess.run([sys.executable, "-c", PROGRAM, asked, tmp_path], capture_output=True, text=True, check=True)
    imported, *stages = json.loads(done.stderr.splitlines()[-1])
    assert imported == [], "each document takes the time that it takes to import this"
    assert {Stage(number): has for number, has in enumerate(stages)} == {
        Stage.BARE: [False, False, False, 1, 1],
        Stage.LAYOUT: [True, False, False, 1, 1],
        Stage.OCR: [True, True, True, 1, 1],
    }
