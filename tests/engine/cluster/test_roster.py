"""The roster under whatever may happen to nodes: nothing is done by two, nothing is forgotten, and time heals."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.cluster.exchange import LEASE_S, Hello, Reading
from engine.cluster.roster import Roster
from engine.job.machines import GIVEN, NodeState

HERE = {"Python": "3.11"}
READING = Reading(cached_bytes=1, free_bytes=2, rss_bytes=3)


def hello(number: int, name: str = "node", slots: int = 2, **installed: str) -> Hello:
    return Hello(name=name, life=f"{number:032x}", slots=slots, installed=HERE | installed)


def only(roster: Roster, now: float = 0.0) -> NodeState:
    (node,) = roster.snapshot(now)
    return node.state


def test_a_node_with_other_versions_is_refused_in_one_sentence() -> None:
    roster = Roster(lambda: HERE)
    assert roster.join(hello(1, Python="3.12"), 0) == "node is not used: Python is 3.12 there and 3.11 here."
    assert (roster.slots, roster.offers("d"), only(roster)) == (0, [], NodeState.REFUSED)


def test_nodes_of_one_name_are_told_apart_and_one_that_is_back_has_its_name() -> None:
    roster = Roster(lambda: HERE)
    for number in (1, 2):
        roster.join(hello(number), 0)
    assert [node.name for node in roster.snapshot(0)] == ["node", "node-2"]
    roster.leave(hello(1).life, "gone", 1)
    roster.join(hello(3), 2)
    assert {node.name: node.state for node in roster.snapshot(2)} == dict.fromkeys(["node", "node-2"], NodeState.READY)


def test_one_that_is_silent_is_given_nothing_and_after_its_lease_it_is_over() -> None:
    roster = Roster(lambda: HERE)
    roster.join(hello(1), 0)
    roster.begin(hello(1).life, 7)
    assert roster.silent(6) == []
    assert (only(roster), roster.slots, roster.offers("d")) == (NodeState.SILENT, 2, [])
    roster.beat(hello(1).life, 0.1, READING, 7)
    assert only(roster) is NodeState.READY
    assert roster.silent(7 + LEASE_S) == [hello(1).life]
    assert roster.leave(hello(1).life, "silent", 22) == {7}
    roster.silent(1000)
    assert roster.snapshot(1000) == ()


def test_a_hold_ends_by_itself_and_a_good_batch_forgives() -> None:
    roster = Roster(lambda: HERE)
    roster.join(hello(1), 0)
    life = hello(1).life
    for _ in range(2):
        roster.void(life, 0)
    roster.converted(life, "d", 3)
    for _ in range(2):
        roster.void(life, 0)
    assert only(roster) is NodeState.READY
    roster.void(life, 0)
    assert only(roster) is NodeState.HELD
    for second in range(0, 700, 5):
        roster.beat(life, 0, READING, second)
        roster.silent(second)
    assert (only(roster, 700), roster.offers("d")[0].has_document) == (NodeState.READY, True)


def test_a_hold_by_hand_ends_by_hand_alone_and_what_it_has_stays_its_own() -> None:
    roster = Roster(lambda: HERE)
    roster.join(hello(1), 0)
    life = hello(1).life
    roster.begin(life, 7)
    assert (roster.hold("nobody"), roster.release("node", 0), roster.hold("node")) == (False, False, True)
    roster.fault(life, "The disk is full.", 1)
    for second in range(0, 100_000, 10):
        roster.beat(life, 0, READING, second)
        assert roster.silent(second) == []
    assert (only(roster), roster.slots, roster.offers("d"), roster.epochs_of(life)) == (NodeState.HELD, 0, [], {7})
    assert roster.release("node", 100_000)
    assert (only(roster), roster.slots) == (NodeState.READY, 2)


def test_how_fast_documents_are_sent_is_known_of_those_that_are_big() -> None:
    roster = Roster(lambda: HERE)
    roster.join(hello(1), 0)
    roster.shipped(hello(1).life, 100, 0.001)
    assert roster.offers("d")[0].rate is None
    roster.shipped(hello(1).life, 1 << 20, 0.5)
    assert roster.offers("d")[0].rate == 2 << 20


def test_a_node_has_a_document_from_when_it_is_sent_it_until_it_is_gone() -> None:
    roster = Roster(lambda: HERE)
    for number in (1, 2):
        roster.join(hello(number), 0)
    one = hello(1).life
    assert [offer.has_document for offer in roster.offers("d")] == [False, False]
    roster.begin(one, 7, "d")
    assert [(offer.life, offer.has_document) for offer in roster.offers("d")] == [(one, True)]
    assert [offer.life for offer in roster.offers("d", lambda life: life != one)] == [hello(2).life]
    roster.end(7)
    assert roster.copies("d") == 0  # it could not be sent
    roster.converted(one, "d", 3)
    assert roster.copies("d") == 1
    roster.leave(one, "gone", 1)
    assert roster.copies("d") == 0


class Whatever(RuleBasedStateMachine):
    """Nodes come, go, fall silent and lie, while batches are given out as the fleet does it."""

    def __init__(self) -> None:
        super().__init__()
        self.roster = Roster(lambda: HERE)
        self.now = 0.0
        self.lives = 0
        self.epochs = 0
        self.mine: dict[int, str] = {}

    @rule(slots=st.integers(1, 3), name=st.sampled_from(["a", "b"]))
    def join(self, slots: int, name: str) -> None:
        self.lives += 1
        assert self.roster.join(hello(self.lives, name, slots), self.now) == ""

    @rule(data=st.data())
    @precondition(lambda self: self.lives)
    def give(self, data: st.DataObject) -> None:
        offers = self.roster.offers("d")
        if offers:
            life = data.draw(st.sampled_from([offer.life for offer in offers]))
            self.epochs += 1
            assert self.roster.begin(life, self.epochs)
            self.mine[self.epochs] = life

    @rule(data=st.data())
    @precondition(lambda self: self.mine)
    def end(self, data: st.DataObject) -> None:
        epoch = data.draw(st.sampled_from(sorted(self.mine)))
        assert self.roster.end(epoch) == self.mine.pop(epoch)
        assert self.roster.end(epoch) is None

    @rule(data=st.data(), what=st.sampled_from(["leave", "beat", "void", "fault", "drain", "hold", "release"]))
    @precondition(lambda self: self.lives)
    def happen(self, data: st.DataObject, what: str) -> None:
        life = hello(data.draw(st.integers(1, self.lives))).life
        match what:
            case "leave":
                self.lost(life, self.roster.leave(life, "gone", self.now))
            case "beat":
                self.roster.beat(life, 0.1, READING, self.now)
            case "void":
                self.roster.void(life, self.now)
            case "fault":
                self.roster.fault(life, "full", self.now)
            case "hold":
                self.roster.hold(self.roster.name(life))
            case "release":
                self.roster.release(self.roster.name(life), self.now)
            case _:
                self.roster.drain(self.roster.name(life))

    @rule(seconds=st.sampled_from([0.5, 4.0, 8.0, 30.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for life in self.roster.silent(self.now):
            self.lost(life, self.roster.leave(life, "silent", self.now))

    def lost(self, life: str, epochs: frozenset[int]) -> None:
        assert epochs == {epoch for epoch, owner in self.mine.items() if owner == life}
        for epoch in epochs:
            del self.mine[epoch]

    @invariant()
    def no_node_has_more_than_it_takes_and_every_batch_is_somebodys(self) -> None:
        nodes = self.roster.snapshot(self.now)
        assert sum(node.busy for node in nodes) == len(self.mine)
        assert all(node.busy <= node.slots for node in nodes)
        assert len({node.name for node in nodes}) == len(nodes)
        assert self.roster.slots == sum(node.slots for node in nodes if node.state in GIVEN)
        assert all(not node.busy for node in nodes if node.state is NodeState.LEFT)


TestWhatever = Whatever.TestCase
TestWhatever.settings = settings(max_examples=25, stateful_step_count=30)
