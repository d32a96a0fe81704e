"""Tasks: the documents of one request, and how they stand.

A task of one document goes by the id of its conversion, so every conversion is a task too. One of several has an id of
its own. What the queue does not know of a task is in a file beside its documents, and so outlives the engine.
"""

import hashlib
import logging
import threading
import time
import uuid
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from fastapi import HTTPException
from pydantic import BaseModel, ValidationError

from engine.base.disk import fsync_path
from engine.base.errors import NoSuchJob, OutputUnwritable
from engine.job.job import Job, JobState
from engine.job.options import ConvertOptions
from engine.remote.contract import ServedEngine
from engine.server.documents.received import Upload, Uploads

log = logging.getLogger(__name__)

NOT_FOUND = "Task not found."
"""docling-serve's words, which its client looks for."""
_CANCELLED = "The client that waited for it went away."
_RANKING_S = 1.0
_MOST_JOINED = 1000
"""Of so many calls it is known what they have asked for, the latest."""


class TaskRecord(BaseModel):
    """What is kept of a task on the disk."""

    conversions: tuple[str, ...] = ()
    """Their ids; none for a task of one document, which its own id names."""
    filenames: tuple[str, ...] = ()
    as_zip: bool = False
    page_break: str = ""
    pictures: str = "placeholder"
    """How they come along: docling's word for it."""
    chunker: str = ""
    """What cuts the documents into chunks; nothing does unless named."""
    with_document: bool = True
    with_raw_text: bool = False
    unmet: tuple[str, ...] = ()
    """What was asked for and there is not: a sentence each."""


@dataclass(frozen=True, slots=True)
class Task:
    """The conversions of one request, in the order of its documents."""

    id: str
    conversions: tuple[str, ...]
    record: TaskRecord

    @property
    def is_archive(self) -> bool:
        """Whether its result is a ZIP file, as always for several documents, unless they are cut into chunks."""
        return not self.record.chunker and (self.record.as_zip or len(self.conversions) > 1)

    def filename(self, number: int, job: Job) -> str:
        """What a document was called when it was sent."""
        return self.record.filenames[number] if number < len(self.record.filenames) else job.source.relative.name


class Tasks:
    """Thread-safe; `_lock` guards the ranking of jobs that wait, and who has asked for what."""

    def __init__(self, engine: ServedEngine, uploads: Uploads) -> None:
        self._engine = engine
        self._uploads = uploads
        self._lock = threading.Lock()
        self._ranking: dict[int, int] = {}
        self._ranked_at = -_RANKING_S
        self._asked: OrderedDict[bytes, Future[Task]] = OrderedDict()

    def join(
        self, folder: Path, uploads: tuple[Upload, ...], options: ConvertOptions, record: TaskRecord, client: str
    ) -> Task:
        """The same as `submit`, or the task that has been begun for a call like this one and has not ended.

        For calls that wait: a client that has lost patience asks once more. Reads what was received.
        """
        key = _asked_for(uploads, options, record, client)
        own: Future[Task] = Future()
        with self._lock:
            others = self._asked.get(key)
            if others is None:
                self._ask(key, own)
        if others is not None:
            task = others.result()  # it is being queued, or has been; raises what that has raised
            if not self.is_finished(task):
                self._uploads.discard(folder)
                return task
            with self._lock:
                self._ask(key, own)
        try:
            task = self.submit(folder, uploads, options, record, client, lasts=False)
        except BaseException as error:
            with self._lock:
                self._asked.pop(key, None)
            own.set_exception(error)
            raise
        own.set_result(task)
        return task

    def _ask(self, key: bytes, own: Future[Task]) -> None:
        self._asked[key] = own
        self._asked.move_to_end(key)
        while len(self._asked) > _MOST_JOINED:
            self._asked.popitem(last=False)

    def submit(
        self,
        folder: Path,
        uploads: tuple[Upload, ...],
        options: ConvertOptions,
        record: TaskRecord,
        client: str,
        *,
        lasts: bool = True,
    ) -> Task:
        """Queue what was received. Writes to the disk; raises `HotfolioError`, and then nothing stays queued.

        If it `lasts`, what is on record of it survives a power cut.
        """
        record = record.model_copy(update={"filenames": tuple(upload.filename for upload in uploads)})
        try:
            _write(self._uploads.task_file(folder.name), record, lasts)  # before anything can be found by its id
            files = [upload.path for upload in uploads]
            jobs = self._engine.submit_many(files, options=options, client=client)
        except BaseException:
            self._uploads.discard(folder)
            raise
        conversions = tuple(job.conversion_id for job in jobs)
        if len(conversions) == 1:
            return Task(conversions[0], conversions, record)
        record = record.model_copy(update={"conversions": conversions})
        try:
            _write(self._uploads.task_file(folder.name), record, lasts)
        except OutputUnwritable:
            self._engine.cancel([job.id for job in jobs], "Its task could not be written down.")
            raise
        return Task(folder.name, conversions, record)

    def find(self, task_id: str) -> Task:
        """The task with this id. Reads the disk; raises `HTTPException` 404."""
        try:
            is_canonical = str(uuid.UUID(task_id)) == task_id
        except ValueError:
            is_canonical = False
        if not is_canonical:
            raise HTTPException(404, NOT_FOUND)
        record = _read(self._uploads.task_file(task_id))
        if record is not None and record.conversions:
            task = Task(task_id, record.conversions, record)
            if not any(self.jobs(task)):
                raise HTTPException(404, NOT_FOUND)
            return task
        try:
            job = self._engine.find(task_id).job
        except NoSuchJob:
            raise HTTPException(404, NOT_FOUND) from None
        folder = self._uploads.folder_of(job)
        record = _read(self._uploads.task_file(folder.name)) if folder is not None else None
        return Task(task_id, (task_id,), record or TaskRecord())

    def jobs(self, task: Task) -> list[Job | None]:
        """Its jobs as they stand, from memory; None for one that was taken off the list."""
        return [self._job(conversion_id) for conversion_id in task.conversions]

    def is_finished(self, task: Task) -> bool:
        """Whether nothing more will happen to it by itself; from memory."""
        return all(job is None or job.state.is_finished for job in self.jobs(task))

    def cancel(self, task: Task) -> None:
        """Give up what is not finished of it. Writes to the disk."""
        jobs = [job.id for job in self.jobs(task) if job is not None and not job.state.is_finished]
        self._engine.cancel(jobs, _CANCELLED)

    def _job(self, conversion_id: str) -> Job | None:
        try:
            return self._engine.find(conversion_id).job
        except NoSuchJob:
            return None

    def position(self, jobs: list[Job | None]) -> int | None:
        """The place among the jobs that wait, from 1, of the first of these that waits; at most a second old."""
        with self._lock:
            is_old = time.monotonic() - self._ranked_at >= _RANKING_S
            if is_old:
                self._ranked_at = time.monotonic()  # others take what there is meanwhile
        if is_old:
            waiting = [entry.job for entry in self._engine.select(states=[JobState.QUEUED])]
            waiting.sort(key=lambda job: (-job.priority, job.position))
            ranking = {job.id: rank for rank, job in enumerate(waiting, start=1)}
            with self._lock:
                self._ranking = ranking
        last = self._engine.overview().totals.queue_depth  # where a job is that is new since
        with self._lock:
            ranks = [self._ranking.get(job.id, last) for job in jobs if job and job.state is JobState.QUEUED]
        return min(ranks, default=None)


def _asked_for(uploads: tuple[Upload, ...], options: ConvertOptions, record: TaskRecord, client: str) -> bytes:
    """What two calls have in common that ask for the same; raises `OutputUnwritable` if it cannot be read again."""
    digest = hashlib.sha256()
    for text in (client, options.model_dump_json(), record.model_dump_json(), *(sent.filename for sent in uploads)):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    try:
        for sent in uploads:
            with sent.path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise OutputUnwritable(f"What was sent cannot be read again: {error.strerror or error}.") from error
    return digest.digest()


def _write(file: Path, record: TaskRecord, lasts: bool) -> None:
    part = file.with_suffix(".part")
    try:
        part.write_text(record.model_dump_json(), encoding="utf-8")
        if lasts:
            fsync_path(part)
        part.replace(file)
        if lasts:
            fsync_path(file.parent)
    except OSError as error:
        raise OutputUnwritable(f"Cannot write to the state folder: {error.strerror or error}.") from error


def _read(file: Path) -> TaskRecord | None:
    try:
        return TaskRecord.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("What is on record of a task cannot be read: %s", error)
        return None
