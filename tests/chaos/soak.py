"""Files that are rewritten all the time: `python -m tests.chaos.soak --minutes 30 --seed 1`.

One engine, and files in three hot folders that are written anew, faster than they can be converted. What must hold:
each is published again and again all the while, every result is whole, the engine needs no more and more memory,
descriptors or job folders, and once nothing is rewritten any more, the last version of each is published and nothing
is left. Prints what it has come to; the exit status is 1 if something does not hold.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos import checks
from tests.chaos.counts import Broken, Counts
from tests.chaos.filefaults import FileFaults
from tests.chaos.ledger import Ledger
from tests.chaos.results import Results
from tests.chaos.running import Engine
from tests.chaos.versions import Versions
from tests.chaos.world import World

_FILES = 30
_PAUSE_S = 0.3
_LOOK_EVERY = 20
"""Rewritings between two looks at what is published."""
_TOLD_EVERY_S = 60.0
_WARM_S = 60.0
"""An engine that has worked so long has come to its size."""
_MORE_DESCRIPTORS = 24
_MORE_MIB = 60
_WITHOUT_RESULT_S = 300.0
"""A file that is rewritten all the while is published at least as often."""


class Soak:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, world: World, seed: int) -> None:
        self._world = world
        self._dice = random.Random(seed)
        self._versions = Versions(self._dice)
        self.engine = Engine(world, self._dice, Counts())
        self._files = FileFaults(world, self._versions, self._dice, Counts())
        self._results = Results(world.output, self._versions)
        self._ledger = Ledger(world.state)
        self._published: dict[Path, tuple[tuple[int, int], float]] = {}
        """Which result a folder has, and since when it has been seen."""
        self._longest_s = 0.0
        self._baseline: tuple[int, int] | None = None
        self._largest = 0, 0

    def run(self, seconds: float, files: int = _FILES) -> None:
        """Rewrite for as long, and see to what must hold; raises `Broken`."""
        self.engine.wait_reachable()
        paths = [self._files.drop() for _ in range(files)]
        began = told = time.monotonic()
        while (now := time.monotonic()) < began + seconds:
            for _ in range(_LOOK_EVERY):
                self._files.write_again(self._dice.choice(paths))
                time.sleep(2 * _PAUSE_S * self._dice.random())
            self.engine.check_alive()
            self._results.look()
            self._check_turns(began, files)
            if now > began + min(_WARM_S, seconds / 2):
                self._check_flat(files)
            if now > told + _TOLD_EVERY_S:
                told = now
                print(self.summary(), flush=True)
        self._rest()

    def summary(self) -> str:
        """What it has come to so far."""
        states = ", ".join(f"{state} {count}" for state, count in sorted(self._ledger.states().items()))
        return (
            f"versions {len(self._versions)}, published {len(self._results.published)}, longest without a new result "
            f"{self._longest_s:.0f} s; descriptors and MiB {self._baseline}, at most {self._largest}"
            + (f"; jobs: {states}" if states else "")
        )

    # --- below ---

    def _check_turns(self, began: float, files: int) -> None:
        """No file waits for ever, however often it is rewritten."""
        now = time.monotonic()
        waited = [now - since for _, since in self._published.values()] + [now - began] * (len(self._published) < files)
        self._longest_s = max(self._longest_s, *waited)
        for folder, result in self._results.seen.items():
            if self._published.get(folder, (None, 0.0))[0] != result.identity:
                self._published[folder] = result.identity, now
        if self._longest_s > _WITHOUT_RESULT_S:
            raise Broken("lost", f"a file that is rewritten has had no new result for {self._longest_s:.0f} s")

    def _check_flat(self, files: int) -> None:
        found = self.engine.readings()
        self._baseline = self._baseline or found
        self._largest = max(self._largest[0], found[0]), max(self._largest[1], found[1])
        if found[0] > self._baseline[0] + _MORE_DESCRIPTORS or found[1] > self._baseline[1] + _MORE_MIB:
            raise Broken("not flat", f"descriptors and MiB were {self._baseline}, and are {found}")
        # One for each version that is worked on or waits, and for each the log of the last one that is published.
        folders = sum(1 for folder in (self._world.state / "jobs").iterdir() if len([*folder.iterdir()]) > 1)
        if folders > 3 * files:
            raise Broken("orphans", f"{folders} job folders for {files} files")

    def _rest(self) -> None:
        """Have the last versions come to their end, and look at all of it."""
        self.engine.hurry(on=True)
        self.engine.terminate()
        self.engine.finish_queue()
        self._ledger.read()
        self._results.look(thoroughly=True)
        self._ledger.check_published([result.manifest for result in self._results.seen.values()])
        checks.check_files(self._world, self._files.expected, self._results.published)
        checks.check_ends(self._world, self._ledger, self._versions, set())
        checks.check_converted(self._world, self._ledger, self._versions, self._results.published)
        checks.check_nothing_left(self._world, self._ledger)
        checks.check_canary(self._world)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1, help="decides which files are rewritten, and what with")
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    with World(folder) as world:
        soak = Soak(folder, world, asked.seed)
        try:
            soak.run(60 * asked.minutes)
        except (AssertionError, OSError) as error:
            soak.engine.close()
            world.keep()
            print(soak.summary())
            print(f"seed {asked.seed}: {error}; what it was is in {folder}")
            return 1
        soak.engine.close()
    shutil.rmtree(folder)
    print(f"seed {asked.seed}; {soak.summary()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
