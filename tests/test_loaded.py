"""What a process has loaded once it works: late imports, which import contracts follow no further, included."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import pdfs

PARSERS = {"fitz", "pymupdf", "pymupdf4llm", "PIL", "numpy", "onnxruntime"}
SCREENS = {"textual", "rich", "typer"}
WEB = {"fastapi", "starlette", "uvicorn"}
CLUSTER = {"distributed", "dask", "cryptography"}
_TELL = "import sys\nprint('loaded:', *{name.partition('.')[0] for name in sys.modules})\n"

COMMAND = """
import sys
from tui.command import cli
sys.argv[1:] = {!r}
try:
    cli.main()
except SystemExit as end:
    assert not end.code, end.code
"""
VERSION = COMMAND.format(["--version"])
RUN = COMMAND.format(["run", "--once", "-w", "1", "--ocr", "never"])
CONVERT = COMMAND.format(["convert", "input/a.pdf", "-w", "1", "--ocr", "never"])
DASHBOARD = """
import asyncio
from engine.job.job import JobState
from tests.tui.fake_engine import FakeEngine
from tui.command import opening
from tui.dashboard.app import Dashboard

async def use():
    engine = FakeEngine()
    engine.add(state=JobState.DONE, pages=3, done=3)
    app = Dashboard(engine)
    async with app.run_test() as pilot:
        for key in ("enter", "o", "escape", "escape", "question_mark", "escape", "slash", "n", "escape", "comma"):
            await pilot.press(key)

asyncio.run(use())
"""
ENGINE = """
from pathlib import Path
from engine.facade.engine import Engine
from engine.settings.settings import Settings

settings = Settings(input="input", output="output", num_workers=1, ocr="never")
with Engine(settings) as engine:
    job = engine.submit(Path("input/a.pdf"))
    assert engine.wait_until_idle(100)
    assert engine.job(job.id).job.state == "done", engine.job(job.id)
    import sys
    import threading
    assert not [name for name in sys.modules if name.startswith("engine.cluster")]
    assert not {"bridge", "scheduler"} & {thread.name for thread in threading.enumerate()}
"""
CLUSTERED = """
from engine.cluster import clusterbackend, supervisor
from engine.cluster.exchange import from_bridge
"""


def loaded(program: str, folder: Path) -> set[str]:
    """The top-level modules of a process that has run a program in a folder."""
    (folder / "input").mkdir()
    (folder / "input" / "a.pdf").write_bytes(pdfs.text_pages(1))
    done = subprocess.run(
        [sys.executable, "-c", program + _TELL], cwd=folder, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("program", "has", "lacks"),
    [
        pytest.param(VERSION, {"tui", "typer"}, PARSERS | WEB | {"textual"}, id="version"),
        pytest.param(RUN, {"tui", "engine"}, PARSERS | CLUSTER | {"textual"}, id="run"),
        pytest.param(CONVERT, {"tui", "engine"}, PARSERS | CLUSTER | {"textual"}, id="convert"),
        pytest.param(DASHBOARD, {"textual", "tui"}, PARSERS | WEB | {"typer"}, id="dashboard"),
        pytest.param(ENGINE, {"engine"}, PARSERS | WEB | SCREENS | CLUSTER | {"tui"}, id="engine"),
        pytest.param(CLUSTERED, {"engine"}, PARSERS | WEB | SCREENS | CLUSTER | {"tui"}, id="head of a cluster"),
    ],
)
def test_a_process_loads_only_what_it_works_with(tmp_path: Path, program: str, has: set[str], lacks: set[str]) -> None:
    found = loaded(program, tmp_path)
    assert has <= found
    assert lacks & found == set()
