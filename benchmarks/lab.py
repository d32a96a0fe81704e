"""What every benchmark is given: documents, folders, an engine, and processes to talk to."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus, load
from benchmarks.library import ROOT
from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.job.options import OcrMode
from engine.settings.settings import Settings

WORKERS = 2
BEFORE = "HOTFOLIO_BEFORE"
"""The variable that names the folder of an earlier build."""
_SAME_OPTIONS: dict[str, Any] = {"ocr": OcrMode.NEVER, "images": False, "refine": False}
"""What the library is told as well, where the two are compared."""


@dataclass
class Lab:
    """One run of the benchmarks."""

    repeat: int
    scratch: Path
    corpus_folder: Path | None = None
    before: Path | None = None
    """The folder of an earlier build, as `make bench-before` makes it, if there is one to compare with."""
    _corpus: Corpus | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def corpus(self) -> Corpus:
        """The documents, looked through at the first use."""
        if self._corpus is None:
            self._corpus = load(self.corpus_folder, self.scratch / "made")
        return self._corpus

    @property
    def corpus_name(self) -> str | None:
        """Where the documents come from, if they have been used."""
        return self._corpus.name if self._corpus is not None else None

    def folder(self, name: str) -> Path:
        """A new, empty folder."""
        folder = self.scratch / f"{next(self._numbers)}-{name}"
        folder.mkdir()
        return folder

    def copy(self, file: Path) -> Path:
        """A copy of a document that no engine has seen."""
        return Path(shutil.copy(file, self.folder("copy") / file.name))

    @contextlib.contextmanager
    def engine(self, **settings: Any) -> Iterator[Engine]:
        """A running engine with folders of its own that converts what is submitted."""
        home = self.folder("engine")
        engine = Engine(make_settings(home, **settings), watch=False)
        try:
            with engine:
                yield engine
        finally:
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def new_lab(repeat: int, corpus_folder: Path | None) -> Iterator[Lab]:
    """A lab whose scratch folder lasts as long as it does."""
    with tempfile.TemporaryDirectory(prefix="hotfolio-bench-") as scratch:
        # Taken out of the environment, where the programs that are measured would find a setting that they do not know.
        before = os.environ.pop(BEFORE, None)
        yield Lab(repeat, Path(scratch), corpus_folder, Path(before) if before else None)


def make_settings(home: Path, **changes: Any) -> Settings:
    """Settings with all folders below `home`, with the options the library is given too."""
    folders = {"input": home / "input", "output": home / "output"}
    return Settings(**(folders | {"num_workers": WORKERS} | _SAME_OPTIONS | changes))


class Finishes:
    """Waits for jobs of an engine to finish, to the millisecond."""

    def __init__(self, engine: Engine) -> None:
        self._changed = threading.Condition()
        self._finished: dict[int, tuple[Job, float]] = {}
        engine.on_finished(self._on_finished)

    def wait(self, jobs: list[Job], timeout_s: float = 1800) -> float:
        """Until all are finished; returns when the last one was. All of them must have been converted."""
        ids = {job.id for job in jobs}
        with self._changed:
            if not self._changed.wait_for(lambda: ids <= self._finished.keys(), timeout_s):
                raise TimeoutError(f"{len(ids - self._finished.keys())} jobs did not finish in {timeout_s:g} s.")
            done = [self._finished[job_id] for job_id in ids]
        for job, _ in done:
            if job.state is not JobState.DONE:
                raise RuntimeError(f"{job.name} ended {job.state}: {job.reason}")
        return max(when for _, when in done)

    def _on_finished(self, job: Job) -> None:
        with self._changed:
            self._finished[job.id] = job, time.perf_counter()
            self._changed.notify_all()


def take_turns(lab: Lab, engines: dict[str, Engine]) -> dict[str, list[float]]:
    """Seconds from `submit` to published of the 23-page document, by the name of the engine that converts it."""
    finishes = {name: Finishes(engine) for name, engine in engines.items()}
    for name, engine in engines.items():
        finishes[name].wait([engine.submit(lab.copy(lab.corpus.warm_up))])
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(lab.repeat):
        for name, engine in engines.items():
            file = lab.copy(lab.corpus.report)
            started = time.perf_counter()
            taken[name].append(finishes[name].wait([engine.submit(file)]) - started)
    return taken


@contextlib.contextmanager
def program(module: str, *arguments: str) -> Iterator["Program"]:
    """A fresh process that runs one of our modules and answers in lines."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Program(process)
        assert process.stdin is not None
        process.stdin.close()
        if process.wait(timeout=60):
            raise RuntimeError(f"benchmarks.{module} {arguments[0]} ended with exit status {process.returncode}.")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Program:
    """A process started by `program`."""

    process: subprocess.Popen[str]

    def send(self, line: str) -> None:
        """Give it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        """Its next line, which is JSON."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"A benchmark process ended with exit status {self.process.wait()}.")
        return json.loads(line)
