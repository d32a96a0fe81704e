"""Two real nodes: what they make is what this machine makes, and whatever of it dies, nothing is lost or done twice."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from engine.base.errors import ChildKilled, NodeLost
from engine.cluster.clusterbackend import ClusterBackend
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.backend import Backend, Limits, MakeBackend, Workplace
from engine.sandbox.confinement import landlock_version
from engine.sandbox.protocol import Event, PagesDone, PageStarted
from tests import pdfs
from tests.backends import local_backend
from tests.cluster.outcome import PATIENCE_S, all_well, here_alone, outputs, pages_of, settings
from tests.cluster.real import RealCluster, end, kill, left, processes_of, ready, real_cluster, wait_for
from tests.engine.sandbox.conformance import BackendConformance, document, open_document, pages, staged
from tests.waiting import wait_until

PAGES = 80


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    with real_cluster(tmp_path_factory.mktemp("cluster"), "one", "two", own=False) as cluster:
        yield cluster


def clustered(cluster: RealCluster, workplace: Workplace, *, here: int = 0) -> ClusterBackend:
    """A backend with the cluster's files, wherever it works itself."""
    place = Workplace(cluster.state, workplace.desks)
    return ClusterBackend(place, local=local_backend(workplace), places=here)


@pytest.fixture
def backend(cluster: RealCluster, tmp_path: Path) -> Iterator[ClusterBackend]:
    with started(clustered(cluster, Workplace(tmp_path, tmp_path / "jobs"))) as backend:
        wait_for(backend, "one", "two")
        yield backend


@contextmanager
def started(backend: ClusterBackend) -> Iterator[ClusterBackend]:
    backend.start()
    try:
        yield backend
    finally:
        backend.close()


class TestRealCluster(BackendConformance):
    @pytest.fixture
    def make(self, cluster: RealCluster) -> MakeBackend:
        return lambda workplace: clustered(cluster, workplace)

    @pytest.fixture
    def backend(self, make: MakeBackend, tmp_path: Path) -> Iterator[Backend]:
        made = make(Workplace(tmp_path, tmp_path / "jobs"))
        assert isinstance(made, ClusterBackend)
        with started(made) as backend:
            wait_for(backend, "one", "two")
            yield backend


# --- an engine ---


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a.pdf"
    file.write_bytes(document(*[f"words of page {page}" for page in range(PAGES)]))
    return file


@pytest.mark.parametrize("victim", ["nobody", "node", "bridge", "scheduler", "child"])
def test_outputs_are_the_same_whoever_makes_them_and_whoever_dies(tmp_path: Path, file: Path, victim: str) -> None:
    (expected,) = here_alone(tmp_path / "alone", file)
    state = tmp_path / "spread" / "state"
    with real_cluster(tmp_path / "nodes", "one", "two") as cluster:
        state.mkdir(parents=True)
        (cluster.state / "cluster").rename(state / "cluster")
        made: list[ClusterBackend] = []

        def make(workplace: Workplace) -> ClusterBackend:
            made.append(ClusterBackend(workplace, local=local_backend(workplace)))
            return made[-1]

        with Engine(settings(tmp_path / "spread", state=state), watch=False, backend=make) as engine:
            (backend,) = made
            wait_for(backend, "one", "two")
            backend.set_places(0)  # else this machine, which has all loaded, may be done before a node has begun
            job = engine.submit(file)
            wait_until(lambda: sum(node.pages for node in backend.nodes()) > 2, "pages of nodes", PATIENCE_S)
            match victim:
                case "node":
                    kill(cluster.nodes["one"].pid)
                case "child":
                    for process in processes_of(cluster.nodes["one"].pid or 0)[2:]:
                        process.kill()
                case "bridge":
                    kill(backend.bridge_pid)
                case "scheduler":
                    kill(backend.scheduler_pid)
            assert engine.wait_until_idle(PATIENCE_S)
            done = engine.job(job.id).job
            assert done.state is JobState.DONE
            assert pages_of(engine, done) == all_well(PAGES)
            assert outputs(done) == expected
            wait_for(backend, "one", "two")
    assert left(tmp_path) == []


# --- a batch ---


def newest(cluster: RealCluster) -> psutil.Process:
    """The process of a node that was forked last, which is the one that converts."""
    found = (process for node in cluster.nodes.values() for process in processes_of(node.pid or 0))
    return max(found, key=psutil.Process.create_time)


def test_a_kill_ends_the_process_on_the_node_at_once(cluster: RealCluster, backend: ClusterBackend) -> None:
    desk = staged(backend, "fault: loop")
    sandbox = backend.open(Limits())
    killed: list[float] = []
    children: list[psutil.Process] = []

    def on_event(event: Event) -> None:
        if isinstance(event, PageStarted):
            children.append(newest(cluster))
            killed.append(time.monotonic())
            sandbox.kill()

    with pytest.raises(ChildKilled):
        sandbox.run(pages(desk, 1, 1), on_event)
    _, alive = psutil.wait_procs(children, PATIENCE_S)
    assert not alive


def test_a_node_that_stands_still_for_a_while_goes_on(cluster: RealCluster, backend: ClusterBackend) -> None:
    desk = staged(backend, *["fault: slow"] * 4)
    sandbox = backend.open(Limits())
    stopped: list[int] = []

    def on_event(event: Event) -> None:
        if isinstance(event, PageStarted) and event.page == 2:
            for node in cluster.nodes.values():
                end(node.pid, signal.SIGSTOP)
                stopped.append(node.pid or 0)
            time.sleep(5)
            for pid in stopped:
                end(pid, signal.SIGCONT)

    assert isinstance(sandbox.run(pages(desk, 1, 4), on_event), PagesDone)


def test_a_node_that_stands_still_for_longer_than_its_lease_loses_its_batch_and_comes_back(
    cluster: RealCluster, backend: ClusterBackend
) -> None:
    desk = staged(backend, *["fault: slow"] * 4)
    sandbox = backend.open(Limits())
    pids = [node.pid for node in cluster.nodes.values()]

    def on_event(event: Event) -> None:
        for pid in pids:
            end(pid, signal.SIGSTOP)

    with pytest.raises(NodeLost):
        sandbox.run(pages(desk, 1, 4), on_event)
    for pid in pids:
        end(pid, signal.SIGCONT)
    wait_for(backend, "one", "two")


@pytest.mark.skipif(not landlock_version(), reason="the kernel has no Landlock")
def test_what_nodes_can_take_over_on_this_machine_is_held(cluster: RealCluster, backend: ClusterBackend) -> None:
    assert cluster.scheduler is not None
    for pid in (backend.bridge_pid, cluster.scheduler.pid):
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        process = psutil.Process(pid)
        listening = [c.laddr.port for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening == ([] if pid == backend.bridge_pid else [cluster.port])
        assert not process.children()


def test_who_has_another_certificate_does_not_come_in(
    cluster: RealCluster, backend: ClusterBackend, tmp_path: Path
) -> None:
    stranger = RealCluster(tmp_path / "stranger")
    try:
        node = stranger.add("stranger", scheduler=f"tls://127.0.0.1:{cluster.port}")
        wait_until(lambda: node.failures > 0, "it to be refused", PATIENCE_S)
        assert ready(backend) == {"one", "two"}
    finally:
        stranger.close()


def test_one_with_other_versions_is_told_so_and_ends_with_three(
    cluster: RealCluster, backend: ClusterBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as m\nreal = m.version\n"
        "m.version = lambda name: '0.0.1' if name == 'pymupdf' else real(name)\n"
    )
    node = cluster.add("old")
    try:
        assert node.wait(PATIENCE_S) == 3
        (old,) = [node for node in backend.nodes() if node.name == "old"]
        assert "pymupdf is 0.0.1 there and" in old.why
    finally:
        cluster.nodes.pop("old").close()


def test_a_document_of_another_kind_is_sent_as_the_pdf_that_was_made_of_it(backend: ClusterBackend) -> None:
    desk = staged(backend, "one", "two")
    (desk.path / "converted.pdf").write_bytes((desk.path / "source.pdf").read_bytes())
    (desk.path / "source.pdf").write_bytes(pdfs.text_pages(1))
    sandbox = backend.open(Limits())
    assert isinstance(sandbox.run(pages(desk, 2, 2), lambda _: None), PagesDone)
    assert "marker-2" in (desk.path / "pages" / "000002-000002.jsonl").read_text()
    assert open_document(sandbox, desk)
