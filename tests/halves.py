"""Has some of the test processes run what starts programs, and the others the rest: `pytest -n 6 --starters 4`.

With pytest-xdist each process collects all tests and loads all that they need, 10 s of work, and starts the fork
servers that its tests share, some 8 s more. A process with one half of the tests needs 7 to 8 s for them, and none of
the fork servers if its half starts no programs.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest
from xdist.scheduler import WorkStealingScheduling
from xdist.workermanage import WorkerController, parse_tx_spec_config

_TESTS = Path(__file__).parent
_STARTING = tuple(
    _TESTS / path
    for path in (
        "benchmarks",
        "chaos",
        "e2e",
        "engine/facade",
        "engine/hooks",
        "engine/remote",
        "engine/sandbox",
        "engine/server",
        "engine/work",
        "plugins",
        "test_loaded.py",
        "tui/command",
    )
)
"""Tests that start programs, fork servers or whole engines."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--starters`."""
    parser.addoption("--starters", type=int, default=0, help="of the processes, how many run tests that start programs")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is of the other half of the tests, folders with what their conftest.py loads."""
    starters = config.getoption("starters")
    worker = getattr(config, "workerinput", {}).get("workerid")
    if not (starters and worker):
        return None
    is_starting = any(collection_path.is_relative_to(path) for path in _STARTING)
    if _is_starter(worker, starters):
        is_above = any(path.is_relative_to(collection_path) for path in _STARTING)
        return None if is_starting or is_above else True
    return True if is_starting else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "_HalvesScheduling | None":
    """Have each half handed out to its own processes."""
    starters = config.getoption("starters")
    return _HalvesScheduling(config, log, starters) if starters else None


def _is_starter(worker: str, starters: int) -> bool:
    return int(worker.removeprefix("gw")) < starters


class _HalvesScheduling:
    """Two of xdist's schedulers side by side: see `xdist.scheduler.protocol.Scheduling`.

    A process of one half that has no test left gets none of the other, which it has not collected.
    """

    def __init__(self, config: pytest.Config, log: object, starters: int) -> None:
        processes = len(parse_tx_spec_config(config))
        if not 0 < starters < processes:
            raise pytest.UsageError(f"--starters {starters}: of -n {processes} processes, each half needs one")
        self._config = config
        self._starters = starters
        self._halves = WorkStealingScheduling(config, log), WorkStealingScheduling(config, log)
        for half, count in zip(self._halves, (starters, processes - starters), strict=True):
            half.numnodes = count

    def _half(self, node: WorkerController) -> WorkStealingScheduling:
        return self._halves[not _is_starter(node.gateway.id, self._starters)]

    @property
    def nodes(self) -> list[WorkerController]:
        return [*chain.from_iterable(half.nodes for half in self._halves)]

    @property
    def collection_is_completed(self) -> bool:
        return all(half.collection_is_completed for half in self._halves)

    @property
    def tests_finished(self) -> bool:
        return all(half.tests_finished for half in self._halves)

    @property
    def has_pending(self) -> bool:
        return any(half.has_pending for half in self._halves)

    def add_node(self, node: WorkerController) -> None:
        self._half(node).add_node(node)

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        self._half(node).add_node_collection(node, collection)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        self._half(node).mark_test_complete(node, item_index, duration)

    def mark_test_pending(self, item: str) -> None:
        for half in self._halves:
            if half.collection and item in half.collection:
                half.mark_test_pending(item)

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        self._half(node).remove_pending_tests_from_node(node, indices)

    def remove_node(self, node: WorkerController) -> str | None:
        return self._half(node).remove_node(node)

    def schedule(self) -> None:
        for half in self._halves:
            half.schedule()
        # By which the progress is counted; it knows only what the last process has collected.
        session = self._config.pluginmanager.get_plugin("session")
        session.testscollected = sum(len(half.collection or ()) for half in self._halves)
