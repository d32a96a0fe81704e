"""Without refinement the outputs are the library's own, byte for byte, however a document was cut into batches."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend

DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "text.pdf": lambda: pdfs.text_pages(2, is_tagged=False),
    "report.pdf": pdfs.report,
    "columns.pdf": pdfs.two_columns,
    "outline.pdf": pdfs.with_outline_and_form,
    "rotated.pdf": pdfs.rotated,
    "unicode.pdf": pdfs.unicode_text,
    "empty.pdf": pdfs.empty_page,
    "truncated.pdf": lambda: pdfs.truncated(1),
}

# With a thread for each core, which wait for one another by spinning, and without an arena, it would take several times
# as long while other tests run. A page is looked at for each of its texts, and the model then asked the same once more.
LIBRARY = """
import json, sys
import onnxruntime
class Session(onnxruntime.InferenceSession):
    def __init__(self, model, sess_options=None, **others):
        options = sess_options or onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.enable_cpu_mem_arena = True
        super().__init__(model, options, **others)
        self.answers = {}
    def run(self, outputs, inputs, *others):
        asked = str(outputs), *((name, str(v.dtype), v.shape, v.tobytes()) for name, v in inputs.items())
        if asked not in self.answers:
            self.answers[asked] = super().run(outputs, inputs, *others)
        return self.answers[asked]
onnxruntime.InferenceSession = Session
import pymupdf4llm
answers = {}
for name in sys.argv[1:]:
    answers[name] = {
        "md": pymupdf4llm.to_markdown(name, use_ocr=False, header=False, footer=False, write_images=True,
                                      image_path="images"),
        "txt": pymupdf4llm.to_text(name, use_ocr=False, header=False, footer=False),
        "json": pymupdf4llm.to_json(name, use_ocr=False, write_images=True, image_path="images"),
    }
json.dump(answers, open("answers.json", "w"))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the documents, and what the library makes of each as a whole."""
    folder = tmp_path_factory.mktemp("library")
    for name, make in DOCUMENTS.items():
        (folder / name).write_bytes(make())
    subprocess.run([sys.executable, "-c", LIBRARY, *DOCUMENTS], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.parametrize(
    ("workers", "batch_seconds", "names"),
    [(1, 0.001, [*DOCUMENTS]), (3, 60, ["text.pdf", "report.pdf"])],
    ids=["page by page", "as a whole"],
)
def test_outputs_are_the_librarys_own(
    library: Path, tmp_path: Path, workers: int, batch_seconds: float, names: list[str]
) -> None:
    answers = json.loads((library / "answers.json").read_text())
    settings = Settings(
        output=tmp_path,
        num_workers=workers,
        batch_seconds=batch_seconds,
        ocr="never",
        formats="md,txt,json,html,docling,chunks,page-txt",
        refine=False,
    )
    with Engine(settings, watch=False, backend=local_backend) as engine:
        jobs = engine.submit_many([library / name for name in names])
        assert engine.wait_until_idle(90)
        for job in jobs:
            made = Path(os.fsdecode(engine.job(job.id).job.output or b""))
            expected = answers[job.name]
            for format_ in ("md", "txt", "json"):
                text = (made / f"{made.name}.{format_}").read_text(encoding="utf-8")
                assert text == expected[format_], f"{job.name} as {format_}"
            pages = sorted(made.glob("pages/*.txt"))
            assert "".join(page.read_text(encoding="utf-8") for page in pages) == expected["txt"]
            assert len(pages) == json.loads(expected["json"])["page_count"]
            # These are of refined pages, which must change nothing about the library's own.
            assert (made / f"{made.name}.html").read_text(encoding="utf-8").endswith("</html>\n")
            assert (made / f"{made.name}.chunks.jsonl").exists()
            linked = [box["image"] for page in json.loads(expected["json"])["pages"] for box in page["boxes"]]
            for image in filter(None, linked):
                assert (made / image).read_bytes() == (library / image).read_bytes()
