"""The engine's side of a measurement that needs a fresh process.

`batch` converts files and ends; `queue` runs a paused engine on a hot folder, says when it has queued so many files,
and goes on until its stdin closes; `arena` converts one document in this very process, with the memory arena of ONNX
Runtime on or off.
"""

import argparse
import gc
import resource
import sys
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
    arguments = vars(parser.parse_args())
    {"batch": batch, "queue": queue, "arena": arena}[arguments.pop("command")](**arguments)


if __name__ == "__main__":
    main()
