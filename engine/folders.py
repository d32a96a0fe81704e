"""The folders an engine works with: how they must lie, the lock on the state folder, the log, and room on the disk."""

import fcntl
import logging
import os
import shutil
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.display import display_name
from engine.errors import EngineLocked, SettingsError, unwritable
from engine.filesystem import make_folder
from engine.rules import OnSuccess
from engine.settings import STATE_NAME, Settings

_LOG_BYTES = 2 << 20
_LOG_FILES = 3


def make_folders(settings: Settings, *, watch: bool) -> None:
    """Make the folders that are missing; raises `OutputUnwritable` or `SettingsError`."""
    try:
        make_folder(settings.state_folder, mode=0o700)
        make_folder(settings.output)
        if watch:
            settings.input.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        folder = display_name(error.filename or settings.output)
        raise unwritable(error, folder) or SettingsError(f"{folder}: cannot be made: {error.strerror}.") from error


def check_folders(settings: Settings, *, watch: bool) -> None:
    """Raise `SettingsError` if a folder is inside another one it must not be inside."""
    folder, output, state = (p.resolve() for p in (settings.input, settings.output, settings.state_folder))
    if not watch:
        return
    if output == folder or output.is_relative_to(folder):
        raise SettingsError(
            f"The output folder {display_name(output)} is inside the input folder {display_name(folder)}: "
            "results would be taken for new input. Choose folders that are apart."
        )
    if folder.is_relative_to(output):
        raise SettingsError(
            f"The input folder {display_name(folder)} is inside the output folder {display_name(output)}: "
            "results could replace sources. Choose folders that are apart."
        )
    archive = settings.archive_folder.resolve()
    if settings.on_success is OnSuccess.ARCHIVE and archive.is_relative_to(folder):
        raise SettingsError(
            f"The archive folder {display_name(archive)} is inside the input folder {display_name(folder)}: "
            "archived files would be taken for new input. Choose folders that are apart."
        )
    if state.is_relative_to(folder):
        raise SettingsError(
            f"The state folder {display_name(state)} is inside the input folder {display_name(folder)}."
        )


def lock_state(state: Path) -> int:
    """Hold the state folder for as long as the descriptor is open, however the process ends."""
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise EngineLocked(
            f"Another hotfolio (process {holder or 'unknown'}) is working with {display_name(state)}. "
            "`hotfolio` joins it, `hotfolio stop` stops it; or choose another --state folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def jobs_folder(state: Path) -> Path:
    """Where unfinished jobs have a folder each, named by their ids."""
    return state / "jobs"


def logs_folder(state: Path) -> Path:
    """Where the logs of finished jobs are, named by their ids."""
    return state / "logs"


def disk_problem(settings: Settings) -> str | None:
    """Why results cannot be written right now, as a sentence."""
    for folder in (settings.output, settings.state_folder):
        probe = folder / STATE_NAME if folder == settings.output else folder
        probe = (probe if probe.is_dir() else folder) / f".probe-{os.getpid()}"
        try:
            free = shutil.disk_usage(folder).free
            if free < settings.min_free:
                return (
                    f"The disk of {display_name(folder)} is full: {free >> 20} MB are left, "
                    f"{settings.min_free >> 20} MB are needed (min_free). Work goes on by itself once there is room."
                )
            probe.write_bytes(b"\0" * 4096)
            probe.unlink()
        except OSError as error:
            return (
                f"Cannot write to {display_name(folder)}: {(error.strerror or str(error)).lower()}. "
                "Work goes on by itself once that is over."
            )
    return None


def start_logging(state: Path) -> logging.Handler:
    """Write the engine's log to the state folder, in four files of 2 MB at most; returns what to stop it with."""
    handler = RotatingFileHandler(state / "hotfolio.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s"))
    logger = logging.getLogger("engine")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return handler


def stop_logging(handler: logging.Handler) -> None:
    """End `start_logging`."""
    logging.getLogger("engine").removeHandler(handler)
    handler.close()
