"""What a fork server has loaded before it forks."""

import json
import subprocess
import sys

import pytest

from engine.sandbox.stages import Stage

PROGRAM = """
import json, sys
from engine.convert.process import runtime
from engine.sandbox.stages import Stage
stage = Stage(int(sys.argv[1]))
runtime.load(stage)
import pymupdf
from engine.convert.loading.reached import NotLoaded
from engine.convert.ocr.choice import Ocr
from engine.job.options import ConvertOptions
try:
    has_engine = bool(Ocr.for_options(ConvertOptions(ocr_engine="rapidocr")).engine())
except NotLoaded as lacks:
    has_engine = False
found = [pymupdf._get_layout is not None, "rapidocr" in sys.modules, has_engine, runtime.thread_count() or 1]
print(json.dumps(found), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("stage", "has_layout", "has_ocr"),
    [(Stage.BARE, False, False), (Stage.LAYOUT, True, False), (Stage.OCR, True, True)],
)
def test_a_stage_has_what_its_pages_need_and_no_more(stage: Stage, has_layout: bool, has_ocr: bool) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(int(stage))], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == [has_layout, has_ocr, has_ocr, 1]
