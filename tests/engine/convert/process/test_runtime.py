"""What a fork server has loaded before it forks."""

import subprocess
import sys

PROGRAM = """
import sys
from engine.convert.process import runtime
runtime.preload()
loaded = "rapidocr" in sys.modules
threads = runtime.thread_count() or 1
from engine.convert.ocr.choice import Ocr
from engine.job.options import ConvertOptions
is_used = Ocr.for_options(ConvertOptions(ocr_engine="rapidocr")).engine is not None
print([loaded, threads == 1, is_used, "rapidocr" in sys.modules], file=sys.stderr)
"""


def test_without_ocr_its_code_waits_for_the_first_page_that_asks_for_it() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[False, True, True, True]"
