"""Kills nodes, what converts on them, the bridge, the scheduler and the head, and sees that nobody notices.

`python -m tests.cluster.killing --seed 1 --rounds 100`. In each round two nodes convert twenty documents while one of
them all is killed again and again, once pages have been made. What comes of it has to be, to the byte, what this
machine makes alone, with each page there once, and nothing may be left running.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil

from engine.cluster import bridgeprocess, schedulerprocess, supervisor
from tests.cluster import head
from tests.cluster.outcome import PATIENCE_S, all_well, here_alone
from tests.cluster.real import RealCluster, found_of, kill, processes_of, real_cluster
from tests.engine.sandbox.conformance import document
from tests.waiting import wait_until

VICTIMS = ("node", "child", "bridge", "scheduler", "head")
_PAUSE_S = 0.0, 4.0
"""After pages were made, so that something goes on between two kills."""
_NOTHING_S = 60.0
_LEFT_S = 20.0
_MOST = 5
"""Processes of a node: its own, those of its fork server, and one that has the last document open."""
_OWN = 2
"""Processes of a node that stay: its own, and the first of its fork server's."""


class Broken(Exception):
    """Something was noticed."""


class Round:
    """One set of documents, converted once more."""

    def __init__(self, cluster: RealCluster, folder: Path, files: Sequence[Path], dice: random.Random) -> None:
        self._cluster = cluster
        self._folder = folder
        self._files = files
        self._dice = dice
        self._said: list[str] = []
        self._state = folder / "state"
        self._state.mkdir(parents=True)
        (self._state / "cluster").symlink_to(cluster.state / "cluster")
        self._head = self._started()
        self.killed: Counter[str] = Counter()

    def run(self) -> dict[str, dict[str, object]]:
        """Until all is done; what came of each document."""
        ends = time.monotonic() + 4 * PATIENCE_S
        try:
            while self._head.poll() is None:
                if time.monotonic() > ends:
                    raise Broken("it did not come to an end")
                before = len(self._said)
                with contextlib.suppress(AssertionError):  # there may be nothing left that makes pages
                    wait_until(lambda before=before: len(self._said) > before, "pages", _NOTHING_S)  # type: ignore[misc]
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._head.wait(self._dice.uniform(*_PAUSE_S))
                    break
                self._kill(self._dice.choice(VICTIMS))
        finally:
            if self._head.poll() is None:
                self._head.kill()
        self._reader.join(PATIENCE_S)
        if self._head.returncode:
            raise Broken(f"the head has ended with {self._head.returncode}")
        found: dict[str, dict[str, object]] = json.loads(self._said[-1])
        return found

    def _started(self) -> "subprocess.Popen[str]":
        program = [sys.executable, "-m", head.__name__, str(self._folder), str(self._state)]
        started = subprocess.Popen([*program, *map(str, self._files)], stdout=subprocess.PIPE, text=True)
        self._said.clear()
        self._reader = threading.Thread(target=self._read, args=(started,))
        self._reader.start()
        return started

    def _read(self, started: "subprocess.Popen[str]") -> None:
        assert started.stdout is not None
        with started.stdout as stream:
            for line in stream:
                self._said.append(line.rstrip())

    def _below_head(self, program: str) -> list[int]:
        found = []
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self._head.pid).children():
                with contextlib.suppress(psutil.Error):
                    if program in process.cmdline():
                        found.append(process.pid)
        return found

    def _kill(self, victim: str) -> None:
        pids: list[int] = []
        node = self._dice.choice([*self._cluster.nodes.values()])
        match victim:
            case "node":
                pids = [node.pid] if node.pid else []
            case "child":
                with contextlib.suppress(psutil.Error):
                    pids = [process.pid for process in processes_of(node.pid or 0)[_OWN:]]
            case "bridge":
                pids = self._below_head(bridgeprocess.PROGRAM)
            case "scheduler":
                pids = self._below_head(schedulerprocess.PROGRAM)
            case _:
                self._head.send_signal(signal.SIGKILL)
                self._head.wait()
                self._reader.join(PATIENCE_S)
                self.killed[victim] += 1
                self._head = self._started()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                kill(pid)
                self.killed[victim] += 1


def check(found: dict[str, dict[str, object]], expected: dict[str, dict[str, str]], lengths: dict[str, int]) -> None:
    """Each document is what it is without anybody killed; raises `Broken`."""
    if found.keys() != expected.keys():
        raise Broken(f"other documents: {sorted(found)}")
    for name, made in found.items():
        if made["state"] != "done" or made["pages"] != all_well(lengths[name]):
            raise Broken(f"{name}: {made['state']}, {made['pages']}")
        if made["made"] != expected[name]:
            raise Broken(f"{name}: other outputs")


def still_at_work(cluster: RealCluster) -> list[str]:
    """Processes of the cluster's that belong to no node, once a head has ended; and what a node has too many of."""
    found, many = found_of(cluster.folder.parent), []  # heads have folders of their own
    for node in cluster.nodes.values():
        with contextlib.suppress(psutil.Error):
            family = processes_of(node.pid) if node.pid else []
            for process in family:
                found.pop(process.pid, None)
            many += [" ".join(process.cmdline()) for process in family[_MOST:]]
    return [told for told in found.values() if supervisor.PROGRAM not in told.split()] + many


def main() -> int:
    """Exit status 1 as soon as something is noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.killing", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--documents", type=int, default=20)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    killed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files, lengths = [], {}
        for number in range(arguments.documents):
            pages = dice.randint(1, 16)
            lines = [dice.choice(["fault: slow", f"words of page {page}"]) for page in range(pages)]
            files.append(folder / f"document-{number}.pdf")
            files[-1].write_bytes(document(*lines))
            lengths[files[-1].name] = pages
        expected = dict(zip(lengths, here_alone(folder / "alone", *files), strict=True))
        with real_cluster(folder / "nodes", "one", "two") as cluster:
            for number in range(1, arguments.rounds + 1):
                began = time.monotonic()
                each = Round(cluster, folder / f"round-{number}", files, dice)
                try:
                    check(each.run(), expected, lengths)
                    with contextlib.suppress(AssertionError):
                        wait_until(lambda: not still_at_work(cluster), "nothing to be left at work", _LEFT_S)
                    if there := still_at_work(cluster):
                        raise Broken(f"left at work: {there}")
                except Broken as error:
                    print(f"round {number} of seed {arguments.seed}: {error}; killed {dict(each.killed)}")
                    print((folder / f"round-{number}" / "state" / "cluster.log").read_text()[-3000:], file=sys.stderr)
                    return 1
                killed += each.killed
                print(f"round {number}: {time.monotonic() - began:.0f} s, killed {dict(each.killed)}", flush=True)
    print(f"{arguments.rounds} rounds, {sum(killed.values())} killed {dict(killed)}: nothing was noticed")
    return 0


if __name__ == "__main__":
    os.environ.pop("DASK_CONFIG", None)
    raise SystemExit(main())
