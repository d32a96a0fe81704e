"""Jobs, their transitions, and what makes an input this input and no other."""

import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.base.errors import IllegalTransition
from engine.job.job import (
    ACTIVE,
    FINISHED,
    TRANSITIONS,
    Checkpoint,
    JobState,
    PageBatch,
    Source,
    check_transition,
    states_before,
    warned,
)
from tests.engine.making import job, source

LEGAL = {
    ("queued", "held"),
    ("queued", "running"),
    ("queued", "cancelled"),
    ("held", "queued"),
    ("held", "cancelled"),
    ("running", "queued"),
    ("running", "held"),
    ("running", "done"),
    ("running", "partial"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("done", "queued"),
    ("partial", "queued"),
    ("failed", "queued"),
    ("cancelled", "queued"),
}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(JobState, JobState)))
def test_only_the_drawn_ways_lead_from_state_to_state(old: JobState, new: JobState) -> None:
    if (old, new) in LEGAL:
        check_transition(old, new)
    else:
        with pytest.raises(IllegalTransition, match=rf"A {old} job cannot become {new}\."):
            check_transition(old, new)
    assert (old in states_before(new)) == ((old, new) in LEGAL)


def test_every_state_is_either_active_or_finished() -> None:
    assert sorted([*ACTIVE, *FINISHED]) == sorted(JobState)
    assert [state for state in JobState if state.is_finished] == list(FINISHED)
    assert set(TRANSITIONS) == set(JobState)


def test_a_source_is_the_same_until_size_time_or_inode_differ(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "a.pdf"
    file.parent.mkdir()
    file.write_bytes(b"one")
    before = Source.of(file, tmp_path, file.lstat())
    assert before.matches(file.lstat())
    assert before.relative == Path("sub/a.pdf")
    assert before.file == file

    os.utime(file, ns=(0, before.mtime_ns + 1))
    assert not before.matches(file.lstat())
    os.utime(file, ns=(0, before.mtime_ns))
    assert before.matches(file.lstat())

    with file.open("ab") as stream:
        stream.write(b"more")
    os.utime(file, ns=(0, before.mtime_ns))
    assert not before.matches(file.lstat())

    other = tmp_path / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(0, before.mtime_ns))
    other.replace(file)
    assert not before.matches(file.lstat())


def test_a_source_keeps_a_name_that_is_no_utf8() -> None:
    odd = source(b"sub/caf\xe9.pdf", root=b"/r\xff")
    assert os.fsencode(odd.file) == b"/r\xff/sub/caf\xe9.pdf"
    assert job(source=odd).name == "sub/caf\\xe9.pdf"


def test_an_inode_number_above_what_sqlite_holds_still_matches_itself(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"x")
    values = list(file.lstat())
    values[1] = (1 << 64) - 5
    status = os.stat_result(values)
    huge = Source.of(file, tmp_path, status)
    assert huge.inode < 1 << 63
    assert huge.matches(status)


def test_a_job_takes_the_seconds_between_start_and_finish() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert job().seconds is None
    assert job(started=start).seconds is None
    assert job(started=start, finished=start + timedelta(seconds=2.5)).seconds == 2.5


def test_a_batch_counts_pages_with_both_ends() -> None:
    batch = PageBatch(1, 3, 5)
    assert list(batch.pages) == [3, 4, 5]
    assert len(batch) == 3
    assert len(PageBatch(1, 7, 7)) == 1


def test_checkpoints_of_different_pages_are_different_files() -> None:
    names = {Checkpoint(first, last).file for first, last in [(1, 8), (1, 7), (9, 16), (1, 1)]}
    assert len(names) == 4
    assert min(names).startswith("000001")
    assert Checkpoint(1, 8).part != Checkpoint(1, 8).file


@pytest.mark.parametrize("warnings", [[], ["A page is blank."], ["A page is blank.", "3 warnings. Or so."]])
def test_a_job_that_is_done_knows_how_many_warnings_it_has(warnings: list[str]) -> None:
    reason = warned(warnings)

    assert job(1, JobState.DONE, reason=reason).warnings == len(warnings)
    assert (reason or "").endswith(warnings[0] if warnings else "")
    assert job(1, JobState.PARTIAL, reason="3 of 5 pages failed.").warnings == 0
