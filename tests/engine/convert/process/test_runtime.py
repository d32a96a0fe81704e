"""What a fork server has loaded before it forks."""

import json
import subprocess
import sys

from engine.sandbox.stages import Stage

PROGRAM = """
import json, sys
from engine.convert.process import runtime
from engine.sandbox.stages import Stage
found = []
for stage in Stage:  # each in a process that has the ones before, as the fork server has them
    runtime.load(stage)
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


def test_a_stage_has_what_its_pages_need_and_no_more() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    found = {Stage(number): has for number, has in enumerate(json.loads(done.stderr.splitlines()[-1]))}
    assert found == {
        Stage.BARE: [False, False, False, 1, 1],
        Stage.LAYOUT: [True, False, False, 1, 1],
        Stage.OCR: [True, True, True, 1, 1],
    }
