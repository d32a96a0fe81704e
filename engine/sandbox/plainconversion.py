"""The conversion that the in-memory backend makes by default: a page of text for each page of a plainly written PDF.

Checkpoints and outputs are where those of conversion processes are.
"""

import base64
import json
import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from engine.base.disk import fsync_path
from engine.job.formats import Format
from engine.job.job import Checkpoint, PageState
from engine.sandbox.plainpdf import CannotRead, page_texts
from engine.sandbox.protocol import (
    MERGE_LIST,
    OUT,
    PAGE_REASONS,
    PAGE_SIZES,
    PAGES,
    PARTS,
    SOURCE,
    Begun,
    Event,
    Merged,
    MergeTask,
    Opened,
    OpenTask,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Peeked,
    PeekTask,
    Previewed,
    PreviewTask,
    Refused,
    Task,
)

_VIA = "in-memory"


def convert_plainly(task: Task, folder: Path) -> Iterator[Event]:
    """Do a task in a job's folder; its events, the answer last. Raises `OSError`."""
    begun = time.perf_counter()
    try:
        for event in _events(task, folder):
            busy_s = time.perf_counter() - begun
            yield event.model_copy(update={"busy_s": busy_s}) if hasattr(event, "busy_s") else event
    except CannotRead as error:
        yield Refused(kind=error.kind, message=str(error))


def _events(task: Task, folder: Path) -> Iterator[Event]:
    match task:
        case OpenTask():
            pages = _texts(folder)
            for name in (PAGES, OUT, PARTS):
                (folder / name).mkdir(exist_ok=True)
            opened = Opened(pages=len(pages), busy_s=0)
            small = task.in_one_go
            if small is None or len(pages) > small.pages:
                yield opened
                return
            yield Begun(opened=opened)
            batch = Checkpoint(1, len(pages))
            yield from _convert_pages(task, folder, batch)
            (folder / MERGE_LIST).write_text(json.dumps({"checkpoints": [batch.part], "failed": {}}))
            yield _merged(task, folder)
        case PagesTask():
            batch = Checkpoint(task.first, task.last)
            yield from _convert_pages(task, folder, batch, text_only=task.text_only)
            (folder / PAGES / batch.part).replace(folder / PAGES / batch.file)
            fsync_path(folder / PAGES)
            yield PagesDone(busy_s=0)
        case MergeTask():
            yield _merged(task, folder)
        case PreviewTask():
            texts = _finished(folder, sorted(file.name for file in (folder / PAGES).glob("*.jsonl*")))
            shown = {page: text for page, text in texts.items() if task.page in (None, page)}
            if shown:
                (folder / task.file).write_text("".join(map(_markdown, shown.values())), encoding="utf-8")
            yield Previewed(pages=len(shown), busy_s=0)
        case PeekTask():
            if task.page > len(_texts(folder)):
                raise CannotRead("damaged", f"There is no page {task.page}.")
            white = base64.b64encode(b"\xff" * (task.width * task.height * 3))
            yield Peeked(width=task.width, height=task.height, rgb=white, busy_s=0)


def _texts(folder: Path) -> list[str]:
    return page_texts((folder / SOURCE).read_bytes())


def _convert_pages(
    task: OpenTask | PagesTask, folder: Path, batch: Checkpoint, *, text_only: bool = False
) -> Iterator[Event]:
    texts = _texts(folder)
    part = folder / PAGES / batch.part
    state = PageState.TEXT_ONLY if text_only else PageState.OK
    with part.open("wb", buffering=0) as stream:
        for page in range(batch.first, batch.last + 1):
            begun = time.perf_counter()
            yield PageStarted(page=page)
            text, seconds = texts[page - 1], time.perf_counter() - begun
            line = {"page": page, "state": state, "seconds": seconds, "via": _VIA, "error": None, "text": text}
            stream.write(json.dumps(line).encode() + b"\n")
            yield PageDone(page=page, state=state, seconds=seconds, via=_VIA)
        os.fsync(stream.fileno())


def _merged(task: OpenTask | MergeTask, folder: Path) -> Merged:
    return Merged(busy_s=0, warnings=_merge(task, folder), versions={"hotfolio": version("hotfolio")})


def _merge(task: OpenTask | MergeTask, folder: Path) -> tuple[str, ...]:
    """Write the outputs, durably; returns warnings of those that are not made."""
    todo = json.loads((folder / MERGE_LIST).read_text(encoding="utf-8"))
    texts = _finished(folder, todo["checkpoints"])
    lost = {int(page): f"<!-- Page {page} could not be converted: {why} -->" for page, why in todo["failed"].items()}
    pages = {page: _markdown(text) for page, text in sorted((texts | lost).items())}
    stem = Path(task.name).stem
    made: dict[Path, str] = {}
    if Format.MD in task.options.formats:
        made[folder / OUT / f"{stem}.md"] = "".join(pages.values())
    if Format.TXT in task.options.formats:
        made[folder / OUT / f"{stem}.txt"] = "\f".join(texts.values())
    sizes = {page: len(text.encode()) for page, text in pages.items()} if Format.MD in task.options.formats else {}
    made |= {folder / PAGE_SIZES: json.dumps(sizes), folder / PAGE_REASONS: "{}"}
    for file, text in made.items():
        file.write_bytes(text.encode())
        fsync_path(file)
    fsync_path(folder / OUT)
    lacking = [name for name in task.options.formats if name not in (Format.MD, Format.TXT)]
    return (f"The in-memory backend does not make {', '.join(lacking)}.",) if lacking else ()


def _finished(folder: Path, checkpoints: list[str]) -> dict[int, str]:
    """The texts of the pages in these files, in the order of the pages; a line that is still written is passed over."""
    texts: dict[int, str] = {}
    for name in checkpoints:
        with (folder / PAGES / name).open("rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    entry = json.loads(line)
                    texts[entry["page"]] = entry["text"]
    return dict(sorted(texts.items()))


def _markdown(text: str) -> str:
    return f"{text}\n\n"
