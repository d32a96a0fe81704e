"""The service under load: submissions over HTTP while four workers convert and fifty WebSockets listen.

Also what an attached dashboard costs, how soon it knows a long queue, and how long commands take.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.clients import CONVERSIONS, DEAF_CONVERSIONS, DEAF_EVENTS, EVENTS
from benchmarks.corpus import small_files
from benchmarks.lab import Lab, Program, make_settings, program
from benchmarks.library import ROOT
from benchmarks.result import Figure, Result, median, percentile
from engine.job.job import JobState
from engine.remote.client import RemoteEngine
from engine.server.security.token import read_token
from engine.settings.settings import Settings
from tui.command.background import BackgroundEngine, Order, TcpOrder

_WORKERS = 4
_SUBMITTED = 1_000
_BEFORE = 300
"""Submitted first: enough to keep the workers busy meanwhile."""
_THREADS = 4
_LONG_QUEUE = 10_000
_WINDOW_S = 8.0
_NEVER_S = 3600
_LOOKS_PER_S = 4.0
_SAMPLE_S = 0.1
_TIMEOUT_S = 900.0
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Served:
    """A service in a process of its own."""

    settings: Settings
    pid: int
    url: str
    token: str

    @property
    def remote(self) -> RemoteEngine:
        """Asks it, without following it."""
        remote = RemoteEngine(self.settings.state_folder)
        remote.greet()
        return remote

    @property
    def rss(self) -> int:
        """Resident memory of its process, without the conversion processes."""
        return int(psutil.Process(self.pid).memory_info().rss)

    @property
    def cpu_s(self) -> float:
        """Its CPU time so far."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True, slots=True)
class Load:
    """What one thousand submissions have come to."""

    times_ms: tuple[float, ...]
    per_second: float
    before: int
    peak: int
    after: int
    lost: int
    unheard: int
    messages: int


@dataclass(frozen=True, slots=True)
class Visits:
    """What commands and a dashboard cost, while the workers are busy and while they are not."""

    commands_ms: dict[tuple[str, str], list[float]]
    service_cpu: float
    service_cpu_followed: float
    follower_cpu: float


def measure(lab: Lab) -> Result:
    """Run the load with listeners, once without, and visit."""
    files = small_files(_BEFORE + _SUBMITTED, lab.folder("small") / "files")
    loud = []
    for _ in range(lab.repeat):
        with _service(lab, files, settle=_NEVER_S) as served:
            loud.append(_load(served, files, listens=True))
    with _service(lab, files, settle=_NEVER_S) as served:
        quiet = _load(served, files, listens=False)
    with _service(lab, files, settle=0) as served:
        visit = _visit(served, lab.repeat)
    attach_ms = _attach(lab)
    p99 = [percentile(load.times_ms, 99) for load in loud]
    grown = [(load.after - load.before) / _MB for load in loud]
    readers = EVENTS + CONVERSIONS - DEAF_EVENTS - DEAF_CONVERSIONS
    return Result(
        "service",
        f"{_SUBMITTED:,} one-page PDFs submitted by `POST /convert` over TCP, by {_THREADS} clients that each send as "
        f"soon as they are answered, to `hotfolio serve` with {_WORKERS} busy workers and {_BEFORE} jobs; meanwhile "
        f"{EVENTS} WebSockets listen to `/ws/events` and {CONVERSIONS} to one conversion after another, and "
        f"{DEAF_EVENTS + DEAF_CONVERSIONS} of the {EVENTS + CONVERSIONS} never read. Memory is that of the service's "
        "process, from before the submissions until all are converted. Lost is what has no job that is done, and each "
        f"end of a conversion that one of the {readers} that read has not been told: the {EVENTS - DEAF_EVENTS} on "
        "`/ws/events` all of them, the others together each. Then commands, as whole processes; an attached dashboard "
        f"that looks {_LOOKS_PER_S:g} times a second; and attaching to {_LONG_QUEUE:,} jobs in a fresh process.",
        (
            Figure("`/convert` with 50 listeners, p99", median(p99), "ms", below=100),
            Figure("`/convert` with 50 listeners, median", median([median(load.times_ms) for load in loud]), "ms"),
            Figure("`/convert` with 50 listeners, slowest", median([max(load.times_ms) for load in loud]), "ms"),
            Figure("`/convert` without listeners, p99", percentile(quiet.times_ms, 99), "ms"),
            Figure("submissions with 50 listeners", median([load.per_second for load in loud]), "/s"),
            Figure("lost, jobs and ends", max(load.lost + load.unheard for load in loud), below=1),
            Figure("memory grown by 1,000 submissions with 50 listeners", median(grown), "MB", below=20),
            Figure("memory grown by 1,000 submissions without listeners", (quiet.after - quiet.before) / _MB, "MB"),
            Figure("memory at the highest, with 50 listeners", median([load.peak / _MB for load in loud]), "MB"),
            *(
                Figure(
                    f"`hotfolio {command}`, workers {how}",
                    median(visit.commands_ms[command, how]),
                    "ms",
                    below=200,
                )
                for command in ("ls", "status", "hold")
                for how in ("idle", "busy")
            ),
            Figure("attach to 10,000 jobs", median(attach_ms), "ms"),
            Figure("service, of one core, workers busy", visit.service_cpu * 100, "%"),
            Figure("the same, followed", visit.service_cpu_followed * 100, "%"),
            Figure("follower, of one core", visit.follower_cpu * 100, "%"),
        ),
        (
            ("p99 with listeners, ms", tuple(p99)),
            ("slowest ten of the last run, ms", tuple(sorted(loud[-1].times_ms)[-10:])),
            ("memory grown with listeners, MB", tuple(grown)),
            ("messages heard", tuple(float(load.messages) for load in loud)),
            ("attach, ms", tuple(attach_ms)),
        ),
    )


@contextlib.contextmanager
def _service(lab: Lab, files: list[Path], *, settle: float) -> Iterator[Served]:
    """A service whose hot folder has these files, and waits for `settle` seconds before it queues them."""
    home = lab.folder("service")
    (home / "input").mkdir()
    for file in files:
        # Without its times: what has those of another place was moved in whole, and is not waited for.
        shutil.copyfile(file, home / "input" / file.name)
    settings = make_settings(
        home, num_workers=_WORKERS, api_port=0, max_submissions=1e6, settle=settle, settle_damaged=settle
    )
    engine = BackgroundEngine(Order(settings, tcp=TcpOrder(is_required=True)))
    try:
        ready = engine.wait_ready()
        assert ready.url is not None
        yield Served(settings, engine.pid, ready.url, read_token(settings.state_folder))
    finally:
        engine.stop(lambda: True)
        shutil.rmtree(home, ignore_errors=True)


# --- the load ---


def _load(served: Served, files: list[Path], *, listens: bool) -> Load:
    names = [file.name for file in files]
    with contextlib.ExitStack() as stack:
        submitter = stack.enter_context(program("clients", "submit", served.url, served.token, str(_THREADS)))
        submitter.send(json.dumps(names[:_BEFORE]))
        first = submitter.answer()["ids"]
        _wait(lambda: served.remote.overview().totals.by_state[JobState.DONE] >= 2 * _WORKERS)
        listeners = _listen(stack, served, first) if listens else None
        before = served.rss
        with _highest(served) as peak:
            submitter.send(json.dumps(names[_BEFORE:]))
            answer = submitter.answer()
            heard = {"unheard": 0, "unheard_events": 0, "messages": 0}
            if listeners is not None:
                listeners.send(json.dumps(answer["ids"]))
                heard = listeners.answer()
            _wait(lambda: served.remote.overview().totals.by_state[JobState.DONE] == len(names))
        time.sleep(1.0)
        after = served.rss
    done = {entry.job.conversion_id for entry in served.remote.select(states=[JobState.DONE])}
    lost = sum(status != 202 or id_ not in done for status, id_ in zip(answer["statuses"], answer["ids"], strict=True))
    return Load(
        tuple(answer["times_ms"]),
        len(answer["ids"]) / answer["seconds"],
        before,
        max(peak),
        after,
        lost + _SUBMITTED - len(set(answer["ids"])),
        heard["unheard"] + heard["unheard_events"],
        heard["messages"],
    )


def _listen(stack: contextlib.ExitStack, served: Served, ids: list[str]) -> Program:
    listeners = stack.enter_context(program("clients", "listen", served.url, served.token))
    listeners.send(json.dumps(ids))
    listeners.answer()
    return listeners


@contextlib.contextmanager
def _highest(served: Served) -> Iterator[list[int]]:
    """Memory, looked at all the time."""
    found, over = [served.rss], threading.Event()

    def look() -> None:
        while not over.wait(_SAMPLE_S):
            found.append(served.rss)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("The service did not get on with its work.")
        time.sleep(0.2)


# --- visits ---


def _visit(served: Served, repeat: int) -> Visits:
    """The hot folder's files are queued, and more than can be converted meanwhile."""
    remote = served.remote
    _wait(lambda: remote.overview().totals.workers_busy == _WORKERS)
    _wait(lambda: sum(remote.overview().totals.by_state.values()) >= _BEFORE + _SUBMITTED)
    last = str(max(entry.job.id for entry in remote.select()))
    commands: dict[tuple[str, str], list[float]] = {}
    for _ in range(repeat):
        for how, switch in (("busy", remote.resume), ("idle", remote.pause)):
            switch()
            wanted = 0 if how == "idle" else _WORKERS
            _wait(lambda wanted=wanted: remote.overview().totals.workers_busy == wanted)
            for command in (("ls",), ("status",), ("hold", last)):
                commands.setdefault((command[0], how), []).append(_run(served, *command))
            remote.release([int(last)])
    remote.resume()
    _wait(lambda: remote.overview().totals.workers_busy == _WORKERS)
    alone = _cpu(served)
    with program("clients", "follow", str(served.settings.state_folder), str(_LOOKS_PER_S)) as follower:
        follower.answer()
        followed = _cpu(served)
        assert follower.process.stdin is not None
        follower.process.stdin.close()
        cost = follower.answer()["cpu"]
    return Visits(commands, alone, followed, cost)


def _run(served: Served, *command: str) -> float:
    """Milliseconds a command takes."""
    folders = ["-i", str(served.settings.input), "-o", str(served.settings.output)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOTFOLIO_")}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "tui", *command, *folders],
        cwd=served.settings.output,
        env=inherited | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - started) * 1000


def _cpu(served: Served) -> float:
    """The part of one core that the service's own process takes."""
    began, cpu = time.perf_counter(), served.cpu_s
    time.sleep(_WINDOW_S)
    return (served.cpu_s - cpu) / (time.perf_counter() - began)


def _attach(lab: Lab) -> list[float]:
    files = small_files(_LONG_QUEUE, lab.folder("many") / "files")
    times_ms = []
    with _service(lab, files[:1], settle=_NEVER_S) as served:
        served.remote.pause()
        served.remote.submit_many(files)
        for _ in range(max(lab.repeat, 3)):
            with program("clients", "attach", str(served.settings.state_folder)) as client:
                answer = client.answer()
                assert answer["jobs"] == _LONG_QUEUE, answer["jobs"]
            times_ms.append(answer["seconds"] * 1000)
    return times_ms
