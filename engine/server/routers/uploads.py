"""Reads forms while they come in: fields into memory, files straight into the folder where they are wanted.

A file is written once, not spooled elsewhere first, and limits act while it comes in.
"""

import asyncio
import contextlib
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from engine.base.errors import HotfolioError, unwritable
from engine.base.safetext import display_name, display_text
from engine.job.kinds import HEAD, kind_of, left_alone, office_file
from engine.job.options import DocumentKind
from engine.server.security.bounds import AROUND_BYTES, FORM_FIELD_BYTES, FORM_FIELDS

PART_PREFIX = ".hotfolio-upload-"
"""How a file's name begins while it comes in; the hot folder leaves it alone."""
_BLOCK = 1 << 20
_LEFT_S = 3600
_MULTIPART = b"multipart/form-data"
_URLENCODED = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class FileRules:
    """Which files a form may have."""

    folder: Path
    """Where they are written, under names of their own."""
    max_bytes: int
    """Each of them."""
    fields: frozenset[str] = frozenset({"file"})
    """What the fields are called that files are sent in."""
    max_files: int = 1
    accept: tuple[DocumentKind, ...] | None = (DocumentKind.PDF,)
    """Refuse a file of another kind as soon as its first KiB is here; None takes in everything."""
    lasts: bool = True
    """Make files survive a power cut before they count as whole."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has come in whole, and is on the disk, to stay if the rules say so."""

    field: str
    filename: bytes
    """As it was sent: anything at all."""
    part: Path
    """Where it is. Whoever wants to keep it moves it away."""
    size: int


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent."""

    fields: dict[str, list[bytes]]
    """All values of each field, in order."""
    uploads: list[Upload]


@contextlib.asynccontextmanager
async def read_form(request: Request, files: FileRules | None = None) -> AsyncIterator[Form]:
    """Read the body as a form; without `files`, one that has only fields.

    At the end of the block, and whatever goes wrong before, files that have not been moved away are deleted. Raises
    `HTTPException`: 400 for what is no form or is cut off, 413 for too much, 415 for another kind of body or file, 422
    for files that are not expected. Raises `OutputUnwritable` if a file cannot be written.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == _URLENCODED:
        body = b"".join([chunk async for chunk in _chunks(request, FORM_FIELD_BYTES)])
        yield Form(_decode(body), [])
        return
    if kind != _MULTIPART or not options.get(b"boundary"):
        raise HTTPException(415, "Send a form: multipart/form-data, or application/x-www-form-urlencoded for fields.")
    limit = AROUND_BYTES + (files.max_bytes * files.max_files if files is not None else 0)
    reader = _MultipartReader(options[b"boundary"], files)
    loop = asyncio.get_running_loop()
    try:
        async for chunk in _chunks(request, limit):
            reader.feed(chunk)
            if reader.has_work:
                await loop.run_in_executor(None, reader.work)
        if not reader.has_ended:
            raise _refusal(400, "The form is cut off: its last boundary is missing.")
        yield reader.form
    finally:
        # This happens even if the request is cancelled and nobody waits for it, as when the server stops.
        await asyncio.shield(loop.run_in_executor(None, reader.clean_up))


def delete_leftovers(folder: Path) -> None:
    """Delete what is left of uploads that were under way when an engine was killed."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(PART_PREFIX):
                continue
            with contextlib.suppress(OSError):
                # Another engine may take uploads into the same folder, and one under way is written to all the time.
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFT_S:
                    Path(entry.path).unlink()


class _MultipartReader:
    """Takes a form apart. `feed` never waits; `work` writes to the disk, and is for a thread."""

    def __init__(self, boundary: bytes, files: FileRules | None) -> None:
        self.form = Form({}, [])
        self.has_ended = False
        self._rules = files
        self._lock = threading.Lock()  # guards the next two
        self._is_writing = False
        self._over = threading.Event()
        self._incoming: list[_IncomingFile] = []
        self._headers: dict[bytes, bytes] = {}
        self._header_name, self._header_value = bytearray(), bytearray()
        self._field = ""
        self._value: bytearray | None = None
        self._file: _IncomingFile | None = None
        self._field_bytes = self._field_count = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._take,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise HTTPException(400, "The form's boundary is too long.") from None

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body; raises `HTTPException`."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _refusal(400, f"The form is not well-formed: {display_text(str(error))}.") from None

    @property
    def has_work(self) -> bool:
        """Whether enough has come in to be written."""
        return any(file.is_due for file in self._incoming)

    def work(self) -> None:
        """Write what has come in; raises `OutputUnwritable`."""
        with self._lock:
            if self._over.is_set():
                return
            self._is_writing = True
        try:
            for file in self._incoming:
                if file.is_due:
                    file.write()
                    if file.is_whole:
                        self.form.uploads.append(Upload(file.field, file.filename, file.part, file.size))
        finally:
            with self._lock:
                self._is_writing = False
                is_over = self._over.is_set()
            if is_over:
                self._delete()

    def clean_up(self) -> None:
        """Delete the files that are still where they were written, or have `work` do so if it is under way."""
        with self._lock:
            self._over.set()
            is_writing = self._is_writing
        if not is_writing:
            self._delete()

    def _delete(self) -> None:
        for file in self._incoming:
            file.delete()

    # --- what the parser finds ---

    def _begin_part(self) -> None:
        self._headers = {}
        self._file = self._value = None

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in options:
            raise _refusal(400, "A part of the form has no name.")
        self._field = options[b"name"].decode("utf-8", "replace")
        if b"filename" not in options:
            self._value = bytearray()
            self._field_count += 1
            if self._field_count > FORM_FIELDS:
                raise _refusal(413, f"The form has more than {FORM_FIELDS} fields.")
            return
        rules, shown = self._rules, display_name(self._field[:40])
        if rules is None or self._field not in rules.fields:
            raise _refusal(422, f"{shown}: no file is expected in this field.")
        if len(self._incoming) == rules.max_files:
            raise _refusal(
                422, f"No more than {rules.max_files} file{'s' * (rules.max_files > 1)} can be sent at once."
            )
        self._file = _IncomingFile(self._field, options[b"filename"], rules)
        self._incoming.append(self._file)

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.take(data[start:end])
        elif self._value is not None:
            self._field_bytes += end - start
            if self._field_bytes > FORM_FIELD_BYTES:
                raise _refusal(413, f"The form's fields have more than {FORM_FIELD_BYTES >> 10} KiB.")
            self._value += data[start:end]

    def _end_part(self) -> None:
        if self._file is not None:
            self._file.end()
        elif self._value is not None:
            self.form.fields.setdefault(self._field, []).append(bytes(self._value))
        self._file = self._value = None

    def _end(self) -> None:
        self.has_ended = True


class _IncomingFile:
    """A file on its way to the disk."""

    def __init__(self, field_name: str, filename: bytes, rules: FileRules) -> None:
        self.field = field_name
        self.filename = filename
        self.part = rules.folder / f"{PART_PREFIX}{uuid.uuid4().hex}.part"
        self.size = 0
        self.is_whole = False
        """Ended, and written in full."""
        self._rules = rules
        self._pending = bytearray()
        self._has_ended = self._is_checked = False
        self._descriptor = -1

    @property
    def is_due(self) -> bool:
        """Whether `write` is to be called."""
        return not self.is_whole and (self._has_ended or len(self._pending) >= _BLOCK)

    def take(self, data: bytes) -> None:
        """The next bytes."""
        self.size += len(data)
        if self.size > self._rules.max_bytes:
            raise _refusal(413, f"The file is too big: {self._rules.max_bytes:,} bytes can be sent (max_upload).")
        self._pending += data
        if not self._is_checked and len(self._pending) >= HEAD:
            self._check()

    def end(self) -> None:
        """There is no more."""
        if not self._is_checked:
            self._check()
        self._has_ended = True

    def write(self) -> None:
        """Put what has come in on the disk; at the end, to stay if the rules say so. Raises `OutputUnwritable`."""
        try:
            if self._descriptor < 0:
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
                self._descriptor = os.open(self.part, flags, 0o666)
            rest = memoryview(self._pending)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            self._pending = bytearray()
            if self._has_ended:
                if self._rules.lasts:
                    os.fsync(self._descriptor)
                self._close()
                self.is_whole = True
        except OSError as error:
            shown = display_name(self._rules.folder)
            raise unwritable(error, shown) or HotfolioError(f"Cannot write to {shown}: {error.strerror}.") from error

    def delete(self) -> None:
        """Leave nothing behind."""
        self._close()
        with contextlib.suppress(OSError):
            self.part.unlink()

    def _check(self) -> None:
        self._is_checked = True
        accept = self._rules.accept
        if accept is None:
            return
        sent, head = self.filename.decode("utf-8", "replace"), bytes(self._pending[:HEAD])
        kind = kind_of(sent, head)
        if kind not in accept and (why := office_file(sent, head)):
            raise _refusal(415, why)
        if kind not in accept:
            name = display_name(self.filename[-80:]) or "The file"
            raise _refusal(415, f"{name} {left_alone(kind, accept)}")

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


async def _chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece, until it has more bytes than are allowed."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and (len(length) > 18 or int(length) > limit):
        raise _too_much(limit)  # it says so itself, so nothing of it is read
    received = 0
    try:
        async with contextlib.aclosing(request.stream()) as stream:
            async for chunk in stream:
                received += len(chunk)
                if received > limit:
                    raise _too_much(limit)
                yield chunk
    except ClientDisconnect:
        raise HTTPException(400, "The connection was closed before the form was sent in full.") from None


def _decode(body: bytes) -> dict[str, list[bytes]]:
    fields: dict[str, list[bytes]] = {}
    pairs = [pair for pair in body.split(b"&", FORM_FIELDS + 1) if pair]
    if len(pairs) > FORM_FIELDS:
        raise HTTPException(413, f"The form has more than {FORM_FIELDS} fields.")
    for pair in pairs:
        name, _, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.partition(b"="))
        fields.setdefault(name.decode("utf-8", "replace"), []).append(value)
    return fields


def _too_much(limit: int) -> HTTPException:
    return _refusal(413, f"The form is too big: {limit:,} bytes can be sent, files and all.")


def _refusal(status: int, sentence: str) -> HTTPException:
    """What is said while the body is still on its way, which is then not waited for."""
    return HTTPException(status, sentence, {"Connection": "close"})
