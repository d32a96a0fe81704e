"""The backend of a cluster, with its nodes in threads: what it holds to, and what becomes of nodes that do not."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.disk import fsync_path
from engine.base.errors import ChildKilled, NodeLost, SettingsError
from engine.cluster.clusterbackend import ClusterBackend
from engine.facade.engine import Engine
from engine.job.job import Checkpoint, JobState
from engine.job.machines import NodeState
from engine.sandbox.backend import Backend, Cluster, Limits, MakeBackend, Workplace
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.protocol import OUT, PAGES, Event, PageDone, PagesDone, PageStarted, Task
from engine.settings.settings import Settings
from tests.engine.cluster.inprocess import InProcess, clustered, wait_for_nodes
from tests.engine.sandbox.conformance import BackendConformance, document, elsewhere, open_document, pages, staged
from tests.engine.sandbox.test_inmemory import misbehaving
from tests.waiting import wait_until


def faulty(workplace: Workplace) -> InMemoryBackend:
    return InMemoryBackend(workplace, converter=misbehaving)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[InProcess]:
    nodes = InProcess(tmp_path / "nodes", faulty)
    yield nodes
    nodes.close()


@pytest.fixture
def backend(nodes: InProcess, tmp_path: Path) -> Iterator[ClusterBackend]:
    """One that has no places of its own, so that all pages travel."""
    backend = clustered(nodes, Workplace(tmp_path, tmp_path / "jobs"), faulty)
    backend.start()
    yield backend
    backend.close()


class TestClusterBackend(BackendConformance):
    @pytest.fixture
    def make(self, nodes: InProcess) -> MakeBackend:
        nodes.add("one")
        return lambda workplace: clustered(nodes, workplace, faulty)

    @pytest.fixture
    def backend(self, make: MakeBackend, tmp_path: Path) -> Iterator[Backend]:
        backend = make(Workplace(tmp_path, tmp_path / "jobs"))
        assert isinstance(backend, ClusterBackend)
        backend.start()
        wait_for_nodes(backend, 1)
        yield backend
        assert sum(node.busy for node in backend.nodes()) == 0
        backend.close()


def test_it_is_one_that_has_other_machines(backend: ClusterBackend, tmp_path: Path) -> None:
    assert isinstance(backend, Cluster)
    assert not isinstance(faulty(Workplace(tmp_path, tmp_path)), Cluster)


def test_without_a_cluster_it_says_how_to_make_one(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(SettingsError, match="hotfolio cluster init"):
        ClusterBackend(Workplace(tmp_path, tmp_path / "jobs"))


def test_pages_are_converted_on_the_node_and_the_document_is_sent_once(
    nodes: InProcess, backend: ClusterBackend
) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "one", "two", "three", "four")
    sandbox = backend.open(Limits())
    open_document(sandbox, desk)
    assert isinstance(sandbox.run(pages(desk, 1, 2), lambda _: None), PagesDone)
    assert isinstance(sandbox.run(pages(desk, 3, 4), lambda _: None), PagesDone)
    (node,) = backend.nodes()
    assert (node.name, node.pages, node.shipped_bytes) == ("one", 4, (desk.path / "source.pdf").stat().st_size)
    lines = (desk.path / PAGES / Checkpoint(3, 4).file).read_bytes().splitlines()
    assert [json.loads(line)["page"] for line in lines] == [3, 4]


def test_what_is_not_worth_the_way_goes_to_a_node_if_there_is_no_place_here(
    nodes: InProcess, backend: ClusterBackend
) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "one")
    with (desk.path / "source.pdf").open("ab") as stream:
        stream.write(b"%" + b" " * (10 << 20))
    assert isinstance(backend.open(Limits()).run(pages(desk, 1, 1), lambda _: None), PagesDone)


def with_pictures(task: Task, folder: Path) -> Iterator[Event]:
    """A picture for each page, all of which are made durable at the end, as conversion processes do it."""
    made: list[Path] = []
    for event in convert_plainly(task, folder):
        if isinstance(event, PageDone):
            made.append(folder / OUT / f"a-{event.page:04d}.png")
            made[-1].write_bytes(b"picture %d" % event.page)
        if isinstance(event, PagesDone):
            for file in made:
                fsync_path(file)
        yield event


def test_files_of_pages_come_along_and_are_not_taken_from_the_process(tmp_path: Path) -> None:
    nodes = InProcess(tmp_path / "nodes", lambda workplace: InMemoryBackend(workplace, converter=with_pictures))
    backend = clustered(nodes, Workplace(tmp_path, tmp_path / "jobs"), faulty)
    backend.start()
    try:
        nodes.add("one")
        wait_for_nodes(backend, 1)
        desk = staged(backend, "one", "two", "three", "four")
        sandbox = backend.open(Limits())
        for first in (1, 3):
            assert isinstance(sandbox.run(pages(desk, first, first + 1), lambda _: None), PagesDone)
        assert {file.name: file.read_bytes() for file in (desk.path / OUT).iterdir()} == {
            f"a-{page:04d}.png": b"picture %d" % page for page in (1, 2, 3, 4)
        }
    finally:
        backend.close()
        nodes.close()


def test_what_differs_is_not_used_and_says_what(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("old", Python="2.7")
    wait_until(lambda: nodes.left)
    (leave,) = nodes.left
    assert leave.refused
    assert leave.why.startswith("old is not used: Python is 2.7 there and 3.")
    assert backend.more == 0
    assert backend.nodes()[0].state is NodeState.REFUSED


def test_a_node_that_is_gone_costs_the_pages_under_way(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "one", "fault: slow", "three")
    sandbox = backend.open(Limits())
    open_document(sandbox, desk)

    def on_event(event: Event) -> None:
        if isinstance(event, PageStarted) and event.page == 2:
            elsewhere(lambda: nodes.lose("one"))

    with pytest.raises(NodeLost, match="one has left"):
        sandbox.run(pages(desk, 1, 3), on_event)
    assert not sandbox.is_usable
    assert len((desk.path / PAGES / Checkpoint(1, 3).part).read_bytes().splitlines()) == 1
    assert backend.more == 0


def test_an_answer_that_is_lost_is_told_again(nodes: InProcess, backend: ClusterBackend) -> None:
    link = nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "one", "fault: slow", "three", "fault: slow", "five")
    sandbox = backend.open(Limits())
    open_document(sandbox, desk)
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, PageStarted) and event.page in (2, 4):
            link.is_cut = True
            nodes.loop.call_soon_threadsafe(nodes.loop.call_later, 0.1, lambda: setattr(link, "is_cut", False))

    assert isinstance(sandbox.run(pages(desk, 1, 5), on_event), PagesDone)
    assert [event.page for event in events if isinstance(event, PageDone)] == [1, 2, 3, 4, 5]


def test_a_bridge_that_ends_is_made_anew_and_documents_are_still_there(
    nodes: InProcess, backend: ClusterBackend
) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "fault: slow", "two")
    sandbox = backend.open(Limits())
    open_document(sandbox, desk)
    with pytest.raises(NodeLost):
        sandbox.run(pages(desk, 1, 2), lambda _: nodes.break_bridge())
    wait_for_nodes(backend, 1)
    again = backend.open(Limits())
    assert isinstance(again.run(pages(desk, 1, 2), lambda _: None), PagesDone)
    assert sum(node.shipped_bytes for node in backend.nodes()) == 0


def test_a_node_that_sends_what_is_not_the_protocol_is_held_after_the_third_time(
    nodes: InProcess, backend: ClusterBackend
) -> None:
    link = nodes.add("one")
    nodes.add("two")
    wait_for_nodes(backend, 2)
    link.answers = lambda data: b"no\n" if data else b""
    nodes.links["two"].answers = link.answers
    for _ in range(6):
        desk = staged(backend, "one", "two")
        with pytest.raises(NodeLost, match="not the protocol"):
            backend.open(Limits()).run(pages(desk, 1, 2), lambda _: None)
        assert not list((desk.path / PAGES).glob("*.jsonl"))
    assert {node.state for node in backend.nodes()} == {NodeState.HELD}
    assert backend.more == 0


def test_a_document_that_nodes_are_lost_with_stays_here(nodes: InProcess, backend: ClusterBackend) -> None:
    link = nodes.add("one")
    wait_for_nodes(backend, 1)
    link.answers = lambda data: b"no\n" if data else b""
    desk = staged(backend, "one", "two")
    for _ in range(2):
        with pytest.raises(NodeLost):
            backend.open(Limits()).run(pages(desk, 1, 2), lambda _: None)
    backend.set_places(1)
    sandbox = backend.open(Limits())
    open_document(sandbox, desk)
    assert isinstance(sandbox.run(pages(desk, 1, 2), lambda _: None), PagesDone)
    assert sum(node.pages for node in backend.nodes()) == 0


def test_a_full_cache_holds_the_node_and_not_the_document(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("small", cache_bytes=100)
    wait_for_nodes(backend, 1)
    desk = staged(backend, "one")
    with pytest.raises(NodeLost, match="the cache takes 0"):
        backend.open(Limits()).run(pages(desk, 1, 1), lambda _: None)
    (node,) = backend.nodes()
    assert node.state is NodeState.HELD
    assert "cache" in node.why


def test_who_waits_for_a_place_can_be_ended(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    backend.drain("one")
    desk = staged(backend, "one")
    sandbox = backend.open(Limits())
    nodes.loop.call_soon_threadsafe(nodes.loop.call_later, 0.1, sandbox.kill)
    with pytest.raises(ChildKilled):
        sandbox.run(pages(desk, 1, 1), lambda _: None)


def test_a_drained_node_leaves_once_it_is_done(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "fault: slow", "two")

    def on_event(event: Event) -> None:
        if isinstance(event, PageStarted) and event.page == 1:
            assert backend.drain("one")
            assert backend.more == 0

    assert isinstance(backend.open(Limits()).run(pages(desk, 1, 2), on_event), PagesDone)
    wait_until(lambda: nodes.left)
    assert not nodes.left[0].refused
    assert not backend.drain("one")
    assert not backend.remove("nobody")


def test_a_whole_engine_spreads_a_document_and_takes_nodes_as_they_come(nodes: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(document(*["fault: slow"] * 12))
    settings = Settings(output=tmp_path / "output", num_workers=1)
    with Engine(settings, watch=False, backend=lambda place: clustered(nodes, place, faulty)) as engine:
        nodes.add("one", slots=2)
        wait_until(lambda: engine.workers == 3)
        job = engine.submit(file)
        assert engine.wait_until_idle(60)
        done = engine.job(job.id).job
        vitals = engine.vitals()
        nodes.lose("one")
        wait_until(lambda: engine.workers == 1)
    assert (done.state, done.pages) == (JobState.DONE, 12)
    (node,) = vitals.nodes
    assert 0 < node.pages <= 12
    text = (Path(os.fsdecode(done.output or b"")) / "a.md").read_text()
    assert [text.count(f"marker-{page}.") for page in range(1, 13)] == [1] * 12


def test_a_killed_batch_says_nothing_more(nodes: InProcess, backend: ClusterBackend) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    desk = staged(backend, "fault: slow", "two")
    sandbox = backend.open(Limits())
    events: list[Event] = []

    def on_event(event: Event) -> None:
        events.append(event)
        sandbox.kill()

    started = time.monotonic()
    with pytest.raises(ChildKilled):
        sandbox.run(pages(desk, 1, 2), on_event)
    assert len(events) == 1
    assert time.monotonic() - started < 30
    wait_until(lambda: not backend.nodes()[0].busy)


def test_a_node_that_is_held_by_hand_gets_nothing_until_it_is_released(
    nodes: InProcess, backend: ClusterBackend
) -> None:
    nodes.add("one")
    wait_for_nodes(backend, 1)
    changes: list[int] = []
    backend.listen(lambda: changes.append(backend.more))
    assert backend.hold("one")
    assert not backend.hold("two")
    assert (backend.more, backend.nodes()[0].state) == (0, NodeState.HELD)
    assert backend.release("one")
    assert (changes[0], changes[-1]) == (0, 1)
    desk = staged(backend, "one")
    assert isinstance(backend.open(Limits()).run(pages(desk, 1, 1), lambda _: None), PagesDone)
