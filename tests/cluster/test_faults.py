"""What comes between a head and its nodes, and what becomes of the work: nothing is lost, nothing is done twice."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.base.errors import ChildKilled, NodeLost
from engine.cluster.clusterbackend import ClusterBackend
from engine.cluster.exchange import LEASE_S
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.job.machines import NodeState
from engine.sandbox.backend import Limits, Workplace
from engine.sandbox.protocol import Event, PagesDone, PageStarted
from tests.backends import local_backend
from tests.cluster import head
from tests.cluster.outcome import PATIENCE_S, all_well, here_alone, outputs, pages_of, settings
from tests.cluster.proxy import Way
from tests.cluster.real import Far, RealCluster, real_cluster, wait_for
from tests.cluster.test_real_cluster import clustered, newest, started
from tests.engine.sandbox.conformance import document, pages, staged
from tests.waiting import wait_until

PAGES = 80
SHORT_S, LONG_S = 10.0, 60.0
"""Less than the lease, and much more."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """One node is near, and one is far."""
    with real_cluster(tmp_path_factory.mktemp("faults"), "near", own=False) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def far(cluster: RealCluster) -> Far:
    return cluster.add_far("far")


@pytest.fixture
def backend(cluster: RealCluster, far: Far, tmp_path: Path) -> Iterator[ClusterBackend]:
    """One that has the far node alone."""
    with started(clustered(cluster, Workplace(tmp_path, tmp_path / "jobs"))) as backend:
        wait_for(backend, "near", "far")
        life = backend.fleet._roster.find("near")
        assert life is not None
        backend.fleet._busy[life] = 1  # somebody else's
        yield backend


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.pdf"
    file.write_bytes(document(*["fault: slow"] * PAGES))
    return file


def state_of(backend: ClusterBackend, name: str) -> NodeState | None:
    return next((node.state for node in backend.nodes() if node.name == name), None)


def test_a_far_node_makes_what_this_machine_does_and_a_kill_takes_a_round_trip(
    cluster: RealCluster, far: Far, backend: ClusterBackend
) -> None:
    far.each(lambda way: setattr(way, "delay_s", 0.025))
    desk = staged(backend, "one", "two", "fault: loop")
    dead: list[float] = []

    def watch(child: psutil.Process, began: float) -> None:
        with contextlib.suppress(psutil.Error):
            child.wait(PATIENCE_S)
        dead.append(time.monotonic() - began)

    try:
        sandbox = backend.open(Limits())
        assert isinstance(sandbox.run(pages(desk, 1, 2), lambda _: None), PagesDone)
        threads: list[threading.Thread] = []

        def on_event(event: Event) -> None:
            if isinstance(event, PageStarted):
                threads.append(threading.Thread(target=watch, args=(newest(cluster), time.monotonic())))
                threads[-1].start()
                sandbox.kill()

        with pytest.raises(ChildKilled):
            sandbox.run(pages(desk, 3, 3), on_event)
        threads[0].join(PATIENCE_S)
        print(f"\nkilled at 50 ms round trip: dead after {dead[0] * 1000:.0f} ms")
        assert dead
    finally:
        far.each(lambda way: setattr(way, "delay_s", 0.0))


@pytest.mark.parametrize("fault", ["silent", "ended"])
def test_a_short_fault_costs_nothing(far: Far, backend: ClusterBackend, fault: str) -> None:
    desk = staged(backend, *["fault: slow"] * 8)
    states: set[NodeState | None] = set()

    def on_event(event: Event) -> None:
        if isinstance(event, PageStarted) and event.page == 2:
            if fault == "ended":
                far.back.end_connections()
                return
            far.each(Way.silence)
            ends = time.monotonic() + SHORT_S
            while time.monotonic() < ends:
                states.add(state_of(backend, "far"))
                time.sleep(0.1)
            far.each(Way.restore)

    sandbox = backend.open(Limits())
    assert isinstance(sandbox.run(pages(desk, 1, 8), on_event), PagesDone)
    assert states <= {NodeState.READY, NodeState.SILENT}
    assert (NodeState.SILENT in states) is (fault == "silent")


def test_a_document_that_is_cut_on_its_way_goes_on_where_it_was(far: Far, backend: ClusterBackend) -> None:
    desk = staged(backend, "one", "two")
    with (desk.path / "source.pdf").open("ab") as stream:
        stream.write(b"%" + os.urandom(8 << 20).replace(b"\n", b" "))
    cut, before = threading.Event(), far.back.passed
    far.back.silence_after(3 << 20, cut.set)

    def mend() -> None:
        cut.wait(PATIENCE_S)
        time.sleep(LEASE_S / 3)
        far.each(Way.restore)

    threading.Thread(target=mend).start()
    assert isinstance(backend.open(Limits()).run(pages(desk, 1, 2), lambda _: None), PagesDone)
    assert cut.is_set()
    assert far.back.passed - before < 12 << 20  # and is not sent twice


def test_one_that_is_cut_off_for_longer_than_its_lease_is_lost_and_back_by_itself(
    cluster: RealCluster, far: Far, tmp_path: Path, file: Path
) -> None:
    (expected,) = here_alone(tmp_path / "alone", file)
    state = tmp_path / "spread" / "state"
    state.mkdir(parents=True)
    (state / "cluster").symlink_to(cluster.state / "cluster")
    made: list[ClusterBackend] = []

    def make(workplace: Workplace) -> ClusterBackend:
        made.append(ClusterBackend(workplace, local=local_backend(workplace)))
        return made[-1]

    with Engine(settings(tmp_path / "spread", state=state), watch=False, backend=make) as engine:
        (backend,) = made
        wait_for(backend, "near", "far")
        backend.set_places(0)
        job = engine.submit(file)
        wait_until(lambda: any(n.name == "far" and n.pages for n in backend.nodes()), "pages of it", PATIENCE_S)
        far.each(Way.silence)
        began = time.monotonic()
        wait_until(lambda: state_of(backend, "far") is NodeState.LEFT, "it to be lost", PATIENCE_S)
        lost_s = time.monotonic() - began
        assert engine.wait_until_idle(PATIENCE_S)
        done = engine.job(job.id).job
        assert done.state is JobState.DONE
        assert pages_of(engine, done) == all_well(PAGES)
        assert outputs(done) == expected
        time.sleep(max(0.0, LONG_S - (time.monotonic() - began)))
        assert state_of(backend, "far") in (NodeState.LEFT, None)
        far.each(Way.restore)
        began = time.monotonic()
        wait_for(backend, "near", "far")
        print(f"\ncut off: given to others after {lost_s:.1f} s, back after {time.monotonic() - began:.1f} s")


def test_a_batch_whose_node_is_cut_off_is_nobodys(far: Far, backend: ClusterBackend) -> None:
    desk = staged(backend, *["fault: slow"] * 4)
    with pytest.raises(NodeLost):
        backend.open(Limits()).run(
            pages(desk, 1, 4), lambda event: far.each(Way.cut) if isinstance(event, PageStarted) else None
        )
    far.each(Way.restore)
    wait_for(backend, "near", "far")


# --- the head ---


def test_a_head_that_is_killed_goes_on_where_it_was_and_nodes_keep_nothing_of_it(tmp_path: Path, file: Path) -> None:
    (expected,) = here_alone(tmp_path / "alone", file)
    with real_cluster(tmp_path / "nodes", "one", "two") as cluster:
        program = [sys.executable, "-m", head.__name__, str(tmp_path / "spread"), str(cluster.state), str(file)]
        first = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stdout.close()
        second = subprocess.run(program, stdout=subprocess.PIPE, text=True, timeout=2 * PATIENCE_S, check=True)
        (found,) = json.loads(second.stdout.splitlines()[-1]).values()
        assert found == {"state": "done", "pages": all_well(PAGES), "made": expected}
        for name in ("one", "two"):
            desks = tmp_path / "nodes" / name / "desks"
            wait_until(lambda desks=desks: not [*desks.iterdir()], "nothing to be left on nodes", PATIENCE_S)  # type: ignore[misc]


# --- the node ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 72 MB, of which a cache leaves 64 to others."""
    place = tmp_path / "nodes" / "small"
    place.mkdir(parents=True)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=72m", "none", str(place)]).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("full", ["disk", "cache"])
def test_a_document_that_a_node_has_no_room_for_goes_to_others(tmp_path: Path, small_disk: Path, full: str) -> None:
    cluster = RealCluster(tmp_path / "nodes", own=False)
    cluster.add("small", cache_bytes=1 << (20 if full == "cache" else 30))
    try:
        with started(clustered(cluster, Workplace(tmp_path, tmp_path / "jobs"))) as backend:
            wait_for(backend, "small")
            desk = staged(backend, "one", "two")
            with (desk.path / "source.pdf").open("ab") as stream:
                stream.write(b"%" + b" " * (16 << 20))
            with pytest.raises(NodeLost):
                backend.open(Limits()).run(pages(desk, 1, 2), lambda _: None)
            (node,) = backend.nodes()
            assert node.state is NodeState.HELD
            assert ("cache takes 1." if full == "cache" else "disk of the cache is full") in node.why
    finally:
        cluster.close()
