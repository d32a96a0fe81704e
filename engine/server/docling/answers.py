"""What a finished task has come to, as docling-serve answers: JSON for one document, a ZIP file for more."""

import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from fastapi import HTTPException
from pydantic import TypeAdapter
from starlette.responses import Response, StreamingResponse

from engine.base.safetext import display_text
from engine.job.formats import Format
from engine.job.job import Job, JobState
from engine.server.docling.doclingchunks import chunks_of
from engine.server.docling.doclingoptions import FORMATS
from engine.server.docling.doclingschemas import (
    ArchivedDocument,
    ChunkedDocument,
    ChunkResult,
    Component,
    ConvertResult,
    DocumentContent,
    ErrorItem,
    FailedResult,
)
from engine.server.docling.pictureplaces import MOST_EMBEDDED, Pictures
from engine.server.documents.published import Published, reason_of
from engine.server.documents.tasks import Task, TaskRecord

NOT_FINISHED = "Task result not found. Please wait for a completion status."
"""docling-serve's words, which its client looks for."""
_GONE = "Task result not found: it is no longer in the output folder."
_TOO_MUCH = f"Pictures beyond {MOST_EMBEDDED >> 20} MiB are linked, not embedded; target_type=zip has them all."
_FAILED = 422
_CHUNK = 1 << 18
_IN_MEMORY = 4 << 20
_STATUS: dict[JobState, Literal["success", "partial_success"]] = {
    JobState.DONE: "success",
    JobState.PARTIAL: "partial_success",
}
_archived = TypeAdapter(list[ArchivedDocument])


@dataclass(frozen=True, slots=True)
class _Converted:
    """One of a task's documents."""

    number: int
    filename: str
    job: Job | None
    result: Published | None
    """None if there is none."""
    errors: list[ErrorItem]

    @property
    def status(self) -> Literal["success", "partial_success", "failure"]:
        return _STATUS[self.result.job.state] if self.result is not None else "failure"


class Results:
    """Thread-safe: it keeps no state. Every call reads the disk."""

    def __init__(self, scratch: Path) -> None:
        """Archives that do not fit into memory are put together in the folder `scratch`."""
        self._scratch = scratch

    def answer(self, task: Task, jobs: list[Job | None], address: str, *, waited: bool) -> Response:
        """The result of a finished task whose jobs are these. Raises `HTTPException` 404 if it is gone.

        `address` is where the client has found the service; pictures are linked from there. With `waited`, a task none
        of whose documents could be converted is an error: the caller has had no status.
        """
        converted = [self._look(task, number, job) for number, job in enumerate(jobs)]
        record = task.record
        unmet = [_error(Component.USER_INPUT, sentence) for sentence in record.unmet]
        is_failure = all(document.status == "failure" for document in converted)
        if task.is_archive and not (waited and is_failure):
            return self._archive(task, converted, unmet)
        if record.chunker and not (waited and is_failure):
            return _json(_chunked(record, converted, address, unmet).model_dump_json(by_alias=True))
        errors = [error for document in converted for error in document.errors]
        content = None
        if len(converted) == 1:
            content, troubles = _content(converted[0], record, address)
            errors += troubles
        seconds = _seconds(converted)
        if waited and is_failure:
            detail = errors[0].error_message if len(converted) == 1 else _none_of_them(converted)
            failed = FailedResult(detail=detail, document=content, errors=[*errors, *unmet], processing_time=seconds)
            return _json(failed.model_dump_json(), _FAILED)
        assert content is not None
        result = ConvertResult(
            document=content, status=converted[0].status, errors=[*errors, *unmet], processing_time=seconds
        )
        return _json(result.model_dump_json())

    def _look(self, task: Task, number: int, job: Job | None) -> _Converted:
        if job is None:
            taken_off = _error(Component.DOCUMENT, "The job was taken off the list.")
            return _Converted(number, f"document {number + 1}", None, None, [taken_off])
        filename = task.filename(number, job)
        if job.state not in _STATUS or job.output is None:
            reason = _error(Component.DOCUMENT, reason_of(job) or f"The job is {job.state}.")
            return _Converted(number, filename, job, None, [reason])
        result = Published.of(job)
        if result is not None:
            remarks = [_error(Component.DOCUMENT, remark) for remark in result.remarks]
            return _Converted(number, filename, job, result, remarks)
        if len(task.conversions) == 1:
            raise HTTPException(404, _GONE)
        return _Converted(number, filename, job, None, [_error(Component.ASSEMBLER, _GONE)])

    def _archive(self, task: Task, converted: list[_Converted], unmet: list[ErrorItem]) -> Response:
        # Closed when it has been sent.
        stream = tempfile.SpooledTemporaryFile(_IN_MEMORY, mode="w+b", dir=str(self._scratch))  # noqa: SIM115
        names: set[str] = set()
        said: list[ArchivedDocument] = []
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for document in converted:
                errors = [*document.errors, *_add(archive, document, names, task.record.page_break), *unmet]
                if errors:
                    entry = ArchivedDocument(filename=document.filename, status=document.status, errors=errors)
                    said.append(entry)
            if said:
                name = next(n for n in _numbered("errors", ".json") if n not in names)
                archive.writestr(name, _archived.dump_json(said, indent=2))
        size = stream.tell()
        stream.seek(0)
        headers = {"Content-Length": str(size), "Content-Disposition": 'attachment; filename="converted_docs.zip"'}
        return StreamingResponse(_chunks(stream), media_type="application/zip", headers=headers)


def _chunked(record: TaskRecord, converted: list[_Converted], address: str, unmet: list[ErrorItem]) -> ChunkResult:
    """The chunks of all documents, and what became of each of these."""
    found = ChunkResult(chunks=[], documents=[], processing_time=_seconds(converted))
    for document in converted:
        content, errors = DocumentContent(filename=document.filename), [*document.errors]
        if document.result is not None:
            try:
                found.chunks += chunks_of(document.result, document.filename, record)
            except (OSError, ValueError, RecursionError):
                errors.append(_error(Component.ASSEMBLER, "The chunks of this document cannot be read any more."))
        if record.with_document:
            content, troubles = _content(document, record, address)
            errors += troubles
        found.documents.append(ChunkedDocument(content=content, status=document.status, errors=[*errors, *unmet]))
    return found


def _content(document: _Converted, record: TaskRecord, address: str) -> tuple[DocumentContent, list[ErrorItem]]:
    """What is answered of one document, and what went wrong with that."""
    content, errors = DocumentContent(filename=document.filename), list[ErrorItem]()
    result = document.result
    if result is None:
        return content, errors
    pictures = Pictures(
        record.pictures, f"{address.rstrip('/')}/conversions/{result.job.conversion_id}/output/", result.read
    )
    for kind in (kind for kind in result.job.options.text_formats if kind in FORMATS.values()):
        try:
            found = result.made(kind)
            match kind:
                case Format.MD:
                    found, troubles = _with_breaks(found, result, record.page_break)
                    errors += troubles
                    content.md_content = pictures.in_markdown(found).decode("utf-8", "replace")
                case Format.TXT:
                    content.text_content = found.decode("utf-8", "replace")
                case Format.HTML:
                    content.html_content = pictures.in_html(found).decode("utf-8", "replace")
                case Format.DOCLING:
                    content.json_content = pictures.in_document(found)
        except (OSError, ValueError, RecursionError):
            errors.append(_error(Component.ASSEMBLER, f"The {kind} of this document cannot be read any more."))
    if not pictures.has_room:
        errors.append(_error(Component.ASSEMBLER, _TOO_MUCH))
    return content, errors


def _with_breaks(markdown: bytes, result: Published, page_break: str) -> tuple[bytes, list[ErrorItem]]:
    """The Markdown with something put between its pages, and why it is not, if so."""
    if not page_break:
        return markdown, []
    pages = result.pages(markdown)
    if pages is None:
        why = "md_page_break_placeholder has no effect: it is not known where the pages begin in this Markdown."
        return markdown, [_error(Component.ASSEMBLER, why)]
    return f"\n\n{page_break}\n\n".encode().join(page.rstrip(b"\n") for page in pages) + b"\n", []


def _add(archive: zipfile.ZipFile, document: _Converted, names: set[str], page_break: str) -> list[ErrorItem]:
    """Put a document's files into an archive, in a folder of their own if another's are called the same."""
    result = document.result
    if result is None:
        return []
    errors: list[ErrorItem] = []
    files = result.files
    is_taken = any(name.casefold() in names for name in files)
    folder = f"{result.stem}~{document.number + 1}/" if is_taken else ""
    for name in files:
        try:
            content = result.read(name)
        except OSError:
            errors.append(_error(Component.ASSEMBLER, f"{display_text(name)} cannot be read any more."))
            continue
        if name == f"{result.stem}.md" and page_break:
            content, troubles = _with_breaks(content, result, page_break)
            errors += troubles
        archive.writestr(folder + name, content)
        names.add(f"{folder}{name}".casefold())
    return errors


def _numbered(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    number = 2
    while True:
        yield f"{stem}~{number}{suffix}"
        number += 1


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _seconds(converted: list[_Converted]) -> float:
    """From when the first of them was begun to when the last one was finished."""
    begun = [c.job.started for c in converted if c.job and c.job.started and c.job.finished]
    ended = [c.job.finished for c in converted if c.job and c.job.started and c.job.finished]
    return max(0.0, (max(ended) - min(begun)).total_seconds()) if begun and ended else 0.0


def _none_of_them(converted: list[_Converted]) -> str:
    first = converted[0]
    return (
        f"None of the {len(converted)} documents could be converted. {first.filename}: {first.errors[0].error_message}"
    )


def _error(component: Component, sentence: str) -> ErrorItem:
    return ErrorItem(component_type=component, error_message=sentence)


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")
