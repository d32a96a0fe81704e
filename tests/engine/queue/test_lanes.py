"""Which of the waiting jobs may be opened: what limits leave, and the order that is kept among the rest."""

import math
from collections.abc import Iterable
from itertools import chain, combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.job.limits import UNLIMITED, Origin, RunningLimits
from engine.queue.lanes import QueueKey, Room, Taken, WaitingJobs

ANN, BOB = Origin(client="ann"), Origin(client="bob")
ONE, TWO = Origin(folder=b"/one"), Origin(folder=b"/two")
SCANS, LETTERS = Origin(profile="scans"), Origin(profile="letters")
REMOTE = Origin(is_remote=True)


def key(job_id: int, priority: int = 0, position: float | None = None) -> QueueKey:
    return QueueKey(-priority, float(job_id) if position is None else position, job_id)


def waiting(*jobs: tuple[QueueKey, Origin]) -> WaitingJobs:
    found = WaitingJobs()
    for each, origin in jobs:
        found.add(each, origin)
    return found


def room_under(
    limits: RunningLimits,
    at_work: Iterable[Origin] = (),
    kept_for: Origin | None = None,
    *,
    takes_remote: bool = True,
) -> Room:
    taken = Taken(limits)
    for job_id, origin in enumerate(at_work):
        taken.set(job_id, origin)
    return Room(taken, kept_for, takes_remote=takes_remote)


# --- what the limits leave ---


@pytest.mark.parametrize("origin", [UNLIMITED, ANN, ONE, SCANS, REMOTE])
def test_without_limits_there_is_room_for_any_number(origin: Origin) -> None:
    assert room_under(RunningLimits(), [origin] * 5).left_for(origin) == math.inf


@pytest.mark.parametrize(
    ("limits", "limited", "other"),
    [
        (RunningLimits(per_client=3), ANN, BOB),
        (RunningLimits(per_folder=3), ONE, TWO),
        (RunningLimits(per_profile={"scans": 3, "letters": 3}), SCANS, LETTERS),
    ],
)
def test_what_is_at_work_takes_room_from_its_equals_alone(
    limits: RunningLimits, limited: Origin, other: Origin
) -> None:
    for running, left in enumerate((3, 2, 1, 0, 0)):
        room = room_under(limits, [limited] * running)
        assert room.left_for(limited) == left
        assert room.left_for(other) == 3
        assert room.left_for(UNLIMITED) == math.inf


def test_what_has_no_client_no_folder_and_no_profile_is_limited_by_none_of_them() -> None:
    limits = RunningLimits(1, 1, {"scans": 1, "": 1})
    assert room_under(limits, [UNLIMITED] * 9).left_for(UNLIMITED) == math.inf


def test_a_profile_without_a_limit_has_room_beside_one_that_is_full() -> None:
    room = room_under(RunningLimits(per_profile={"scans": 1}), [SCANS, LETTERS])
    assert (room.left_for(SCANS), room.left_for(LETTERS)) == (0, math.inf)
    assert room.full_profiles == {"scans"}


def test_the_narrowest_of_several_limits_counts() -> None:
    limits = RunningLimits(4, 3, {"scans": 2})
    origin = Origin("ann", b"/one", "scans")
    assert room_under(limits).left_for(origin) == 2
    assert room_under(limits, [ONE, ONE]).left_for(origin) == 1
    assert room_under(limits, [ANN, ANN, ANN, ANN]).left_for(origin) == 0


def test_a_limit_passed_already_leaves_nothing_rather_than_less() -> None:
    assert room_under(RunningLimits(per_client=1), [ANN, ANN, ANN]).left_for(ANN) == 0


@pytest.mark.parametrize(
    ("limits", "origin", "others"),
    [
        (RunningLimits(per_client=2), ANN, Origin("ann", b"/two")),
        (RunningLimits(per_folder=2), ONE, Origin("bob", b"/one")),
        (RunningLimits(per_profile={"scans": 2}), SCANS, Origin(folder=b"/two", profile="scans")),
    ],
)
def test_the_place_kept_for_one_that_has_waited_long_is_there_for_it_alone(
    limits: RunningLimits, origin: Origin, others: Origin
) -> None:
    room = room_under(limits, [others], kept_for=origin)
    assert room.left_for(origin) == 1
    assert room.left_for(others) == 0
    assert room.excepted == origin
    full = room_under(limits, [others, others], kept_for=origin)
    assert full.left_for(origin) == 0
    assert full.excepted is None


def test_a_remote_job_has_room_only_while_there_is_something_for_it_to_do() -> None:
    assert Room(Taken(RunningLimits())).left_for(REMOTE) == math.inf
    room = room_under(RunningLimits(), takes_remote=False)
    assert room.left_for(REMOTE) == 0
    assert room.left_for(ANN) == math.inf


ORIGINS = [Origin(*parts) for parts in product(("", "ann"), (b"", b"/one"), ("", "scans"))]
LIMITS = [
    RunningLimits(client, folder, {} if profile is None else {"scans": profile})
    for client, folder, profile in product((None, 1, 2), repeat=3)
]


@pytest.mark.parametrize("kept_for", [None, *ORIGINS])
def test_what_is_passed_over_is_what_there_is_no_room_for(kept_for: Origin | None) -> None:
    for limits in LIMITS:
        counted = {limits.counted(origin) for origin in ORIGINS}
        kept = limits.counted(kept_for) if kept_for else None
        for at_work in chain.from_iterable(combinations_with_replacement(ORIGINS, count) for count in range(3)):
            room = room_under(limits, at_work, kept)
            for origin in counted:
                is_full = (
                    origin.client in room.full_clients
                    or origin.folder in room.full_folders
                    or origin.profile in room.full_profiles
                )
                assert (is_full and origin != room.excepted) is (room.left_for(origin) == 0)


@given(st.sampled_from(LIMITS), st.sampled_from(LIMITS), st.lists(st.sampled_from(ORIGINS), max_size=3))
def test_new_limits_count_what_is_at_work_as_if_they_had_always_held(
    before: RunningLimits, after: RunningLimits, at_work: list[Origin]
) -> None:
    taken, anew = Taken(before), Taken(after)
    for job_id, origin in enumerate(at_work):
        taken.set(job_id, origin)
        anew.set(job_id, origin)
    changed = taken.under(after)
    for job_id in range(len(at_work) + 1):  # all are there, and end one after the other
        for origin in ORIGINS:
            assert Room(changed).left_for(after.counted(origin)) == Room(anew).left_for(after.counted(origin))
        changed.set(job_id, None)
        anew.set(job_id, None)


# --- the order ---


def test_jobs_are_in_order_and_counted_as_they_come_and_go() -> None:
    jobs = waiting((key(3), ANN), (key(1), BOB), (key(2, priority=4), ANN), (key(4, position=0.5), BOB))
    assert [each.job_id for each in jobs] == [2, 4, 1, 3]
    jobs.remove(key(1))
    assert [each.job_id for each in jobs] == [2, 4, 3]
    assert len(jobs) == 3


def test_a_neighbour_is_so_many_places_away_and_of_the_same_priority() -> None:
    jobs = waiting((key(1), ANN), (key(2), BOB), (key(3), ANN), (key(4, priority=-1), ANN))
    assert jobs.neighbour(key(1), 1) == key(2)
    assert jobs.neighbour(key(1), 2) == key(3)
    assert jobs.neighbour(key(2), -1) == key(1)
    assert jobs.neighbour(key(1), -1) is None
    assert jobs.neighbour(key(3), 1) is None
    assert jobs.neighbour(key(4, priority=-1), 1) is None
    assert jobs.neighbour(key(4, priority=-1), -1) is None


def test_levels_below_a_priority_come_once_each_from_the_top() -> None:
    jobs = waiting(
        *(
            (key(n, priority), origin)
            for n, priority in enumerate([5, 4, 3, 3, 2, -1])
            for origin in (ANN if n % 2 else BOB,)
        )
    )
    assert [*jobs.levels_below(5)] == [-4, -3, -2, 1]
    assert [*jobs.levels_below(4)] == [-3, -2, 1]
    assert [*jobs.levels_below(2)] == [1]
    assert [*jobs.levels_below(-1)] == []


# --- the choice ---


def test_the_first_is_the_first_in_order_for_which_there_is_room() -> None:
    jobs = waiting((key(1), ANN), (key(2), BOB), (key(3), ANN))
    limits = RunningLimits(per_client=1)
    assert jobs.first(room_under(limits), ()) == key(1)
    assert jobs.first(room_under(limits, [ANN]), ()) == key(2)
    assert jobs.first(room_under(limits, [ANN, BOB]), ()) is None


@pytest.mark.parametrize(
    ("limits", "full", "other"),
    [
        (RunningLimits(per_folder=1), ONE, TWO),
        (RunningLimits(per_profile={"scans": 1}), SCANS, LETTERS),
    ],
)
def test_a_full_folder_or_profile_is_passed_over(limits: RunningLimits, full: Origin, other: Origin) -> None:
    jobs = waiting((key(1), full), (key(2), other))
    assert jobs.first(room_under(limits, [full]), ()) == key(2)
    jobs.remove(key(2))
    assert jobs.first(room_under(limits, [full]), ()) is None


def test_a_busy_job_is_passed_over_but_not_those_behind_it_that_are_like_it() -> None:
    jobs = waiting((key(1), ANN), (key(3), ANN), (key(2), BOB))
    assert jobs.first(room_under(RunningLimits()), {1}) == key(2)
    assert jobs.first(room_under(RunningLimits()), {1, 2}) == key(3)
    assert jobs.first(room_under(RunningLimits()), {1, 2, 3}) is None


def test_remote_jobs_are_passed_over_while_there_is_nothing_for_them_to_do() -> None:
    jobs = waiting((key(1), REMOTE), (key(2), ANN))
    assert jobs.first(room_under(RunningLimits()), ()) == key(1)
    assert jobs.first(room_under(RunningLimits(), takes_remote=False), ()) == key(2)


def test_the_first_of_one_level_is_not_of_another() -> None:
    jobs = waiting((key(1, 2), ANN), (key(2, 1), ANN), (key(3, 1), BOB), (key(4, 0), ANN))
    room = room_under(RunningLimits(per_client=1), [ANN])
    assert jobs.first(room_under(RunningLimits()), (), -1) == key(2, 1)
    assert jobs.first(room, (), -1) == key(3, 1)
    assert jobs.first(room, (), -2) is None
    assert jobs.first(room, (), 0) is None
    assert jobs.first(room_under(RunningLimits()), (), -5) is None


def test_one_for_which_a_place_is_kept_is_found_although_its_client_is_full_for_others() -> None:
    kept = Origin("ann", b"/one")
    jobs = waiting((key(1), Origin("ann", b"/two")), (key(2), kept))
    room = room_under(RunningLimits(1, 1), kept_for=kept)
    assert jobs.first(room, ()) == key(2)


def test_the_next_like_a_removed_job_takes_its_place() -> None:
    jobs = waiting((key(1), ANN), (key(2), BOB), (key(3), ANN))
    jobs.remove(key(1))
    assert jobs.first(room_under(RunningLimits()), ()) == key(2)
    jobs.remove(key(2))
    assert jobs.first(room_under(RunningLimits()), ()) == key(3)
    jobs.remove(key(3))
    assert jobs.first(room_under(RunningLimits()), ()) is None
    jobs.add(key(4), ANN)
    assert jobs.first(room_under(RunningLimits()), ()) == key(4)


# --- how many ---


def test_those_that_may_be_opened_are_counted_as_far_as_there_is_room_for_them() -> None:
    jobs = waiting(*((key(n), ANN) for n in range(1, 6)), (key(6), BOB), (key(7), ONE))
    assert jobs.count(room_under(RunningLimits()), 99) == 7
    assert jobs.count(room_under(RunningLimits(per_client=2)), 99) == 4
    assert jobs.count(room_under(RunningLimits(per_client=2), [ANN, BOB, BOB]), 99) == 2
    assert jobs.count(room_under(RunningLimits(per_client=1), [ANN, BOB]), 99) == 1
    assert WaitingJobs().count(room_under(RunningLimits()), 99) == 0


def test_they_are_counted_no_further_than_asked() -> None:
    jobs = waiting(*((key(n), Origin(client=str(n))) for n in range(1, 9)))
    assert jobs.count(room_under(RunningLimits()), 3) == 3
