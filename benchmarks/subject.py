"""The engine's side of a measurement that needs a fresh process.

`batch` converts files and ends; `queue` runs a paused engine on a hot folder, says when it has queued so many files,
and goes on until its stdin closes; `arena` converts one document in this very process, with the memory arena of ONNX
Runtime on or off; `layout` reads documents by the layout model in a process forked from this one.
"""

import argparse
import gc
import itertools
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.answers import Answers


def batch(home: Path, workers: int, files: list[Path]) -> None:
    """Convert files and print how many were done."""
    from benchmarks.lab import Finishes, make_settings
    from engine.facade.engine import Engine

    answers = Answers()
    with Engine(make_settings(home, num_workers=workers), watch=False) as engine:
        finishes = Finishes(engine)
        jobs = engine.submit_many(files)
        finishes.wait(jobs)
        answers.say({"done": len(jobs)})


def queue(home: Path, count: int) -> None:
    """Print when the hot folder's files are queued (on the monotonic clock), and the memory of this process then."""
    import psutil

    from benchmarks.lab import make_settings
    from engine.facade.engine import Engine

    answers = Answers()
    engine = Engine(make_settings(home))
    engine.start()
    engine.pause()
    answers.say("ready")
    while engine.overview().totals.queue_depth < count:
        time.sleep(0.02)
    queued_at = time.monotonic()
    gc.collect()
    memory = psutil.Process().memory_full_info()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    answers.say({"queued_at": queued_at, "rss": memory.rss, "uss": memory.uss, "peak": peak})
    sys.stdin.read()
    engine.stop(now=True)


def arena(mode: str, warm_up: Path, file: Path) -> None:
    """Print seconds and page faults of one document once another one has been converted."""
    answers = Answers()
    if mode == "off":
        _keep_the_arena_off()
    from engine.convert.process import runtime
    from engine.sandbox.stages import Stage

    runtime.load(Stage.LAYOUT)
    import pymupdf4llm

    pymupdf4llm.to_markdown(str(warm_up), use_ocr=False)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    started = time.perf_counter()
    pymupdf4llm.to_markdown(str(file), use_ocr=False)
    seconds = time.perf_counter() - started
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    answers.say({"seconds": seconds, "faults": faults, "peak": peak})


def layout(way: str, memory_pages: int, files: list[Path]) -> None:
    """Print CPU seconds of the documents, once warm, and the memory that is the process's alone after so many pages."""
    tunable = "glibc.malloc.hugetlb=1"
    if os.environ.get("GLIBC_TUNABLES") != tunable:  # as the fork server has it
        os.environ["GLIBC_TUNABLES"] = tunable
        os.execv(sys.executable, [sys.executable, "-m", __spec__.name, *sys.argv[1:]])
    answers = Answers()
    from engine.convert.layoutmodel import quicklayout
    from engine.convert.process import runtime
    from engine.sandbox.stages import Stage

    if way == "library":
        quicklayout.known_folder = lambda: None
    runtime.load(Stage.LAYOUT)
    end, start = os.pipe()
    if os.fork() == 0:
        _read_by_layout(files, memory_pages, start)
        os._exit(0)
    os.close(start)
    with os.fdopen(end) as answer:
        answers.say(json.loads(answer.read()))


def _read_by_layout(files: list[Path], memory_pages: int, answer: int) -> None:
    import psutil

    from engine.convert.open.document import open_document
    from engine.convert.process.batch import convert_batch, write_head
    from engine.job.options import ConvertOptions, OcrMode, Structure

    options = ConvertOptions(ocr=OcrMode.NEVER, images=False, structure=Structure.LAYOUT)
    used: list[float] = []
    with tempfile.TemporaryDirectory(prefix="hotfolio-bench-") as folder:
        os.chdir(folder)
        done = 0
        for file in itertools.chain(files, itertools.cycle(files)):
            document = open_document(file, file.name, options, None)
            write_head(document)
            pages = range(1, document.page_count + 1)
            started = time.process_time()
            convert_batch(document, pages, options, text_only=False, on_start=_ignore, on_ocr=_ignore, on_done=_ignore)
            used.append(time.process_time() - started)
            document.close()
            done += len(pages)
            if done >= memory_pages and len(used) >= 2 * len(files):
                break
        seconds = sum(used[len(files) : 2 * len(files)])
        os.write(answer, json.dumps({"seconds": seconds, "uss": psutil.Process().memory_full_info().uss}).encode())
        os.chdir("/")


def _ignore(_: object) -> None:
    """Nobody wants to know."""


def _keep_the_arena_off() -> None:
    """Have every session made without an arena, although `runtime` will ask for one."""
    import onnxruntime

    class Session(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, model: Any, sess_options: Any = None, **kwargs: Any) -> None:
            sess_options.enable_cpu_mem_arena = False
            super().__init__(model, sess_options, **kwargs)

    onnxruntime.InferenceSession = Session


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subject")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("batch")
    command.add_argument("home", type=Path)
    command.add_argument("workers", type=int)
    command.add_argument("files", nargs="+", type=Path)
    command = commands.add_parser("queue")
    command.add_argument("home", type=Path)
    command.add_argument("count", type=int)
    command = commands.add_parser("arena")
    command.add_argument("mode", choices=("on", "off"))
    command.add_argument("warm_up", type=Path)
    command.add_argument("file", type=Path)
    command = commands.add_parser("layout")
    command.add_argument("way", choices=("quick", "library"))
    command.add_argument("memory_pages", type=int)
    command.add_argument("files", nargs="+", type=Path)
    arguments = vars(parser.parse_args())
    {"batch": batch, "queue": queue, "arena": arena, "layout": layout}[arguments.pop("command")](**arguments)


if __name__ == "__main__":
    main()
