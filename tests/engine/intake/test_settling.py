"""When a file is taken to have settled: decisions alone, without files."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.intake.settling import Patience, Rest, Seen, Settling

PATIENCE = Patience(whole_s=2.0, damaged_s=60.0)
NOW_NS = 1_700_000_000_000_000_000
NOW_S = NOW_NS / 1e9
WRITTEN = Seen(size=100, mtime_ns=NOW_NS, inode=7, ctime_ns=NOW_NS)
"""A file to which somebody has written just now."""
MOVED_IN = replace(WRITTEN, ctime_ns=NOW_NS + 1)

seconds = st.floats(0, 1e6, allow_nan=False)
patiences = st.builds(Patience, seconds, seconds)


def test_a_file_is_seen_as_its_status_says(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    os.utime(file, ns=(1, 2))
    status = file.lstat()
    assert Seen.of(status) == Seen(5, 2, status.st_ino, status.st_ctime_ns)


def test_a_rename_leaves_the_content_what_it_was_and_nothing_else_does() -> None:
    assert WRITTEN.is_same_content(MOVED_IN)
    assert not WRITTEN.is_same_content(replace(WRITTEN, size=101))
    assert not WRITTEN.is_same_content(replace(WRITTEN, mtime_ns=NOW_NS + 1))
    assert not WRITTEN.is_same_content(replace(WRITTEN, inode=8))


# --- for how long a file has been left alone ---


def test_the_wait_grows_with_the_clock_that_watches() -> None:
    settling = Settling(trusts_file_times=True)
    assert settling.watch(b"a", WRITTEN, 10.0, NOW_S).unchanged_s == 0.0
    assert settling.watch(b"a", WRITTEN, 11.5, NOW_S).unchanged_s == 1.5


@pytest.mark.parametrize(
    "changed",
    [
        replace(WRITTEN, size=101),
        replace(WRITTEN, mtime_ns=NOW_NS - 1),
        replace(WRITTEN, inode=8),
        replace(WRITTEN, ctime_ns=NOW_NS - 1),
    ],
)
def test_every_change_begins_the_wait_anew(changed: Seen) -> None:
    settling = Settling(trusts_file_times=False)
    settling.watch(b"a", WRITTEN, 10.0, NOW_S)
    assert settling.watch(b"a", changed, 13.0, NOW_S).unchanged_s == 0.0
    assert settling.watch(b"a", changed, 14.0, NOW_S).unchanged_s == 1.0
    assert settling.seen(b"a") == changed


def test_files_wait_each_by_itself() -> None:
    settling = Settling(trusts_file_times=False)
    settling.watch(b"a", WRITTEN, 10.0, NOW_S)
    settling.watch(b"b", WRITTEN, 12.0, NOW_S)
    assert settling.watch(b"a", WRITTEN, 13.0, NOW_S).unchanged_s == 3.0
    assert settling.watch(b"b", WRITTEN, 13.0, NOW_S).unchanged_s == 1.0


def test_the_age_of_a_file_counts_where_its_times_are_trusted() -> None:
    rest = Settling(trusts_file_times=True).watch(b"a", WRITTEN, 0.0, NOW_S + 50)
    assert rest == Rest(pytest.approx(50), arrived_whole=False)
    assert Settling(trusts_file_times=False).watch(b"a", WRITTEN, 0.0, NOW_S + 50) == Rest(0.0, arrived_whole=False)


def test_the_later_of_both_times_is_the_age() -> None:
    old_content = replace(WRITTEN, mtime_ns=NOW_NS - 10**12)
    assert Settling(trusts_file_times=True).watch(b"a", old_content, 0.0, NOW_S).unchanged_s == pytest.approx(0, abs=1)
    from_the_future = replace(WRITTEN, mtime_ns=NOW_NS + 10**12)
    assert Settling(trusts_file_times=True).watch(b"a", from_the_future, 0.0, NOW_S).unchanged_s == 0.0


def test_what_is_moved_in_has_arrived_whole_where_times_are_trusted() -> None:
    assert Settling(trusts_file_times=True).watch(b"a", MOVED_IN, 0.0, NOW_S).arrived_whole
    assert not Settling(trusts_file_times=True).watch(b"a", WRITTEN, 0.0, NOW_S).arrived_whole
    assert not Settling(trusts_file_times=False).watch(b"a", MOVED_IN, 0.0, NOW_S).arrived_whole


# --- which files wait ---


def test_a_file_waits_until_it_is_forgotten() -> None:
    settling = Settling(trusts_file_times=True)
    for path in (b"a", b"b", b"c"):
        settling.watch(path, WRITTEN, 0.0, NOW_S)
    settling.forget(b"a")
    settling.forget(b"never seen")
    assert settling.paths() == [b"b", b"c"]
    settling.keep({b"c", b"other"})
    assert (settling.paths(), len(settling)) == ([b"c"], 1)
    assert settling.seen(b"b") is None


def test_a_file_that_comes_back_waits_anew() -> None:
    settling = Settling(trusts_file_times=False)
    settling.watch(b"a", WRITTEN, 0.0, NOW_S)
    settling.forget(b"a")
    assert settling.watch(b"a", WRITTEN, 5.0, NOW_S).unchanged_s == 0.0


# --- what is long enough ---


@pytest.mark.parametrize(
    ("rest", "is_intact", "expected"),
    [
        (Rest(1.9, arrived_whole=False), True, False),
        (Rest(2.0, arrived_whole=False), True, True),
        (Rest(0.0, arrived_whole=True), True, True),
        (Rest(2.0, arrived_whole=False), False, False),
        (Rest(59.9, arrived_whole=True), False, False),
        (Rest(60.0, arrived_whole=False), False, True),
    ],
)
def test_a_damaged_file_is_waited_for_longer_however_it_came(rest: Rest, is_intact: bool, expected: bool) -> None:
    assert rest.is_over(PATIENCE, is_intact=is_intact) is expected


@given(seconds, st.booleans(), patiences, st.booleans())
def test_only_what_is_worth_reading_can_have_settled(
    unchanged_s: float, arrived_whole: bool, patience: Patience, is_intact: bool
) -> None:
    rest = Rest(unchanged_s, arrived_whole)
    assert rest.is_worth_reading(patience) or not rest.is_over(patience, is_intact=is_intact)
    # And reading is put off for as long as it could change nothing.
    could_be_over = rest.is_over(patience, is_intact=True) or rest.is_over(patience, is_intact=False)
    assert could_be_over or not rest.is_worth_reading(patience)


@given(st.lists(st.tuples(seconds, st.sampled_from([WRITTEN, replace(WRITTEN, size=101)])), min_size=1, max_size=20))
def test_a_file_has_been_unchanged_since_it_last_looked_otherwise(looks: list[tuple[float, Seen]]) -> None:
    settling = Settling(trusts_file_times=False)
    now, since, last = 0.0, 0.0, None
    for passed, seen in looks:
        now += passed
        if seen != last:
            since, last = now, seen
        assert settling.watch(b"a", seen, now, NOW_S) == Rest(now - since, arrived_whole=False)
