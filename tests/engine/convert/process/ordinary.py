"""An ordinary document, converted by a process that has been forked, as the fork server's are."""

import json
import os
import socket
import sys
from pathlib import Path

from engine.convert.process.child import Child
from engine.job.options import ConvertOptions, OcrMode
from engine.sandbox.protocol import MERGE_LIST, MergeTask, OpenTask, Order, PagesTask, decode_event


def imported_for(folder: str) -> list[str]:
    """Which modules are imported while the document of a job's folder becomes Markdown, chunks and more."""
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(write, json.dumps(_convert(Path(folder))).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        found: list[str] = json.load(answer)
    os.waitpid(pid, 0)
    return found


def _convert(folder: Path) -> list[str]:
    engine, own = socket.socketpair()
    child, before = Child(own, 1), {*sys.modules}
    asked = {
        "desk": "1",
        "name": "ordinary.pdf",
        "options": ConvertOptions(formats=("md", "txt", "json", "html", "chunks"), ocr=OcrMode.NEVER),
    }
    child._do(Order(folder=str(folder), memory=1 << 32, task=OpenTask(**asked)))
    child._do(Order(folder=str(folder), memory=1 << 32, task=PagesTask(first=1, last=1, **asked)))
    checkpoints = [file.name for file in Path("pages").glob("*.jsonl")]
    Path(MERGE_LIST).write_text(json.dumps({"checkpoints": checkpoints, "failed": {}}))
    child._do(Order(folder=str(folder), memory=1 << 32, task=MergeTask(**asked)))
    told = [type(decode_event(line)).__name__ for line in engine.recv(1 << 16).splitlines()]
    return sorted({*sys.modules} - before) if told[-1] == "Merged" else told
