"""The folders an engine works with: how they must lie, the log, and room on the disk."""

import contextlib
import logging
import os
import shutil
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from engine.base.disk import make_folder
from engine.base.errors import SettingsError, unwritable
from engine.base.safetext import display_name
from engine.settings.profiles import OnSuccess
from engine.settings.settings import STATE_NAME, Settings

_LOG_BYTES = 2 << 20
_LOG_FILES = 3


def make_folders(settings: Settings, *, watch: bool) -> None:
    """Make the folders that are missing; raises `OutputUnwritable` or `SettingsError`."""
    try:
        make_folder(settings.state_folder, mode=0o700)
        make_folder(settings.output)
        if watch:
            for folder in settings.hot_folders:
                folder.output.mkdir(parents=True, exist_ok=True)
                folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = display_name(error.filename or settings.output)
        raise unwritable(error, place) or SettingsError(f"{place}: cannot be made: {error.strerror}.") from error


def check_folders(settings: Settings, *, watch: bool) -> None:
    """Raise `SettingsError` if a folder is inside another one it must not be inside."""
    if not watch:
        return
    state = settings.state_folder.resolve()
    inputs = [folder.path.resolve() for folder in settings.hot_folders]
    for number, folder in enumerate(inputs):
        shown = display_name(folder)
        for other in (*inputs[:number], *inputs[number + 1 :]):
            if folder.is_relative_to(other):
                raise SettingsError(
                    f"The hot folder {shown} is inside the hot folder {display_name(other)}: "
                    "its files would be converted twice. Choose folders that are apart."
                )
        for output in (place.resolve() for place in settings.outputs):
            if output == folder or output.is_relative_to(folder):
                raise SettingsError(
                    f"The output folder {display_name(output)} is inside the input folder {shown}: "
                    "results would be taken for new input. Choose folders that are apart."
                )
            if folder.is_relative_to(output):
                raise SettingsError(
                    f"The input folder {shown} is inside the output folder {display_name(output)}: "
                    "results could replace sources. Choose folders that are apart."
                )
        for rule in settings.hot_folders:
            archive = rule.archive.resolve()
            if rule.on_success is OnSuccess.ARCHIVE and archive.is_relative_to(folder):
                raise SettingsError(
                    f"The archive folder {display_name(archive)} is inside the input folder {shown}: "
                    "archived files would be taken for new input. Choose folders that are apart."
                )
        if state.is_relative_to(folder):
            raise SettingsError(f"The state folder {display_name(state)} is inside the input folder {shown}.")


def jobs_folder(state: Path) -> Path:
    """Where unfinished jobs have a folder each, named by their ids."""
    return state / "jobs"


def logs_folder(state: Path) -> Path:
    """Where the logs of finished jobs are, named by their ids."""
    return state / "logs"


def disk_problem(settings: Settings) -> str | None:
    """Why nothing can be written right now, as a sentence; where one hot folder's results go is its jobs' business."""
    for folder in (settings.output, settings.state_folder):
        probe = folder if folder == settings.state_folder else folder / STATE_NAME
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


class _Log(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as its parent has it
        """What a full disk does not take is left out: a banner says that it is full, and a traceback helps nobody."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)

    def close(self) -> None:
        """What is left over from a full disk is left out too, so that an engine can stop on it."""
        with contextlib.suppress(OSError):
            super().close()


def start_logging(state: Path) -> logging.Handler:
    """Write the engine's log to the state folder, in four files of 2 MB at most; returns what to stop it with."""
    handler = _Log(state / "hotfolio.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8")
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
