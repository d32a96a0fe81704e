"""LocalDesk: a job's private folder where the engine and what converts have the same disk. Nothing is copied."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.base.errors import DeskLost, OutputUnwritable, unwritable
from engine.base.safetext import display_name
from engine.job.job import Checkpoint
from engine.sandbox.protocol import OUT, PAGES, SOURCE


@dataclass(frozen=True, slots=True)
class LocalDesk:
    """See `Desk`."""

    name: str
    path: Path

    def put_source(self, file: Path) -> None:
        """See `Desk.put_source`: a file from elsewhere is linked to."""
        own = self.path / SOURCE
        if file == own:
            return
        try:
            self.path.parent.mkdir(exist_ok=True)
            self.path.mkdir(exist_ok=True)
            own.unlink(missing_ok=True)
            own.symlink_to(file.absolute())
        except OSError as error:
            where = display_name(self.path)
            raise unwritable(error, where) or OutputUnwritable(f"Cannot write to {where}: {error}.") from error

    def fetch_pages(self, checkpoint: Checkpoint) -> None:
        """See `Desk.fetch_pages`."""
        if not (self.path / PAGES / checkpoint.file).is_file():
            raise DeskLost(f"The file with pages {checkpoint.first} to {checkpoint.last} is not there.")

    def fetch_out(self) -> None:
        """See `Desk.fetch_out`."""
        if not (self.path / OUT).is_dir():
            raise DeskLost("The folder with what was made of the document is not there.")

    def discard(self) -> None:
        """See `Desk.discard`."""
        shutil.rmtree(self.path, ignore_errors=True)
