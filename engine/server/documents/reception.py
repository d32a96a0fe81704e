"""Reception: what every door for other programs has: documents are taken in, queued, and waited for."""

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from engine.base.errors import OutputUnwritable
from engine.job.options import Attachments, ConvertOptions
from engine.remote.contract import ServedEngine
from engine.server.dependencies.service import Service
from engine.server.documents.fetching import Fetcher
from engine.server.documents.published import Published, reason_of
from engine.server.documents.received import Upload, Uploads
from engine.server.documents.tasks import Task, TaskRecord, Tasks
from engine.server.documents.waiting import Waiting

_CLIENT_GONE = 499
"""Nobody reads it; it is what logs and metrics of web servers call that."""


class Gone(Exception):
    """The client that waited has gone away."""


class Reception:
    """Thread-safe but for `wait`, which is the loop's."""

    def __init__(self, service: Service) -> None:
        self._engine: ServedEngine = service.engine
        settings = self._engine.settings
        self.longest_wait_s = settings.docling_wait
        self.uploads = Uploads(settings)
        self.tasks = Tasks(self._engine, self.uploads)
        self.waiting = Waiting(self._engine, self.tasks)
        self._fetcher = Fetcher(settings.docling_fetch, settings.max_upload)

    def options(self, **changes: Any) -> ConvertOptions:
        """How documents are converted unless something is asked for: as set, and of all kinds that doors take in.

        No door hands out what is attached to a document, so nothing is made of it.
        """
        settings = self._engine.settings
        usual = settings.convert_options.model_dump() | {"accept": settings.doors_kinds}
        usual["attachments"] = Attachments.LIST
        return ConvertOptions.model_validate({**usual, **changes})

    def begin(
        self,
        folder: Path,
        uploads: tuple[Upload, ...],
        options: ConvertOptions,
        record: TaskRecord,
        client: str,
        *,
        waits: bool,
    ) -> Task:
        """Queue what was received; a call that `waits` joins one like it. Raises `HotfolioError`."""
        queue = self.tasks.join if waits else self.tasks.submit
        return queue(folder, uploads, options, record, client)

    async def keep(
        self, documents: Sequence[tuple[str, BinaryIO]], *, lasts: bool = False
    ) -> tuple[Path, tuple[Upload, ...]]:
        """Keep documents that have come in whole, and close them. Raises `HTTPException` or `OutputUnwritable`."""
        try:
            return await run_in_threadpool(partial(self.uploads.keep_all, documents, lasts=lasts))
        finally:
            for _, stream in documents:
                stream.close()

    async def fetch(self, url: str, headers: Mapping[str, str], filename: str | None = None) -> tuple[str, BinaryIO]:
        """A document from where a client says it is. Raises `HTTPException`."""
        folder = await run_in_threadpool(self.uploads.root)
        found = await self._fetcher.fetch(url, headers, folder)
        return filename or found.filename, found.stream

    async def wait(self, request: Request, task: Task, *, cancels: bool = False) -> bool:
        """Whether a task has ended while the client waited; raises `Gone` if it is the client that has."""
        is_gone = False

        async def has_gone() -> bool:
            nonlocal is_gone
            is_gone = await request.is_disconnected()
            return is_gone

        if await self.waiting.until_finished(task, self.longest_wait_s, has_gone):
            return True
        await run_in_threadpool(self._make_durable, task)
        if is_gone:
            if cancels and not self.waiting.waiters(task):  # another call may wait for the same
                await run_in_threadpool(self.tasks.cancel, task)
            raise Gone
        return False

    async def finished(self, request: Request, task: Task) -> Published:
        """The result of a task of one document, once it is there. Raises `HTTPException` 422, 499 or 504."""
        try:
            if not await self.wait(request, task):
                raise self._too_long(task)
        except Gone:
            raise HTTPException(_CLIENT_GONE) from None
        (job,) = self.tasks.jobs(task)
        result = await run_in_threadpool(Published.of, job) if job is not None else None
        if result is None:
            reason = reason_of(job) if job is not None else "The job was taken off the list."
            raise HTTPException(422, reason or "The result is no longer in the output folder.")
        return result

    def _make_durable(self, task: Task) -> None:
        """See that a task that nobody waits for any more survives a power cut."""
        folders = {self.uploads.folder_of(job) for job in self.tasks.jobs(task) if job is not None}
        for folder in filter(None, folders):
            with contextlib.suppress(OutputUnwritable):  # it ends at this moment, or what writes next says so
                self.uploads.make_durable(folder)

    def _too_long(self, task: Task) -> HTTPException:
        return HTTPException(
            504,
            f"This takes longer than {self.longest_wait_s:g} s (docling_wait) and goes on as conversion "
            f"{task.conversions[0]}: ask /conversions/{task.conversions[0]} how it stands.",
        )
