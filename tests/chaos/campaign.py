"""A run: rounds of faults, each of which ends with looks at what must hold; now and then everything comes to rest."""

import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import checks
from tests.chaos.counts import Broken, Counts
from tests.chaos.filefaults import FileFaults
from tests.chaos.ledger import PUBLISHED, Ledger
from tests.chaos.results import Results
from tests.chaos.running import Engine
from tests.chaos.versions import Versions
from tests.chaos.world import World

CYCLE = 12
"""After so many rounds everything comes to rest."""
_CALM = 4
"""In so many of them, the last ones, the engine is left alive, so that it can be seen whether it grows."""
_STEPS = (4, 10)
_PAUSES_S = (0.0, 0.05, 0.2, 0.4)
_AT_WORK = 0.8
"""How often an engine is let come to work before anything is done to it."""
_MORE_DESCRIPTORS = 12
_MORE_MIB = 60
_Fault = Callable[[], object]


class Campaign:
    """One seed's. The seed decides what is done and in which order; what it meets depends on the machine."""

    def __init__(self, folder: Path, world: World, seed: int) -> None:
        self._dice = random.Random(seed)
        self._world = world
        self.counts = Counts()
        self.versions = Versions(self._dice)
        self.engine = Engine(world, self._dice, self.counts)
        self._files = FileFaults(world, self.versions, self._dice, self.counts)
        self._results = Results(world.output, self.versions)
        self._ledger = Ledger(world.state)
        self._baseline: tuple[int, int] | None = None
        self.rounds = 0
        self._faults = self._all_faults()
        self._ends: dict[str, tuple[int, _Fault]] = {
            "ended by SIGKILL": (10, self.engine.kill),
            "ended by SIGKILL to its group": (5, self.engine.kill_group),
            "ended by SIGTERM": (2, self.engine.terminate),
            "ended by `stop`": (1, self.engine.stop_by_command),
            "state folders taken away": (1, self.engine.lose_state),
        }

    def summary(self) -> str:
        """What it has come to so far."""
        left_out = "" if self._world.has_disk else "; full disks are left out: one may not mount here"
        return self.counts.summary(self.rounds, len(self.versions), self._ledger.states(), left_out)

    def round(self, *, steps: int | None = None) -> None:
        """Some faults, and an end of the engine unless the round is a calm one."""
        self.rounds += 1
        is_calm = self.rounds % CYCLE > CYCLE - _CALM or self.rounds % CYCLE == 0
        _ = self.engine.process
        for _ in range(2):
            self._files.drop()
        if self._dice.random() < _AT_WORK:
            self.engine.wait_at_work()
        for _ in range(steps or self._dice.randint(*_STEPS)):
            self._do(self._faults)
            self.engine.check_alive()
            self._results.look()
            time.sleep(self._dice.choice(_PAUSES_S))
        self._world.empty_disk()
        if not is_calm:
            self._do(self._ends)
            self._ledger.read()
            self._results.look(thoroughly=True)
            self._ledger.check_published([result.manifest for result in self._results.seen.values()])
        checks.check_canary(self._world)

    def rest(self) -> None:
        """Have everything come to its end, and look at all of it."""
        self._files.undo()
        self.engine.hurry(on=True)
        if self.engine.is_running or "held" in self._ledger.states():
            self.engine.wait_reachable()
            self.engine.order("resume")
            self.engine.order("release", "--state", "held")
            self._check_flat()
            self.engine.terminate()
        self._finish()
        checks.check_ends(self._world, self._ledger, self.versions, self.engine.ordered_cancels)
        again = {row.id for _, row in checks.jobs_of_files(self._world, self._ledger) if row.state != "done"}
        if again:
            self.engine.wait_reachable()
            self.engine.order("retry", *map(str, sorted(again)))
            self.engine.terminate()
            self._finish()
        checks.check_converted(self._world, self._ledger, self.versions, self._results.published)
        checks.check_nothing_left(self._world, self._ledger)
        self.engine.hurry(on=False)

    # --- below ---

    def _finish(self) -> None:
        self.engine.finish_queue()
        self._ledger.read()
        self._results.look(thoroughly=True)
        self._ledger.check_published([result.manifest for result in self._results.seen.values()])
        checks.check_files(self._world, self._files.expected, self._results.published)
        checks.check_canary(self._world)

    def _check_flat(self) -> None:
        """An engine that has lived through rounds has no more descriptors or memory than the first that has."""
        found = self.engine.readings()
        if self._baseline is None:
            self._baseline = found
        descriptors, memory = self._baseline
        if found[0] > descriptors + _MORE_DESCRIPTORS or found[1] > memory + _MORE_MIB:
            raise Broken("not flat", f"descriptors and MiB were {self._baseline}, and are {found}")

    def _do(self, faults: dict[str, tuple[int, _Fault]]) -> None:
        name = self._dice.choices(list(faults), [weight for weight, _ in faults.values()])[0]
        self.counts.done[name] += 1
        faults[name][1]()

    def _all_faults(self) -> dict[str, tuple[int, _Fault]]:
        faults: dict[str, tuple[int, _Fault]] = {
            **self._files.faults,
            "conversions killed": (12, self.engine.kill_conversion),
            "fork servers killed": (1, self.engine.kill_fork_server),
            "suspended": (1, self._suspend),
            "pause": (1, lambda: self._order("pause")),
            "resume": (4, lambda: self._order("resume")),
            "cancel": (1, self._cancel),
            "hold": (1, lambda: self._order_one("hold")),
            "release": (1, lambda: self._order("release", "--state", "held")),
            "retry": (1, self._retry),
            "priority": (1, lambda: self._order_one("priority", self._dice.choice(("5", "+1", "-1")))),
        }
        if self._world.has_disk:
            faults["full disks"] = (1, self._world.fill_disk)
            faults["room again"] = (2, self._world.empty_disk)
        return faults

    def _suspend(self) -> None:
        with self.engine.suspended():
            for _ in range(3):
                self._do(self._files.faults)

    def _order(self, *words: str) -> None:
        self.engine.wait_reachable()
        self.engine.order(*words)

    def _order_one(self, *words: str) -> None:
        if unfinished := self._ids(("queued", "held", "running")):
            self._order(*words, str(self._dice.choice(unfinished)))

    def _cancel(self) -> None:
        if unfinished := self._ids(("queued", "held", "running")):
            job_id = self._dice.choice(unfinished)
            self.engine.ordered_cancels.add(job_id)
            self._order("cancel", str(job_id))

    def _retry(self) -> None:
        if ended := self._ids(("failed", "cancelled", *PUBLISHED)):
            self._order("retry", str(self._dice.choice(ended)))

    def _ids(self, states: tuple[str, ...]) -> list[int]:
        self.engine.wait_reachable()
        return sorted(job["job_id"] for job in self.engine.jobs("--state", ",".join(states)))
