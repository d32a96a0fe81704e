"""Attached files that are to be converted become jobs of their own, below the result of the document they came with.

Until they are converted they lie in the state folder, in a folder for each such document, together with the path of the
output that their results belong in. What a conversion process has said of them is not trusted: not even their names.
"""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from engine.base.beneath import GONE, Tree, open_beneath
from engine.base.disk import fsync_path, make_folder
from engine.base.errors import ChildGarbage, OutputUnwritable, unwritable
from engine.base.safetext import display_name, display_text
from engine.job.job import Job, Source, Submission
from engine.job.options import Attachments
from engine.publish.freenames import numbered
from engine.publish.publisher import ATTACHMENTS, origin_of, safe_name
from engine.queue.jobqueue import JobQueue
from engine.sandbox.protocol import ATTACHED, ATTACHED_LIST

_OUTPUT = ".output"
"""The file with the output's path; no attached file is called so."""
_MOST_BYTES = 2 << 20
_MAX_STEM_BYTES = 180
_MAX_SUFFIX = 16


class _Said(BaseModel):
    """What a conversion process says of an attached file."""

    name: Annotated[str, Field(max_length=1000)]
    type: Annotated[str, Field(max_length=1000)]
    size: Annotated[int, Field(ge=0)] | None
    file: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None


_list: TypeAdapter[list[_Said]] = TypeAdapter(Annotated[list[_Said], Field(max_length=1000)])


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that is attached to a document."""

    name: str
    """As the document has it, safe to show."""
    type: str
    size: int | None
    """In bytes; None if that is not known."""
    file: str | None
    """Its name on the desk; None of one that is not to be converted."""
    stored: str
    """The name that it is converted by, unlike those of the others."""

    @property
    def entry(self) -> dict[str, Any]:
        """What the manifest says of it; `folder` is where its result will be, below the document's."""
        said = {"name": self.name, "type": self.type, "size": self.size}
        return said | ({"folder": f"{ATTACHMENTS}/{PurePosixPath(self.stored).stem}"} if self.file is not None else {})


def attached_to(desk: Path) -> list[Attached]:
    """The files that are attached to a merged document. Raises `ChildGarbage`."""
    try:
        with os.fdopen(open_beneath(desk, ATTACHED_LIST), "rb") as stream:
            said = _list.validate_json(stream.read(_MOST_BYTES))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ChildGarbage("The conversion process has left a list of attached files that is none.") from error
    taken: set[str] = set()
    return [
        Attached(display_text(one.name), display_text(one.type), one.size, one.file, _stored(one.name, taken))
        for one in said
    ]


def queue_attached(queue: JobQueue, job: Job, desk: Path, state: Path, output: Path, place: Path) -> None:
    """Queue the attached files of a job that is published at `place` in `output`, as it was asked for itself.

    What is attached to these is listed alone, so that there is an end. Raises `OutputUnwritable`.
    """
    files = [file for file in attached_to(desk) if file.file is not None]
    if not files or job.options.attachments is not Attachments.CONVERT:
        return
    root = attached_root(job.source, state)
    if not place.is_relative_to(output):  # it was another one when the result was published
        output = place.parent
    try:
        sources = [*_moved(files, desk, root, place.relative_to(output) / ATTACHMENTS)]
        (root / _OUTPUT).write_bytes(os.fsencode(output))
        for folder in (root, root.parent):
            fsync_path(folder)
    except OSError as error:
        shown = display_name(root)
        raise unwritable(error, shown) or OutputUnwritable(f"Cannot write to {shown}: {error.strerror}.") from error
    options = job.options.model_copy(update={"attachments": Attachments.LIST, "pages": None})
    submissions = [Submission(source, options, job.priority, job.client, job.profile) for source in sources]
    for added, is_new in queue.add(submissions):
        if is_new:
            queue.supersede(added)


def attached_root(source: Source, state: Path) -> Path:
    """The folder that the files attached to a source are converted from, absolute."""
    return state.absolute() / ATTACHMENTS / origin_of(source.root, source.path)


def output_of_attached(source: Source, state: Path) -> Path | None:
    """The output that the result of an attached file belongs in; None if the source is none."""
    if not is_attached(source, state):
        return None
    try:
        return Path(os.fsdecode((Path(os.fsdecode(source.root)) / _OUTPUT).read_bytes()))
    except OSError:
        return None


def is_attached(source: Source, state: Path) -> bool:
    """Whether a source was attached to another one."""
    return Path(os.fsdecode(source.root)).parent == state / ATTACHMENTS


def sweep_attached(state: Path, jobs: Iterable[Job]) -> None:
    """Delete what no job on the list is about."""
    needed = {job.source.root for job in jobs}
    folders = state / ATTACHMENTS
    for root in folders.iterdir() if folders.is_dir() else ():
        if os.fsencode(root) not in needed:
            shutil.rmtree(root, ignore_errors=True)


def _stored(name: str, taken: set[str]) -> str:
    """A name that is only a name, whose stem is that of no other."""
    path = PurePosixPath(name.replace("\\", "/").rpartition("/")[2])
    stem = safe_name(path.stem).encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
    suffix = safe_name(path.suffix.removeprefix("."))[:_MAX_SUFFIX] if path.suffix else ""
    free = next(each for each in numbered(stem) if each.casefold() not in taken)
    taken.add(free.casefold())
    return f"{free}.{suffix}" if suffix else free


def _moved(files: Iterable[Attached], desk: Path, root: Path, below: Path) -> Iterator[Source]:
    """The sources that they are from now on; some may have been moved by an engine that has died then."""
    folder = root / below
    make_folder(folder)
    for file in files:
        place = folder / file.stored
        _move(desk, f"{ATTACHED}/{file.file}", place)
        if os.path.lexists(place) and stat.S_ISREG((status := place.lstat()).st_mode):
            fsync_path(place)
            yield Source.of(place, root, status)
    fsync_path(folder)


def _move(desk: Path, name: str, place: Path) -> None:
    """Give a file on the desk its place, if it is there; where a link leads to, nothing is."""
    with Tree(desk) as tree:
        try:
            folder, own = tree.folder_of(os.fsencode(name))
            os.replace(own, place, src_dir_fd=folder)
        except OSError as error:
            if error.errno not in GONE:
                raise
