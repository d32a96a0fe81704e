"""Documents that are sent to be converted for the sender alone: where they are kept, and for how long.

Each request has a folder of its own in the state folder, and each of its documents one in there, so that documents of
one name never meet. A document is removed once its result is published, and kept for a retry as long as its job has
failed and is on the list; what is left over goes when a service starts.

What is sent by a call that waits for its result need not survive a power cut, for nobody waits after one; and to see to
that takes most of the time that passes before a document is queued. It is done when a call ends before its task does.
"""

import contextlib
import os
import shutil
import sys
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import Message

from engine.base.disk import fsync_path, fsync_tree
from engine.base.errors import OutputUnwritable, unwritable
from engine.base.safetext import display_name
from engine.job.job import Job, JobState
from engine.publish.publisher import safe_name
from engine.server.routers.uploads import FileRules, read_form
from engine.server.routers.uploads import Upload as IncomingUpload
from engine.server.security.bounds import RequestLimits
from engine.settings.settings import Settings

TASK_FILE = "task.json"
FILES = "files"
"""What docling-serve's clients, and others, call the field of a form that documents are in."""
_MOST_FILES = 100
_NAMELESS = "document.pdf"
_MAX_SUFFIX = 16
_MAX_STEM_BYTES = 180
_MARKS = (b"{", b"[", b":", b",")
MOST_MARKS = 20_000
"""In JSON. Documents make it long, in base64, which has none of them. All else costs memory, and time in which nobody
else is answered: 15 MB of empty lists took 12 s, as many keys 38 s and two gigabytes."""
_SETTLED_S = 3600.0
_AT_ONCE = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS
_BEGUN = time.time()
"""What is older was left by an earlier process."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it was received."""

    filename: str
    """As it was sent, without folders; safe to show."""
    path: Path


@dataclass(frozen=True, slots=True)
class Received:
    """A request's documents, and what it says besides."""

    folder: Path
    uploads: tuple[Upload, ...]
    fields: dict[str, list[str]]


class Uploads:
    """Thread-safe: it keeps no state but the files."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.uploads_folder.absolute()
        self._most = settings.max_upload

    async def receive_form(
        self, request: Request, fields: Iterable[str] = (FILES,), most_files: int = _MOST_FILES, *, lasts: bool = False
    ) -> Received:
        """Keep the documents of a multipart form, which are in `fields`.

        If it `lasts`, they survive a power cut. Raises `HTTPException`, or `OutputUnwritable` if there is no room.
        """
        folder = await run_in_threadpool(self._new_folder)
        rules = FileRules(folder, self._most, frozenset(fields), most_files, accept=None, lasts=lasts)
        try:
            async with read_form(request, rules) as form:
                if not form.uploads:
                    raise HTTPException(
                        422, f"Send each document as a file in a form field named {next(iter(fields))}."
                    )
                uploads = await run_in_threadpool(self._take_in, folder, form.uploads)
                if lasts:
                    await run_in_threadpool(self.make_durable, folder)
        except BaseException:
            self.discard(folder)  # not in a thread: the request may have been cancelled, and would be again
            raise
        return Received(folder, uploads, {name: [_text(v) for v in values] for name, values in form.fields.items()})

    def root(self) -> Path:
        """The folder of all requests, which is made where it is not there yet. Raises `OutputUnwritable`."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise _unwritable(error, self._folder) from error
        return self._folder

    async def receive_body(self, request: Request, filename: str) -> Received:
        """Keep a document that is the whole body, unzipped if it comes so. Raises as `receive_form` does."""
        folder = await run_in_threadpool(self._new_folder)
        upload = _place(folder, 0, filename)
        try:
            with _told():
                await self._take_body(_limited(request, self._most, self._most), upload)
            _settle_in(upload.path)
        except OSError as error:
            self.discard(folder)
            raise _unwritable(error, self._folder) from error
        except BaseException:
            self.discard(folder)
            raise
        return Received(folder, (upload,), {})

    async def _take_body(self, request: Request, upload: Upload) -> None:
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise HTTPException(415, "Send the document as it is, or by Content-Encoding: gzip.")
        unzipping = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        size = 0
        upload.path.parent.mkdir(mode=0o700)
        with os.fdopen(os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            async for piece in request.stream():
                for data in [piece] if unzipping is None else _unzipped(unzipping, piece):
                    size += len(data)
                    if size > self._most:
                        raise _too_big(self._most)
                    if len(data) > _AT_ONCE:
                        await run_in_threadpool(copy.write, data)
                    else:
                        copy.write(data)
        if size == 0 or (unzipping is not None and not unzipping.eof):
            raise HTTPException(422, "Send the document as the body of the request, whole.")

    async def receive_json(self, request: Request, most: int | None = None) -> bytes:
        """The body of a JSON request that has documents in it, of at most so many bytes. Raises `HTTPException`."""
        most = min(most or sys.maxsize, RequestLimits.for_uploads(self._most).document_bytes)
        with _told():
            body = await _limited(request, most, most).body()
        if sum(map(body.count, _MARKS)) > MOST_MARKS:
            raise HTTPException(
                413, f"The JSON has too many values: more than {MOST_MARKS:,} brackets, colons and commas."
            )
        return body

    def _take_in(self, folder: Path, sent: Sequence[IncomingUpload]) -> tuple[Upload, ...]:
        """Give documents that are on the disk already their places in the folder of their request."""
        uploads = []
        try:
            for number, document in enumerate(sent):
                upload = _place(folder, number, _text(document.filename))
                upload.path.parent.mkdir(mode=0o700)
                document.part.rename(upload.path)
                upload.path.chmod(0o600)
                _settle_in(upload.path)
                uploads.append(upload)
        except OSError as error:
            raise _unwritable(error, self._folder) from error
        return tuple(uploads)

    def keep_all(
        self, documents: Iterable[tuple[str, BinaryIO]], *, lasts: bool = False
    ) -> tuple[Path, tuple[Upload, ...]]:
        """Keep the documents of one request, each with the name it was sent by; as `receive_form` does if it `lasts`.

        Raises `HTTPException` if one is too big, or `OutputUnwritable`.
        """
        folder = self._new_folder()
        try:
            uploads = tuple(self._keep(folder, n, name, stream) for n, (name, stream) in enumerate(documents))
            if lasts:
                self.make_durable(folder)
            return folder, uploads
        except BaseException:
            self.discard(folder)
            raise

    def _keep(self, folder: Path, number: int, filename: str, stream: BinaryIO) -> Upload:
        """Write a document to the disk. Raises `HTTPException` if it is too big, or `OutputUnwritable`."""
        upload = _place(folder, number, filename)
        try:
            stream.seek(0, os.SEEK_END)
            if stream.tell() > self._most:
                raise _too_big(self._most)
            stream.seek(0)
            upload.path.parent.mkdir(mode=0o700)
            with os.fdopen(os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
            _settle_in(upload.path)
        except OSError as error:
            raise _unwritable(error, self._folder) from error
        return upload

    def make_durable(self, folder: Path) -> None:
        """Make what a request has sent survive a power cut. Raises `OutputUnwritable`."""
        try:
            fsync_tree(folder)
            fsync_path(self._folder)
        except OSError as error:
            raise _unwritable(error, self._folder) from error

    def discard(self, folder: Path) -> None:
        """Delete the folder of a request that came to nothing."""
        shutil.rmtree(folder, ignore_errors=True)

    def folder_of(self, job: Job) -> Path | None:
        """The folder of the request that a job's document came with; None if it came in another way."""
        root = Path(os.fsdecode(job.source.root))
        return root.parent if root.parent.parent == self._folder else None

    def task_file(self, task_id: str) -> Path:
        """What is on record of a task by this id, a UUID."""
        return self._folder / task_id / TASK_FILE

    def settle(self, job: Job) -> None:
        """Delete the document of a job whose result is published."""
        if job.state is JobState.DONE and self.folder_of(job) is not None:
            with contextlib.suppress(OSError):
                job.source.file.unlink(missing_ok=True)
                job.source.file.parent.rmdir()

    def sweep(self, jobs: Iterable[Job]) -> None:
        """Delete what earlier processes have left and no job on the list needs."""
        needed: set[Path] = set()
        for job in jobs:
            folder = self.folder_of(job)
            if folder is not None:
                needed.add(folder)
                self.settle(job)
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                if Path(entry.path) not in needed and entry.stat(follow_symlinks=False).st_mtime < _BEGUN:
                    self.discard(Path(entry.path))

    def _new_folder(self) -> Path:
        folder = self._folder / str(uuid.uuid4())
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(error, self._folder) from error
        return folder


def _unzipped(unzipping: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """What a piece of a zipped body holds, a little at a time. Raises `HTTPException` 400 if it is damaged."""
    try:
        while piece and not unzipping.eof:
            yield unzipping.decompress(piece, _AT_ONCE)
            piece = unzipping.unconsumed_tail
    except zlib.error:
        raise HTTPException(400, "The body is not what its Content-Encoding says.") from None


def _place(folder: Path, number: int, filename: str) -> Upload:
    """Where a document of a request is kept, by the name it was sent with."""
    basename = filename.replace("\\", "/").rpartition("/")[2]
    return Upload(display_name(basename) or _NAMELESS, folder / str(number) / _stored_name(basename))


def _settle_in(path: Path) -> None:
    """See that nobody takes a document for one that is still coming in."""
    settled = time.time() - _SETTLED_S
    os.utime(path, (settled, settled))


def _text(sent: bytes) -> str:
    return sent.decode("utf-8", "replace")


def _stored_name(sent: str) -> str:
    """A name that is only a name, whatever was sent."""
    stem, dot, suffix = sent.rpartition(".")
    if not dot or not stem:
        stem, suffix = sent, ""
    stem = safe_name(stem or _NAMELESS).encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
    return f"{stem}.{safe_name(suffix)[:_MAX_SUFFIX]}" if suffix else stem


def _limited(request: Request, most: int, named: int) -> Request:
    """The same request, which raises as soon as its body is bigger than `most` bytes."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_big(named)
    return Request(request.scope, _counting(request.receive, most, named))


def _counting(receive: Callable[[], Awaitable[Message]], most: int, named: int) -> Callable[[], Awaitable[Message]]:
    seen = 0

    async def receive_and_count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _too_big(named)
        return message

    return receive_and_count


def _too_big(most: int) -> HTTPException:
    return HTTPException(413, f"That is more than the {most:,} bytes that may be sent at once (max_upload).")


def _unwritable(error: OSError, folder: Path) -> OutputUnwritable:
    shown = display_name(folder)
    return unwritable(error, shown) or OutputUnwritable(f"Cannot write to {shown}: {error.strerror or error}.")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Put into words why a request could not be received."""
    try:
        yield
    except ClientDisconnect:
        raise HTTPException(400, "The client went away before everything was sent.") from None
    except OSError as error:
        raise OutputUnwritable(f"What was sent could not be kept: {error.strerror or error}.") from error
