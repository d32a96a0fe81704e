"""The queue on disk: durable, unique, quick, and never the reason why nothing works."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import HotfolioError, IllegalTransition, NoSuchJob, OutputUnwritable
from engine.job.formats import Format
from engine.job.job import Checkpoint, Job, JobState, PageState, Submission
from engine.job.options import ConvertOptions
from engine.queue import schema as schema_module
from engine.queue.schema import SCHEMA_VERSION
from engine.queue.store import DATABASE, JobStore
from tests.clock import Clock
from tests.engine.making import OPTIONS, ROOT, add, result, results, source
from tests.waiting import wait_until


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path, clock)
    yield store
    store.close()


def reopened(store: JobStore, folder: Path, clock: Clock) -> JobStore:
    store.close()
    return JobStore(folder, clock)


def raw(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / DATABASE)


def answer(work: Callable[[], object], timeout: float = 20.0) -> object:
    """What `work` returns or raises, failing the test if it does neither in time."""
    future: Future[object] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return future.result(timeout)
    except FutureTimeout:
        raise AssertionError("the call never returned") from None


# --- what is written stays ---


def test_a_job_comes_back_as_it_was_after_a_restart(tmp_path: Path, store: JobStore, clock: Clock) -> None:
    options = ConvertOptions(formats=(Format.JSON, Format.PNG), dpi=72, images=False)
    odd = source(b"sub/caf\xe9 [/]\x1b.pdf", root=b"/r\xff", size=1 << 40, mtime_ns=1 << 61, inode=(1 << 63) - 1)
    ((queued, is_new),) = store.add([Submission(odd, options, 7, "192.0.2.7")])
    assert is_new
    assert (queued.state, queued.priority, queued.source, queued.options) == (JobState.QUEUED, 7, odd, options)
    assert queued.client == "192.0.2.7"
    assert queued.created == datetime.fromtimestamp(clock.now, UTC)
    clock.advance(5)
    claimed = store.claim(queued.id)
    assert claimed is not None
    changed = store.update(queued.id, sha256="ab" * 32, pages=12, output=b"/out/\xff")

    again = reopened(store, tmp_path, clock)
    assert again.load() == [changed]
    assert again.job(queued.id) == changed
    assert changed.started == datetime.fromtimestamp(clock.now, UTC)
    again.close()


def test_ids_and_conversion_ids_are_never_used_twice(store: JobStore) -> None:
    first = add(store, "a.pdf", "b.pdf")
    for job in first:
        store.transition(job.id, JobState.CANCELLED, "test")
    store.hide([job.id for job in first], hidden=True)
    store.forget_gone(ROOT, lambda _: True)
    (later,) = add(store, "a.pdf")
    assert later.id not in {job.id for job in first}
    assert len({job.conversion_id for job in (*first, later)}) == 3


def test_a_job_that_is_not_there_is_said_so(store: JobStore) -> None:
    for ask in (store.job, store.claim, lambda i: store.update(i, priority=1), lambda i: store.forget_pages(i)):
        with pytest.raises(NoSuchJob, match="There is no job 99"):
            ask(99)
    with pytest.raises(NoSuchJob):
        store.transition(99, JobState.HELD, "test")


def test_every_transition_is_recorded_with_time_and_cause(store: JobStore, clock: Clock) -> None:
    (job,) = add(store, "a.pdf")
    expected = [(clock.now, JobState.QUEUED, "found")]
    for state, cause in [
        (JobState.HELD, "Held."),
        (JobState.QUEUED, "Released."),
        (JobState.RUNNING, "claimed"),
        (JobState.CANCELLED, "Cancelled."),
    ]:
        clock.advance(1)
        store.transition(job.id, state, cause)
        expected.append((clock.now, state, cause))
    assert store.history(job.id) == [(datetime.fromtimestamp(at, UTC), state, cause) for at, state, cause in expected]


def test_an_illegal_transition_changes_nothing(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    with pytest.raises(IllegalTransition, match="A queued job cannot become done"):
        store.transition(job.id, JobState.DONE, "test", reason="no")
    assert store.job(job.id) == job
    assert len(store.history(job.id)) == 1


def test_every_change_makes_a_job_newer(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    revisions = [job.revision]
    changes: list[Callable[[], Job | None]] = [
        lambda: store.update(job.id, priority=3),
        lambda: store.claim(job.id),
        lambda: store.suspect(job.id, 1).result(),
        lambda: store.record(job.id, Checkpoint(1, 2), results([1, 2])).result(),
        lambda: store.forget_pages(job.id),
        lambda: store.finish(job.id, JobState.DONE, "published"),
    ]
    for change in changes:
        changed = change()
        assert changed is not None
        revisions.append(changed.revision)
    assert revisions == sorted(set(revisions))


# --- adding ---


def test_the_same_input_is_queued_once(store: JobStore) -> None:
    ((first, is_new),) = store.add([Submission(source("a.pdf"), OPTIONS)])
    assert is_new
    other = ConvertOptions(formats=(Format.TXT,))
    assert store.add([Submission(source("a.pdf"), other, 9, "local"), Submission(source("a.pdf"), OPTIONS)]) == [
        (first, False),
        (first, False),
    ]
    assert store.load() == [first]


@pytest.mark.parametrize(
    "other",
    [
        source("b.pdf"),
        source("a.pdf", root=b"/elsewhere"),
        source("a.pdf", size=101),
        source("a.pdf", mtime_ns=2),
        source("a.pdf", inode=2),
    ],
)
def test_an_input_that_differs_in_anything_is_another_input(store: JobStore, other: Any) -> None:
    added = store.add([Submission(source("a.pdf"), OPTIONS), Submission(other, OPTIONS)])
    assert [is_new for _, is_new in added] == [True, True]


def test_jobs_wait_in_the_order_they_were_added(store: JobStore) -> None:
    jobs = add(store, "c.pdf", "a.pdf", "b.pdf")
    positions = [job.position for job in jobs]
    assert positions == sorted(set(positions))


def test_many_threads_adding_the_same_files_make_each_one_job(store: JobStore) -> None:
    paths = [f"{n}.pdf" for n in range(40)]
    outcomes: list[list[tuple[Job, bool]]] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        outcomes.append(store.add([Submission(source(path), OPTIONS) for path in paths]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(outcomes) == 8
    assert sum(is_new for outcome in outcomes for _, is_new in outcome) == len(paths)
    assert len({tuple(job.id for job, _ in outcome) for outcome in outcomes}) == 1


def test_known_sources_are_those_below_one_folder(store: JobStore) -> None:
    here, there = source("a.pdf"), source("a.pdf", root=b"/there")
    store.add([Submission(here, OPTIONS), Submission(there, OPTIONS)])
    assert store.known_sources(ROOT) == {here}


# --- claiming ---


def test_of_many_workers_one_claims_a_job(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    claims: list[Job | None] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        claims.append(store.claim(job.id))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(claims) == 8
    assert len([claim for claim in claims if claim is not None]) == 1


@pytest.mark.parametrize("state", [JobState.HELD, JobState.RUNNING, JobState.CANCELLED])
def test_only_a_queued_job_can_be_claimed(store: JobStore, state: JobState) -> None:
    (job,) = add(store, "a.pdf")
    store.transition(job.id, state, "test")
    assert store.claim(job.id) is None
    assert store.job(job.id).state is state


def test_a_claim_clears_the_reason_for_waiting(store: JobStore, clock: Clock) -> None:
    (job,) = add(store, "a.pdf")
    store.update(job.id, reason="Not ready yet?")
    claimed = store.claim(job.id)
    assert claimed is not None
    assert (claimed.state, claimed.reason) == (JobState.RUNNING, None)
    assert claimed.started == datetime.fromtimestamp(clock.now, UTC)


def plans(store: JobStore, work: Callable[[], object]) -> list[str]:
    """How the database finds the rows that something is about."""
    statements: list[str] = []
    store._database.ask(lambda db: db.set_trace_callback(statements.append))
    work()
    store._database.ask(lambda db: db.set_trace_callback(None))
    finding = [sql for sql in statements if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))]
    assert finding

    def explain(db: sqlite3.Connection) -> list[str]:
        return [row[3] for sql in finding for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]

    return store._database.ask(explain)


def test_a_claim_looks_at_no_other_job(store: JobStore) -> None:
    first, second = add(store, "a.pdf", "b.pdf")
    assert any(plan.startswith("SCAN jobs") for plan in plans(store, store.load)), "one that looks at all would be seen"
    found = plans(store, lambda: store.claim(first.id))
    assert store.job(first.id).state is JobState.RUNNING
    assert [plan for plan in found if "PRIMARY KEY" not in plan] == []
    assert store.job(second.id).state is JobState.QUEUED


def test_recovering_does_not_look_at_finished_jobs(store: JobStore) -> None:
    add(store, "a.pdf")
    found = plans(store, lambda: store.recover(5))
    assert [plan for plan in found if "jobs" in plan and "INDEX" not in plan] == []


# --- one thread, one transaction for all who wait ---


def test_requests_that_wait_at_the_same_time_share_one_transaction(store: JobStore) -> None:
    jobs = add(store, *(f"{n}.pdf" for n in range(50)))
    entered, go = threading.Event(), threading.Event()

    def block(_: sqlite3.Connection) -> None:
        entered.set()
        assert go.wait(20)

    commits: list[str] = []
    store._database.ask(lambda db: db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None))
    blocked = store._database.request(block)
    assert entered.wait(20)
    pages = [store.record(job.id, Checkpoint(1, 1), [result(1)]) for job in jobs]
    commits.clear()
    go.set()
    blocked.result(20)
    assert [future.result(20).pages_done for future in pages] == [1] * len(jobs)
    # The one that blocked, and all that waited meanwhile.
    assert len(commits) <= 2


def test_a_request_that_fails_does_not_undo_its_neighbours(store: JobStore) -> None:
    jobs = add(store, "a.pdf", "b.pdf")
    entered, go = threading.Event(), threading.Event()

    def block(_: sqlite3.Connection) -> None:
        entered.set()
        assert go.wait(20)

    def fail(db: sqlite3.Connection) -> None:
        db.execute("UPDATE jobs SET priority = 99")
        raise LookupError("on purpose")

    store._database.request(block)
    assert entered.wait(20)
    before = store.record(jobs[0].id, None, [result(1)])
    failing = store._database.request(fail)
    after = store.record(jobs[1].id, None, [result(1)])
    go.set()
    assert before.result(20).pages_done == 1
    assert after.result(20).pages_done == 1
    with pytest.raises(LookupError, match="on purpose"):
        failing.result(20)
    assert [job.priority for job in store.load()] == [0, 0]


def test_two_jobs_change_places_or_neither_does(store: JobStore) -> None:
    one, two = add(store, "a.pdf", "b.pdf")
    with pytest.raises(NoSuchJob):
        store.swap(one.id, 99)
    assert store.job(one.id) == one
    store.swap(one.id, two.id)
    assert (store.job(one.id).position, store.job(two.id).position) == (two.position, one.position)


def test_closing_finishes_what_was_asked_for(tmp_path: Path, store: JobStore, clock: Clock) -> None:
    (job,) = add(store, "a.pdf")
    future = store.record(job.id, Checkpoint(1, 2), results([1, 2]))
    again = reopened(store, tmp_path, clock)
    assert future.result(0).pages_done == 2
    assert again.checkpoints(job.id) == [Checkpoint(1, 2)]
    again.close()


def test_a_closed_store_refuses_instead_of_waiting_for_ever(tmp_path: Path, clock: Clock) -> None:
    store = JobStore(tmp_path, clock)
    store.close()
    with pytest.raises(HotfolioError):
        answer(store.load)


# --- pages ---


def test_recorded_pages_and_checkpoints_survive_a_restart(tmp_path: Path, store: JobStore, clock: Clock) -> None:
    (job,) = add(store, "a.pdf")
    done = [result(1), result(2, PageState.OCR, 4.5), result(3, PageState.TEXT_ONLY, error="hung")]
    failed = result(4, PageState.FAILED, error="crashed")
    store.record(job.id, Checkpoint(1, 3), done).result()
    counted = store.record(job.id, None, [failed]).result()
    assert (counted.pages_done, counted.pages_failed, counted.pages_ocr, counted.pages_text_only) == (4, 1, 1, 1)

    again = reopened(store, tmp_path, clock)
    assert again.pages(job.id) == [*done, failed]
    assert again.checkpoints(job.id) == [Checkpoint(1, 3)]
    again.close()


def test_a_page_recorded_twice_counts_once(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    store.record(job.id, None, [result(1, PageState.FAILED)]).result()
    counted = store.record(job.id, Checkpoint(1, 1), [result(1)]).result()
    assert (counted.pages_done, counted.pages_failed) == (1, 0)


def test_forgetting_failed_pages_keeps_the_others(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    store.record(job.id, Checkpoint(1, 2), results([1, 2])).result()
    store.record(job.id, None, [result(3, PageState.FAILED)]).result()
    counted = store.forget_pages(job.id, PageState.FAILED)
    assert (counted.pages_done, counted.pages_failed) == (2, 0)
    assert [r.page for r in store.pages(job.id)] == [1, 2]
    assert store.checkpoints(job.id) == [Checkpoint(1, 2)]
    counted = store.forget_pages(job.id)
    assert counted.pages_done == 0
    assert store.pages(job.id) == []
    assert store.checkpoints(job.id) == []


def test_a_finished_job_keeps_its_counts_and_gives_up_its_rows(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    store.claim(job.id)
    store.record(job.id, Checkpoint(1, 2), results([1, 2])).result()
    finished = store.finish(job.id, JobState.DONE, "published", output=b"/out/a")
    assert (finished.state, finished.pages_done, finished.output) == (JobState.DONE, 2, b"/out/a")
    assert finished.finished is not None
    assert store.pages(job.id) == []
    assert store.checkpoints(job.id) == []


def test_equal_content_is_found_only_if_published_with_equal_options(store: JobStore) -> None:
    first, second, third = add(store, "a.pdf", "b.pdf", "c.pdf")
    for job in (first, second):
        store.update(job.id, sha256="same")
    ((other, _),) = store.add([Submission(source("d.pdf"), ConvertOptions(formats=(Format.TXT,)))])
    other = store.update(other.id, sha256="same")
    assert store.converted_before(store.job(second.id)) is None
    store.claim(first.id)
    store.finish(first.id, JobState.PARTIAL, "published")
    found = store.converted_before(store.job(second.id))
    assert found is not None
    assert found.id == first.id
    assert store.converted_before(other) is None
    assert store.converted_before(third) is None
    assert store.converted_before(store.job(first.id)) is None


# --- after the engine died ---


def die(store: JobStore, job_id: int, *, pages: int = 0) -> None:
    """The engine works on the job, finishes so many pages, and dies."""
    assert store.claim(job_id) is not None
    store.suspect(job_id, 3).result()
    if pages:
        store.record(job_id, Checkpoint(1, pages), results(range(1, pages + 1))).result()


def test_a_job_that_was_running_is_queued_again_with_its_pages(store: JobStore) -> None:
    running, waiting, held = add(store, "a.pdf", "b.pdf", "c.pdf")
    store.transition(held.id, JobState.HELD, "test")
    die(store, running.id, pages=3)
    store.recover(5)
    assert store.job(running.id).state is JobState.QUEUED
    assert store.checkpoints(running.id) == [Checkpoint(1, 3)]
    assert store.job(waiting.id) == waiting
    assert store.job(held.id).state is JobState.HELD


def test_a_job_that_the_engine_died_of_twice_during_a_slow_page_is_held_and_says_why(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    die(store, job.id)
    store.recover(5)
    assert store.job(job.id).state is JobState.QUEUED
    assert store.job(job.id).attempts == 3
    die(store, job.id)
    store.recover(5)
    held = store.job(job.id)
    assert held.state is JobState.HELD
    assert held.reason is not None
    assert "died again and again" in held.reason
    assert store.history(job.id)[-1][1:] == (JobState.HELD, "the engine had died")


def test_a_job_of_which_pages_get_done_is_not_blamed_for_the_engines_deaths(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    for _ in range(5):
        die(store, job.id, pages=1)
        store.recover(5)
        assert store.job(job.id).state is JobState.QUEUED


def test_a_job_with_pages_that_were_not_recorded_in_time_is_not_blamed(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    for _ in range(3):
        die(store, job.id)
        store.recover(5, lambda job_id: job_id == job.id)
        assert store.job(job.id).state is JobState.QUEUED


def test_a_job_that_was_never_begun_is_not_blamed(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    for _ in range(5):
        store.claim(job.id)
        store.recover(5)
        assert store.job(job.id).state is JobState.QUEUED


# --- taking jobs off the list ---


def finished(store: JobStore, *paths: str) -> list[int]:
    ids = [job.id for job in add(store, *paths)]
    for job_id in ids:
        store.transition(job_id, JobState.CANCELLED, "test")
    return ids


def test_a_hidden_job_is_off_the_list_and_its_source_stays_known(store: JobStore) -> None:
    one, two = finished(store, "a.pdf", "b.pdf")
    store.hide([one], hidden=True)
    assert [job.id for job in store.load()] == [two]
    assert store.known_sources(ROOT) == {source("a.pdf"), source("b.pdf")}
    assert store.add([Submission(source("a.pdf"), OPTIONS)])[0][1] is False
    store.hide([one], hidden=False)
    assert [job.id for job in store.load()] == [one, two]


def test_only_hidden_jobs_without_a_source_are_forgotten(store: JobStore) -> None:
    gone, present, shown = finished(store, "gone.pdf", "present.pdf", "shown.pdf")
    store.hide([gone, present], hidden=True)
    store.forget_gone(ROOT, lambda path: path != b"present.pdf")
    with pytest.raises(NoSuchJob):
        store.job(gone)
    assert store.history(gone) == []
    assert store.job(present).id == present
    assert store.job(shown).id == shown


def test_forgetting_leaves_other_folders_alone(store: JobStore) -> None:
    ((job, _),) = store.add([Submission(source("a.pdf", root=b"/there"), OPTIONS)])
    store.transition(job.id, JobState.CANCELLED, "test")
    store.hide([job.id], hidden=True)
    store.forget_gone(ROOT, lambda _: True)
    assert store.job(job.id).id == job.id


# --- folders of the output ---


def test_a_folder_of_the_output_belongs_to_one_source_for_good(tmp_path: Path, store: JobStore, clock: Clock) -> None:
    one, other = source("a.pdf"), source("A.PDF")
    assert store.claim_output(one, iter(["a", "a~2"])) == "a"
    assert store.claim_output(other, iter(["a", "a~2"])) == "a~2"
    newer = source("a.pdf", size=200, mtime_ns=5, inode=6)
    assert store.claim_output(newer, iter(["a", "a~2"])) == "a"
    again = reopened(store, tmp_path, clock)
    assert again.claim_output(other, iter(["a", "a~2"])) == "a~2"
    assert again.claim_output(source("third.pdf"), iter(["a", "a~2", "a~3"])) == "a~3"
    again.close()


# --- files that are not as they should be ---


def test_the_log_of_changes_is_worked_off_when_nothing_is_asked_for(tmp_path: Path, store: JobStore) -> None:
    add(store, *(f"{n}.pdf" for n in range(2000)))

    def is_in_the_database_proper() -> bool:
        # So opened, SQLite looks at nothing but this file.
        db = sqlite3.connect(f"file:{tmp_path / DATABASE}?immutable=1", uri=True)
        try:
            return bool(db.execute("SELECT COUNT(*) FROM jobs").fetchone() == (2000,))
        except sqlite3.DatabaseError:
            return False
        finally:
            db.close()

    wait_until(is_in_the_database_proper, "the log to be worked off")
    largest = (tmp_path / f"{DATABASE}-wal").stat().st_size
    add(store, "one-more.pdf")
    assert (tmp_path / f"{DATABASE}-wal").stat().st_size == largest


def schema(db: sqlite3.Connection) -> set[tuple[Any, ...]]:
    return set(db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))


def test_a_new_database_has_the_newest_schema(tmp_path: Path, store: JobStore) -> None:
    add(store, "a.pdf")
    with raw(tmp_path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_changes_are_written_through_to_the_disk(store: JobStore) -> None:
    settings: dict[str, int] = {}
    store._database.ask(
        lambda db: settings.update(
            {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "foreign_keys")}
        )
    )
    assert settings == {"synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_database_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path, clock: Clock, version: int) -> None:
    with raw(tmp_path) as db:
        for script in schema_module._MIGRATIONS[:version]:
            db.executescript(script)
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    store = JobStore(tmp_path, clock)
    assert store.moved_aside is None
    (job,) = add(store, "a.pdf")
    assert store.load() == [job]
    store.close()
    fresh = tmp_path / "fresh"
    JobStore(fresh, clock).close()
    with raw(tmp_path) as old, raw(fresh) as new:
        assert schema(old) == schema(new)
    old.close()
    new.close()


def test_jobs_of_before_there_were_clients_have_been_sent_by_nobody(tmp_path: Path, clock: Clock) -> None:
    with raw(tmp_path) as db:
        db.executescript(schema_module._MIGRATIONS[0])
        db.execute("PRAGMA user_version = 1")
        db.execute(
            "INSERT INTO jobs (conversion_id, root, path, size, mtime_ns, inode, options, state, position, created) "
            "VALUES ('u', ?, ?, 100, 1, 1, ?, 'running', 1, 0)",
            (ROOT, b"a.pdf", OPTIONS.model_dump_json()),
        )
    db.close()
    store = JobStore(tmp_path, clock)
    store.recover(5)
    (job,) = store.load()
    assert (job.source, job.state, job.client) == (source("a.pdf"), JobState.QUEUED, "")
    assert store.add([Submission(source("a.pdf"), OPTIONS, client="local")]) == [(job, False)]
    ((sent, _),) = store.add([Submission(source("b.pdf"), OPTIONS, client="local")])
    assert sent.client == "local"
    store.close()


def test_each_migration_runs_once_and_in_order(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    first = JobStore(tmp_path, clock)
    (job,) = add(first, "a.pdf")
    first.close()
    more = (
        "CREATE TABLE added (n INTEGER) STRICT; INSERT INTO added SELECT id FROM jobs",
        "UPDATE added SET n = n + 100",
    )
    monkeypatch.setattr(schema_module, "_MIGRATIONS", (*schema_module._MIGRATIONS, *more))
    monkeypatch.setattr(schema_module, "SCHEMA_VERSION", SCHEMA_VERSION + 2)
    for _ in range(2):
        store = JobStore(tmp_path, clock)
        assert store.load() == [job]
        assert store.moved_aside is None
        store.close()
    with raw(tmp_path) as db:
        assert db.execute("SELECT n FROM added").fetchall() == [(job.id + 100,)]
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 2,)
    db.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = JobStore(tmp_path, clock)
    jobs = add(first, "a.pdf")
    first.close()
    with monkeypatch.context() as patch:
        broken = "CREATE TABLE added (n INTEGER) STRICT; INSERT INTO no_such_table VALUES (1)"
        patch.setattr(schema_module, "_MIGRATIONS", (*schema_module._MIGRATIONS, broken))
        patch.setattr(schema_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        with pytest.raises(OutputUnwritable):
            JobStore(tmp_path, clock)
    store = JobStore(tmp_path, clock)
    assert store.moved_aside is None
    assert store.load() == jobs
    store.close()
    with raw(tmp_path) as db:
        assert "added" not in {name for _, name, *_ in schema(db)}
    db.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, clock: Clock) -> None:
    JobStore(tmp_path, clock).close()
    with raw(tmp_path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(HotfolioError, match="newer hotfolio"):
        JobStore(tmp_path, clock)
    assert (tmp_path / DATABASE).read_bytes() == before
    assert list(tmp_path.glob("*damaged*")) == []


def test_a_queue_with_options_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, clock: Clock) -> None:
    store = JobStore(tmp_path, clock)
    add(store, "a.pdf")
    store.close()
    change("""UPDATE jobs SET options = json_set(options, '$.tone', 'kind')""")(tmp_path / DATABASE)
    before = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(OutputUnwritable, match=r"does not know \(tone\): a newer one"):
        JobStore(tmp_path, clock)
    assert (tmp_path / DATABASE).read_bytes() == before
    assert list(tmp_path.glob("*damaged*")) == []


def overwrite_all(file: Path) -> None:
    file.write_bytes(b"this is no database, and long enough to be looked at " * 200)


def overwrite_middle(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096 : len(data) - 512] = b"\xa5" * (len(data) - 4096 - 512)
    file.write_bytes(data)


def cut_short(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 3])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def change(statement: str) -> Callable[[Path], None]:
    """What the disk could have done to a row without harm to how it is stored."""

    def damage(file: Path) -> None:
        with contextlib.closing(sqlite3.connect(file)) as db, db:
            assert db.execute(statement).rowcount

    return damage


ROWS = {
    "a state": "UPDATE jobs SET state = 'quewed' WHERE id = 7",
    "a time": "UPDATE jobs SET created = 1e300 WHERE id = 7",
    "options": "UPDATE jobs SET options = replace(options, '{', '[') WHERE id = 7",
    "a transition": "UPDATE transitions SET at = -1 WHERE job_id = 7",
    "a page": "INSERT INTO pages VALUES (7, 1, 'okay', 0.5, 'tags', NULL)",
}


@pytest.mark.parametrize(
    "damage",
    [
        overwrite_all,
        overwrite_middle,
        cut_short,
        empty,
        *(pytest.param(change(sql), id=name) for name, sql in ROWS.items()),
    ],
)
def test_a_damaged_database_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, clock: Clock, damage: Callable[[Path], None]
) -> None:
    clock.now = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()
    store = JobStore(tmp_path, clock)
    add(store, *(f"{n}.pdf" for n in range(300)))
    store.close()
    damage(tmp_path / DATABASE)
    damaged = (tmp_path / DATABASE).read_bytes()

    store = JobStore(tmp_path, clock)
    assert store.moved_aside is not None
    assert store.moved_aside.name.endswith("damaged-20260304-050607")
    assert store.moved_aside.read_bytes() == damaged
    assert store.load() == []
    (job,) = add(store, "a.pdf")
    store = reopened(store, tmp_path, clock)
    assert store.moved_aside is None
    assert store.load() == [job]
    store.close()


def test_a_database_that_cannot_be_opened_is_not_taken_for_damaged(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / DATABASE).mkdir()
    with pytest.raises(OutputUnwritable, match="Cannot open the queue"):
        JobStore(tmp_path, clock)
    assert (tmp_path / DATABASE).is_dir()


def test_a_disk_that_is_full_is_said_so_and_passes(store: JobStore) -> None:
    (job,) = add(store, "a.pdf")
    pages = store._database.ask(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    store._database.ask(lambda db: db.execute(f"PRAGMA max_page_count = {pages}") and None)
    with pytest.raises(OutputUnwritable, match="Cannot write the queue"):
        add(store, *(f"{n}.pdf" for n in range(5000)))
    store._database.ask(lambda db: db.execute("PRAGMA max_page_count = 1000000") and None)
    assert store.load() == [job]
    assert len(add(store, "b.pdf")) == 1
