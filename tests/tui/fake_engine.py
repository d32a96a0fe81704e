"""FakeEngine: a queue without PDFs or threads, for the dashboard's tests, pictures and benchmarks."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.base.errors import HotfolioError, IllegalTransition, NoSuchJob, PageNotLocated
from engine.base.safetext import display_text
from engine.job.job import Job, JobState, Move, PageResult, PageState, Source, Standing, Step, check_transition
from engine.job.options import ConvertOptions
from engine.job.pageranges import first_selected
from engine.job.snapshot import (
    MARKS,
    WHOLE_PAGE,
    Area,
    JobDetail,
    JobSnapshot,
    PageBlock,
    PageMap,
    Picture,
    Snapshot,
    WorkerSnapshot,
    WorkerState,
)
from engine.queue.progress import ProgressTracker
from engine.settings.settings import Settings

HOSTILE_NAMES = [
    b"[/]x.pdf",
    b"[@click=app.quit]x[/].pdf",
    b"[bold red]loud.pdf",
    b"\x1b[31mred\x1b]0;owned\x07.pdf",
    "evil\u202efdp.exe.pdf".encode(),
    b"two\nlines.pdf",
    b"tab\there.pdf",
    b"caf\xe9 latin1.pdf",
    "ze\u200bro\u200dwidth.pdf".encode(),
    "日本語の請求書と領収書の控え二〇二六年三月分.pdf".encode(),
    "e\u0301\u0301\u0301 combining.pdf".encode(),
    "👩‍👩‍👧‍👦 family.pdf".encode(),
    b"a" * 251 + b".pdf",
    b"$(reboot).pdf",
    b"\x9b31m c1.pdf",
]


class FakeClock:
    """Seconds that pass when told to."""

    def __init__(self, start: float = 1_000.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeEngine:
    """Holds jobs in the engine's own tracker, so that its snapshots are the real ones."""

    def __init__(self, folder: Path = Path("/srv"), *, workers: int = 4) -> None:
        self.clock = FakeClock()
        self.epoch = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
        self.tracker = ProgressTracker(self.clock)
        self.origins: dict[str, str] = {}
        self.settings = Settings(
            input=folder / "input", output=folder / "output", state=folder / "state", num_workers=workers
        )
        self.discovered = 0
        self.unsettled = 0
        self.is_scanning = False
        self.texts: dict[int, str] = {}
        """Previews, in place of made-up ones; made safe to show as the engine does."""
        self.not_located = ""
        """The sentence that says why pages cannot be told apart in the Markdown."""
        self.opened_otherwise: set[int] = set()
        """Jobs whose documents have another password than whatever is tried."""
        self.no_picture = ""
        """The sentence with which `peek` is refused."""
        self.no_blocks = ""
        """The sentence with which `blocks` is refused."""
        self.calls: list[tuple[object, ...]] = []
        self.pages: dict[int, dict[int, PageResult]] = {}
        self._on_job: dict[int, int] = {}
        self._next_id = 1
        self._hidden: dict[int, Job] = {}
        self._ended: dict[int, Job] = {}
        self._workers = 0
        self.set_workers(workers)
        self.calls.clear()

    # --- the machines of a cluster ---

    def drain_node(self, name: str) -> bool:
        return self._order_node("drain", name)

    def hold_node(self, name: str) -> bool:
        return self._order_node("hold", name)

    def release_node(self, name: str) -> bool:
        return self._order_node("release", name)

    def remove_node(self, name: str) -> bool:
        return self._order_node("remove", name)

    def _order_node(self, order: str, name: str) -> bool:
        self.calls.append((order, name))
        return any(node.name == name for node in self.tracker.overview().nodes)

    # --- for tests ---

    def wall_clock(self) -> float:
        return self._now().timestamp()

    def add(
        self,
        name: bytes | str = b"notes.pdf",
        state: JobState = JobState.QUEUED,
        *,
        pages: int | None = None,
        done: int = 0,
        failed: int = 0,
        ocr: int = 0,
        text_only: int = 0,
        priority: int = 0,
        profile: str = "",
        reason: str | None = None,
        seconds: float = 30.0,
        first_id: int | None = None,
        selection: str | None = None,
    ) -> int:
        """Put a job on the list in a state; pages that are done come out as counted, failed ones first.

        `pages` is how many there are of the `selection`.
        """
        job_id = self._next_id = max(self._next_id, first_id or 0)
        self._next_id += 1
        path = name.encode() if isinstance(name, str) else name
        is_over = state.is_finished and state is not JobState.CANCELLED
        job = Job(
            id=job_id,
            conversion_id=str(uuid.UUID(int=job_id)),
            source=Source(bytes(self.settings.input), path, 3_200_000, 0, job_id),
            options=ConvertOptions(pages=selection),
            state=state,
            priority=priority,
            position=float(job_id),
            created=self.epoch,
            profile=profile,
            reason=reason,
            pages=pages,
            pages_done=done,
            pages_failed=failed,
            pages_ocr=ocr,
            pages_text_only=text_only,
            output=bytes(self.settings.output / "result") if is_over and state is not JobState.FAILED else None,
            started=self._now() - timedelta(seconds=seconds) if is_over or state is JobState.RUNNING else None,
            finished=self._now() if state.is_finished else None,
        )
        states = [PageState.FAILED] * failed + [PageState.OCR] * ocr + [PageState.TEXT_ONLY] * text_only
        states += [PageState.OK] * (done - len(states))
        reasons = {
            PageState.FAILED: "The page could not be read: its content stream is damaged.",
            PageState.TEXT_ONLY: "The layout step took longer than 60 s.",
        }
        numbers = first_selected(selection, done)
        results = [PageResult(n, s, 0.4, "layout", reasons.get(s)) for n, s in zip(numbers, states, strict=True)]
        self.pages[job_id] = {result.page: result for result in results}
        self.tracker.set_job(job)
        if state is JobState.RUNNING:
            self.tracker.step(job_id, Step.PAGE_PROCESSING)
            self.tracker.pages_restored(job_id, results)
        return job_id

    def fill(self, count: int) -> list[int]:
        """Jobs in mixed states, in the proportions of a long night."""
        states = [JobState.DONE] * 6 + [JobState.QUEUED] * 7 + [JobState.PARTIAL, JobState.FAILED, JobState.HELD]
        ids = []
        for number in range(count):
            state = states[number % len(states)]
            pages = number * 7 % 190 + 1
            ids.append(
                self.add(
                    f"batch-{number % 40:02}/scan {number:06}.pdf",
                    state,
                    pages=None if state is JobState.QUEUED else pages,
                    done=pages if state in (JobState.DONE, JobState.PARTIAL) else 0,
                    failed=1 if state is JobState.PARTIAL else 0,
                    priority=2 if number % 50 == 7 and state is JobState.QUEUED else 0,
                    reason="The file is not a PDF." if state is JobState.FAILED else None,
                )
            )
        return ids

    def start_page(self, worker: int, job_id: int, page: int) -> None:
        """A worker begins a page."""
        if self._on_job.get(worker) != job_id:
            self._on_job[worker] = job_id
            self.tracker.worker_changed(
                WorkerSnapshot(worker, WorkerState.BUSY, job_id, Step.PAGE_PROCESSING, pid=4000 + worker)
            )
            self.tracker.worker_process(worker, 4000 + worker, (280 + 11 * worker) << 20)
        self.tracker.page_started(worker, job_id, page)

    def finish_page(self, worker: int, job_id: int, page: int, state: PageState = PageState.OK) -> None:
        """A worker is done with a page."""
        result = PageResult(page, state, 0.4)
        self.pages[job_id][page] = result
        self.tracker.page_done(worker, job_id, result)

    def change(self, job_id: int, state: JobState | None = None, **fields: object) -> None:
        """Change a job, legally or not."""
        job = self.job(job_id).job
        self.tracker.set_job(replace(job, state=state or job.state, revision=job.revision + 1, **fields))  # type: ignore[arg-type]

    def state_of(self, job_id: int) -> JobState:
        return self.job(job_id).job.state

    # --- what the dashboard asks and does ---

    @property
    def is_paused(self) -> bool:
        return self.tracker.is_paused

    @property
    def workers(self) -> int:
        return self._workers

    def snapshot(self, since: int = 0) -> Snapshot:
        return self.tracker.snapshot(since)

    def overview(self) -> Snapshot:
        return self.tracker.overview()

    def job(self, job_id: int) -> JobSnapshot:
        found = self.tracker.job(job_id)
        if found is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        return found

    def detail(self, job_id: int) -> JobDetail:
        snapshot = self.job(job_id)
        pages = tuple(self.pages[job_id][page] for page in sorted(self.pages[job_id]))
        numbers = snapshot.job.page_numbers or first_selected(None, len(pages))
        marks = bytearray(len(numbers))
        for page in pages:
            marks[numbers.place(page.page) or 0] = MARKS[page.state]
        page_map = self.tracker.page_map(job_id) or PageMap(bytes(marks), numbers=numbers)
        history = [(self.epoch, JobState.QUEUED, "found in the input folder")]
        if snapshot.job.started:
            history.append((snapshot.job.started, JobState.RUNNING, "taken up by a worker"))
        if snapshot.job.finished:
            history.append((snapshot.job.finished, snapshot.job.state, snapshot.job.reason or ""))
        log_file = self.settings.state_folder / "jobs" / str(job_id) / "log"
        return JobDetail(snapshot, pages, page_map, tuple(history), (), log_file, None)

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """Every page says its number; a text given for the job is on each of them."""
        self.calls.append(("preview", job_id) if page is None else ("preview", job_id, page))
        if page is not None and self.not_located:
            raise PageNotLocated(self.not_located)
        if page is not None and page not in self.pages[job_id]:
            raise HotfolioError(f"Page {page} is not converted yet.")
        if job_id in self.texts:
            return display_text(self.texts[job_id])
        pages = sorted(self.pages[job_id]) if page is None else [page]
        return "".join(f"## Page {number}\n\nWhat page {number} says.\n\n" for number in pages)

    def page_lines(self, job_id: int) -> list[tuple[int, int]]:
        """Where `preview` begins each page, but for texts that were given."""
        if self.not_located:
            raise PageNotLocated(self.not_located)
        if not self.state_of(job_id).is_finished or job_id in self.texts:
            return []
        return [(page, 4 * place) for place, page in enumerate(sorted(self.pages[job_id]))]

    def blocks(self, job_id: int, page: int) -> tuple[PageBlock, ...]:
        """A heading and a paragraph, as `preview` has them, and a number below them, which it leaves out."""
        self.calls.append(("blocks", job_id, page))
        if self.no_blocks:
            raise HotfolioError(self.no_blocks)
        return (
            PageBlock("section-header", (0.12, 0.08, 0.6, 0.13), f"Page {page}"),
            PageBlock("text", (0.12, 0.2, 0.88, 0.9), f"What page {page} says."),
            PageBlock("page-footer", (0.45, 0.95, 0.55, 0.97), f"{page}"),
        )

    def peek(self, job_id: int, page: int, width: int, height: int, *, area: Area = WHOLE_PAGE) -> Picture:
        """A page with a red heading and lines of print, in the proportions of A4; any part of it looks alike."""
        self.calls.append(("peek", job_id, page, width, height, *([area] if area != WHOLE_PAGE else [])))
        if self.no_picture:
            raise HotfolioError(self.no_picture)
        tall = min(height, round(width * 1.414))
        wide = max(1, round(tall / 1.414))
        rows = bytearray()
        for y in range(tall):
            for x in range(wide):
                inside = wide * 0.12 < x < wide * (0.88 if y % 10 else 0.6) and tall * 0.08 < y < tall * 0.92
                heading = inside and y < tall * 0.13 and x < wide * 0.6
                print_ = inside and y > tall * 0.2 and y % 3 == 0 and (x * 7 + y * page) % 11 > 1
                rows += b"\xb0\x20\x20" if heading else b"\x70\x70\x78" if print_ else b"\xfd\xfd\xfb"
        return Picture(wide, tall, bytes(rows))

    def page_map(self, job_id: int) -> PageMap | None:
        return self.tracker.page_map(job_id)

    def opens(self, job_ids: Iterable[int], password: str) -> list[int]:
        """A wrong password is called so."""
        ids = list(job_ids)
        self.calls.append(("opens", ids, password))
        return [] if password.startswith("wrong") else [job_id for job_id in ids if job_id not in self.opened_otherwise]

    def unlock(self, job_ids: Iterable[int], password: str) -> list[int]:
        ids = list(job_ids)
        self.calls.append(("unlock", ids, password))
        places = {job_id: self.job(job_id).job.position for job_id in ids}
        unlocked = self.retry(ids)
        for job_id in unlocked:
            self.change(job_id, position=places[job_id])
        return unlocked

    def cancel(self, job_ids: Iterable[int], reason: str = "Cancelled.") -> list[int]:
        return self._each(
            "cancel", job_ids, lambda job_id: self._to(job_id, JobState.CANCELLED, reason=reason, finished=self._now())
        )

    def hold(self, job_ids: Iterable[int]) -> list[int]:
        return self._each("hold", job_ids, lambda job_id: self._to(job_id, JobState.HELD))

    def release(self, job_ids: Iterable[int]) -> list[int]:
        def change(job_id: int) -> None:
            if self.state_of(job_id) is not JobState.HELD:
                raise IllegalTransition("not held")
            self._to(job_id, JobState.QUEUED)

        return self._each("release", job_ids, change)

    def retry(self, job_ids: Iterable[int]) -> list[int]:
        def change(job_id: int) -> None:
            if not self.state_of(job_id).is_finished:
                raise IllegalTransition("not finished")
            self._ended[job_id] = self.job(job_id).job
            last = max(job.position for job in self.tracker.jobs())
            self._to(job_id, JobState.QUEUED, reason=None, finished=None, position=last + 1)

        return self._each("retry", job_ids, change)

    def change_priority(self, job_ids: Iterable[int], by: int) -> list[int]:
        def change(job_id: int) -> None:
            job = self.job(job_id).job
            if job.state.is_finished:
                raise IllegalTransition("finished")
            self.change(job_id, priority=job.priority + by)

        return self._each("change_priority", job_ids, change, by)

    def move(self, job_ids: Iterable[int], where: Move) -> list[int]:
        def change(job_id: int) -> None:
            job = self.job(job_id).job
            if job.state is not JobState.QUEUED:
                raise IllegalTransition("not queued")
            waiting = [other for other in self.tracker.jobs() if other.state is JobState.QUEUED]
            equals = sorted((o for o in waiting if o.priority == job.priority), key=lambda o: o.position)
            at = [other.id for other in equals].index(job_id)
            if at == (0 if where in ("up", "top") else len(equals) - 1):
                raise IllegalTransition("there already")
            if where in ("up", "down"):
                neighbour = equals[max(0, min(at + (1 if where == "down" else -1), len(equals) - 1))]
                self.change(neighbour.id, position=job.position)
                self.change(job_id, position=neighbour.position)
            else:
                self.change(job_id, position=equals[0].position - 1 if where == "top" else equals[-1].position + 1)

        ids = list(job_ids)
        self.calls.append(("move", ids, where))
        return self._each("moved", ids if where in ("up", "bottom") else ids[::-1], change, where)

    def reinstate(self, standings: Sequence[Standing]) -> list[int]:
        wanted = {standing.job_id: standing for standing in standings}

        def change(job_id: int) -> None:
            before, now = wanted[job_id], self.job(job_id).job
            if before.state.is_finished:
                self.tracker.set_job(replace(self._ended.pop(job_id), revision=now.revision + 1))
                return
            if now.state.is_finished and now.state is not JobState.CANCELLED:
                raise IllegalTransition("it has ended")
            state = JobState.HELD if before.state is JobState.HELD else JobState.QUEUED
            fields = {"priority": before.priority, "position": before.position, "reason": before.reason}
            self.change(job_id, state, finished=None, **fields)

        return self._each("reinstate", wanted, change)

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        def change(job_id: int) -> None:
            job = self.job(job_id).job
            if not job.state.is_finished:
                raise IllegalTransition("not finished")
            self._hidden[job_id] = job
            self.tracker.remove_job(job_id)

        return self._each("remove", job_ids, change)

    def restore(self, job_ids: Sequence[int]) -> None:
        self.calls.append(("restore", list(job_ids)))
        for job_id in job_ids:
            self.tracker.set_job(self._hidden.pop(job_id))

    def pause(self) -> None:
        self.calls.append(("pause",))
        self.tracker.is_paused = True

    def resume(self) -> None:
        self.calls.append(("resume",))
        self.tracker.is_paused = False

    def set_workers(self, count: int) -> None:
        self.calls.append(("set_workers", count))
        for number in range(self._workers + 1, count + 1):
            self.tracker.worker_changed(WorkerSnapshot(number))
        for number in range(count + 1, self._workers + 1):
            self.tracker.worker_left(number)
        self._workers = count

    def _now(self) -> datetime:
        return self.epoch + timedelta(seconds=self.clock.now)

    def _to(self, job_id: int, state: JobState, **fields: object) -> None:
        check_transition(self.state_of(job_id), state)
        self.change(job_id, state, **fields)

    def _each(self, name: str, job_ids: Iterable[int], change: Callable[[int], None], *arguments: object) -> list[int]:
        ids = list(job_ids)
        self.calls.append((name, ids, *arguments))
        changed = []
        for job_id in ids:
            try:
                change(job_id)
            except (IllegalTransition, NoSuchJob):
                continue
            changed.append(job_id)
        return changed
