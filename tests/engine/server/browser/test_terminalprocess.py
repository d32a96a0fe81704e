"""A program that draws for a browser: what it says, and how it ends."""

import os
import sys
from pathlib import Path

import pytest

from engine.server.browser import terminalprocess
from engine.server.browser.terminalprocess import TerminalProcess
from tests.engine.server.browser.program import PROGRAM


async def started(folder: Path, program: str = PROGRAM) -> TerminalProcess:
    (folder / "program.py").write_text(program)
    process = TerminalProcess([sys.executable, str(folder / "program.py")])
    await process.start(80, 24)
    return process


async def test_only_frames_are_told_until_it_says_that_it_ends(tmp_path: Path) -> None:
    process = await started(tmp_path)
    await process.type("q")
    frames = [frame async for frame in process.frames()]
    assert [frame.split()[0] for frame in frames] == [b"80", b"Dq"]
    await process.stop()
    await process.type("nobody is there any more")


async def test_why_it_has_failed_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = await started(tmp_path)
    await process.type("crash")
    assert [frame async for frame in process.frames()][-1] == b"Dcrash"
    await process.stop()
    (record,) = [record for record in caplog.records if "status 1" in record.getMessage()]
    assert "a reason" in record.getMessage()
    assert "\x1b" not in record.getMessage()


async def test_a_packet_without_end_is_not_waited_for(tmp_path: Path) -> None:
    process = await started(tmp_path)
    await process.type("too long")
    assert [frame async for frame in process.frames()][-1] == b"Dtoo long"
    await process.stop()


async def test_what_does_not_end_by_itself_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminalprocess, "_END_S", 0.1)
    process = await started(tmp_path, "import os, time\nos.write(1, b'%d\\n' % os.getpid())\ntime.sleep(600)")
    assert process._process is not None
    await process.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(process._process.pid, 0)


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        await TerminalProcess(["/nowhere/program"]).start(80, 24)
