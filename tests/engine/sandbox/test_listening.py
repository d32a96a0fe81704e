"""Deadlines: what counts is how long a page has worked or stood still, not how busy the machine is."""

from collections.abc import Iterator

import pytest

from engine.base.errors import PageTimeout
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from engine.sandbox import listening
from engine.sandbox.backend import Limits
from engine.sandbox.listening import ListeningSandbox
from engine.sandbox.protocol import (
    Begun,
    Event,
    MergeTask,
    OcrStarted,
    Opened,
    OpenProgress,
    OpenTask,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Task,
)

LIMITS = Limits(page_timeout_s=10, ocr_timeout_s=50, open_timeout_s=30, step_timeout_s=100)
OPEN = OpenTask(desk="1", name="a.epub", options=ConvertOptions())
TASK = PagesTask(desk="1", name="a.pdf", options=ConvertOptions(), first=1, last=2)


class Machine:
    """A clock, and how much of the time a process waits for a processor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waited = 0.0
        self.share_waited = 0.0
        monkeypatch.setattr(listening.time, "monotonic", lambda: self.now)

    def until(self, deadline: float) -> None:
        passed = max(0.0, deadline - self.now)
        self.waited += passed * self.share_waited
        self.now += passed


class Scripted(ListeningSandbox):
    """Says one thing after the other, then nothing any more. `None` is silence until the deadline."""

    def __init__(self, machine: Machine, *events: Event | float) -> None:
        super().__init__(LIMITS)
        self._machine = machine
        self._events: Iterator[Event | float] = iter(events)

    def _send(self, task: Task) -> None:
        pass

    def _waited_s(self) -> float:
        return self._machine.waited

    def _next_event(self, deadline: float) -> Event | None:
        found = next(self._events, None)
        if isinstance(found, float):  # so many seconds go by first
            self._machine.until(self._machine.now + found)
            found = next(self._events)
        if found is None:
            self._machine.until(deadline)
        return found

    def close(self) -> None:
        pass


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def seconds_until_given_up(
    machine: Machine, *events: Event | float, task: Task = TASK, why: str | None = None
) -> float:
    begun = machine.now
    with pytest.raises(PageTimeout, match=why):
        Scripted(machine, *events).run(task, lambda _: None)
    return machine.now - begun


def test_on_a_quiet_machine_a_page_has_its_time_and_no_more(machine: Machine) -> None:
    assert seconds_until_given_up(machine, PageStarted(page=1)) == pytest.approx(10)


def test_time_without_a_processor_does_not_count(machine: Machine) -> None:
    machine.share_waited = 0.75  # four processes on one core
    assert seconds_until_given_up(machine, PageStarted(page=1)) == pytest.approx(40, rel=0.01)


def test_by_the_clock_there_is_an_end_to_patience(machine: Machine) -> None:
    machine.share_waited = 0.999
    assert seconds_until_given_up(machine, PageStarted(page=1)) == pytest.approx(100)


def test_what_was_waited_before_a_page_began_is_not_given_to_it(machine: Machine) -> None:
    machine.waited = 500.0
    assert seconds_until_given_up(machine, PageStarted(page=1)) == pytest.approx(10)


def test_ocr_has_its_own_time_from_when_it_begins(machine: Machine) -> None:
    assert seconds_until_given_up(machine, PageStarted(page=1), 8.0, OcrStarted(page=1)) == pytest.approx(58)


def test_of_several_pages_the_one_that_began_first_ends_first(machine: Machine) -> None:
    machine.share_waited = 0.5
    assert seconds_until_given_up(machine, PageStarted(page=1), 6.0, PageStarted(page=2)) == pytest.approx(20, rel=0.01)


def test_between_pages_the_document_has_a_time_of_its_own(machine: Machine) -> None:
    done = PageDone(page=1, state=PageState.OK, seconds=1, via="layout")
    assert seconds_until_given_up(machine, PageStarted(page=1), done) == pytest.approx(100)


@pytest.mark.parametrize("task", [OPEN, TASK])
def test_opening_a_document_has_a_time_of_its_own(machine: Machine, task: Task) -> None:
    why = r"Opening the document took longer than 30 s \(open_timeout\)\."
    assert seconds_until_given_up(machine, task=task, why=why) == pytest.approx(30)


def test_signs_of_life_give_it_that_time_anew(machine: Machine) -> None:
    assert seconds_until_given_up(machine, 25.0, OpenProgress(page=9), task=OPEN) == pytest.approx(55)


def test_a_merge_opens_nothing_first(machine: Machine) -> None:
    merge = MergeTask(desk="1", name="a.pdf", options=ConvertOptions(), source="a.pdf", sha256="")
    assert seconds_until_given_up(machine, task=merge, why="The document took longer than 100 s") == pytest.approx(100)


def test_what_goes_on_from_being_opened_is_not_being_opened_any_more(machine: Machine) -> None:
    begun = Begun(opened=Opened(pages=1, busy_s=1))
    assert seconds_until_given_up(
        machine, begun, task=OPEN, why="The document took longer than 100 s"
    ) == pytest.approx(100)
    told = (begun, PageStarted(page=1))
    assert seconds_until_given_up(machine, *told, task=OPEN, why="The page took longer than 10 s") == pytest.approx(10)


def test_an_answer_in_time_is_an_answer(machine: Machine) -> None:
    machine.share_waited = 0.9
    sandbox = Scripted(machine, PageStarted(page=1), 60.0, PagesDone(busy_s=1))
    assert sandbox.run(TASK, lambda _: None) == PagesDone(busy_s=1)


def test_work_is_what_has_passed_less_what_was_waited_for_a_processor(machine: Machine) -> None:
    machine.share_waited = 0.75
    sandbox = Scripted(machine, PageStarted(page=1), 8.0, OcrStarted(page=1), 4.0, PagesDone(busy_s=1))
    heard: list[float] = []
    sandbox.run(TASK, lambda _: heard.append(sandbox.readings().worked_s))
    assert heard == [0, pytest.approx(2)]
    assert sandbox.readings().worked_s == pytest.approx(3)
    machine.until(machine.now + 100)  # between two tasks
    with pytest.raises(PageTimeout):
        sandbox.run(TASK, lambda _: None)
    assert sandbox.readings().worked_s == pytest.approx(33, rel=0.01)
