"""Settings: everything that can be set, and what follows from it."""

import difflib
import json
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from engine.base.disk import is_network
from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.job.job import Source
from engine.job.limits import RunningLimits
from engine.job.options import OFFICE, VLM_KEY, ConvertOptions, require, split
from engine.settings.profiles import (
    FolderSettings,
    OnSuccess,
    Patterns,
    Polling,
    Profile,
    ProfileName,
    Seconds,
    WatchedFolder,
)
from engine.settings.servicesettings import ServiceSettings

ENV_PREFIX = "HOTFOLIO_"
STATE_NAME = ".hotfolio"
CONFIG_VARIABLE = "HOTFOLIO_CONFIG"
"""The variable that names the settings file."""
JOB_PREFIX = "HOTFOLIO_JOB_"
"""Begins the variables by which a command is told of a job; no setting begins so."""
WEBHOOK_SECRET = "HOTFOLIO_WEBHOOK_SECRET"
"""The variable with what webhooks are signed with."""
WEBHOOK_VARIABLES = frozenset({WEBHOOK_SECRET, f"{ENV_PREFIX}WEBHOOK"})
"""Variables that no conversion process gets; a webhook's URL may have a secret in it."""
SECRETS = WEBHOOK_VARIABLES | {VLM_KEY}
"""Variables that no command of the user's gets, in capitals; settings are taken from small letters too."""
MAX_WORKERS = 256


class Duplicates(StrEnum):
    """What happens to a file with the content of one that is already converted."""

    CONVERT = "convert"
    SKIP = "skip"


class Notify(StrEnum):
    """How the dashboard has the terminal show a desktop notification."""

    OFF = "off"
    OSC9 = "osc9"
    """As iTerm2, WezTerm, kitty and Ghostty know it."""
    OSC777 = "osc777"
    """As rxvt-unicode, foot, WezTerm and Ghostty know it."""


class PictureCells(StrEnum):
    """Into how many parts a cell is divided for the picture of a page."""

    AUTO = "auto"
    """As many as the terminal is known to show."""
    HALVES = "halves"
    QUADRANTS = "quadrants"
    SEXTANTS = "sextants"
    """Unicode 13; drawn by terminals themselves for the most part."""


class OnHangup(StrEnum):
    """What becomes of an engine that a dashboard has started when that dashboard's terminal is gone."""

    STOP = "stop"
    BACKGROUND = "background"


def _worker_count(value: Any) -> Any:
    """`auto` or a number, with one message for everything else."""
    if value == "auto":
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WORKERS:
        return value
    raise ValueError(f"give 'auto' or a number from 1 to {MAX_WORKERS}")


def _command(value: Any) -> Any:
    """A program and its arguments; in the environment, a list as JSON."""
    if isinstance(value, str):
        try:
            found = json.loads(value) if value.strip() else []
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise ValueError(
                'give a list, the program and its arguments, as in ["notify-send", "done"]; there is no shell'
            )
        value = found
    if isinstance(value, list | tuple) and value:
        if not all(isinstance(part, str) and "\0" not in part for part in value):
            raise ValueError("each argument must be text")
        if not value[0].strip():
            raise ValueError("the first in the list must be a program")
    return value


def _table(value: Any) -> Any:
    """A table; in the environment, as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('give a table as JSON, as in {"job.cancel": "x"}') from None


Command = Annotated[tuple[str, ...], BeforeValidator(_command)]


class Settings(ServiceSettings, ConvertOptions):
    """Everything that can be set. Durations are seconds, sizes bytes (or a string such as `2GiB`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Path = Path("input")
    """The hot folder: PDFs dropped here, or in folders below it, are converted."""
    output: Path = Path("output")
    """Where results appear, in folders that mirror the input."""
    state: Path | None = None
    """Queue, checkpoints and logs; `.hotfolio` in the output folder unless set."""
    num_workers: Annotated[Literal["auto"] | int, BeforeValidator(_worker_count)] = 4
    """Conversions at once, each in a process of its own; `auto` means one for each usable core."""
    backend: str = "local"
    """What converts documents: this machine's processes, `cluster`, or another backend that is installed, by name."""

    profiles: dict[ProfileName, Profile] = Field(default_factory=dict)
    """Options by a name, for folders and single documents."""
    folders: tuple[FolderSettings, ...] = ()
    """Hot folders besides `input`; one with its path says what holds for `input` itself."""

    page_timeout: Seconds = 60
    """A page that takes longer is redone as plain text."""
    ocr_timeout: Seconds = 300
    """The same for a page that is read by OCR."""
    open_timeout: Seconds = 60
    """A document that takes longer to open, without a sign of life, fails."""
    document_timeout: Annotated[float, Field(ge=0, le=7 * 86_400)] = 7200
    """What is not converted of a document after so much work has failed; 0 for any time."""
    memory_limit: ByteSize = ByteSize(2 << 30)
    """A conversion process that grows past this is stopped."""
    recycle_pages: Annotated[int, Field(ge=1)] = 500
    """A conversion process is replaced after so many pages."""
    recycle_memory: ByteSize = ByteSize(1 << 30)
    """A conversion process is replaced, between two batches, when it has grown past this."""
    batch_seconds: Annotated[float, Field(gt=0, le=60)] = 1.5
    """How much work a page batch should be."""
    aging: Seconds = 900
    """A job that has waited so long for others of higher priority gets one worker."""
    vlm_concurrency: Annotated[int, Field(ge=1, le=1000)] = 20
    """So many pages are with the vision model at once, all documents together."""

    settle: Annotated[float, Field(ge=0, le=3600)] = 2.0
    """How long a file with an intact end must be unchanged before it is queued."""
    settle_damaged: Annotated[float, Field(ge=0, le=3600)] = 5.0
    """The same for a file without one."""
    scan_interval: Seconds = 30
    """How often the input folder is read in full, whatever the watcher reported."""
    poll: Polling = Polling.AUTO
    """Poll the input folder instead of watching it; `auto` does so on network mounts."""
    poll_interval: Seconds = 5
    """How often a polled folder is read."""
    ignore: Patterns = ()
    """Shell patterns of what is left alone in hot folders, besides what always is."""
    passwords_file: Path | None = None
    """Passwords to try on encrypted PDFs, one a line; nobody but its owner may be able to read it."""
    on_success: OnSuccess = OnSuccess.KEEP
    """What happens to a source once its result is safely published."""
    archive: Path | None = None
    """Where `on_success = "archive"` moves sources; `archive` beside the input folder unless set."""
    duplicates: Duplicates = Duplicates.CONVERT
    """What happens to a file whose content has already been converted with the same options."""
    min_free: ByteSize = ByteSize(100 << 20)
    """Work pauses while the output's disk has less free space."""

    on_done: Command = ()
    """A command to run for each document that is converted: a program and its arguments, no shell."""
    on_failed: Command = ()
    """The same for one that failed."""
    command_timeout: Seconds = 60
    """Such a command is ended when it takes longer."""
    webhook: str | None = None
    """A URL that hears of every document that ends, by POST."""
    webhook_hosts: Annotated[tuple[str, ...], BeforeValidator(split)] = ()
    """Hosts that may be called without TLS."""

    keys: Annotated[dict[str, str], BeforeValidator(_table)] = Field(default_factory=dict)
    """Keys of the dashboard by the id of the binding, as its help shows it: `"job.cancel" = "x,delete"`."""
    theme: str | None = None
    """The dashboard's colours; what was chosen last unless set."""
    mouse: bool = True
    """Whether the dashboard takes the mouse; off, the terminal's own selection works."""
    bell: bool = False
    """Ring the terminal's bell when the queue is done, or a document has failed."""
    notify: Notify = Notify.OFF
    """Have the terminal show that on the desktop."""
    picture_cells: PictureCells = PictureCells.AUTO
    """How fine the picture of a page is, where it is made of cells."""
    on_hangup: OnHangup = OnHangup.STOP
    """Whether the dashboard's own engine stops in order when the terminal is gone, or goes on in the background."""
    refresh_rate: Annotated[float, Field(ge=0.5, le=15)] = 4
    """How often a second the dashboard looks for changes."""

    @field_validator("formats", "reader", "ocr_engine")
    @classmethod
    def _is_there(cls, value: Any, info: ValidationInfo) -> Any:
        require({info.field_name or "": value})
        return value

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        for name, profile in self.profiles.items():
            try:
                profile.applied_to(self.convert_options)
            except ValidationError as error:
                message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
                raise ValueError(f"profiles.{name}: {message}") from None
        named = {kind for options in self.all_options for kind in options.accept} | set(self.doors_accept)
        if not self.office and (needing := sorted(named & OFFICE)):
            raise ValueError(f"accept: {needing[0]} needs LibreOffice, which is used with office = true alone")
        seen: set[Path] = set()
        for folder in self.folders:
            if folder.profile is not None and folder.profile not in self.profiles:
                hint = did_you_mean(folder.profile, self.profiles)
                raise ValueError(f"folders: there is no profile {display_name(folder.profile)}.{hint}")
            path = folder.path.absolute()
            if path in seen:
                raise ValueError(f"folders: {display_name(path)} is there twice")
            seen.add(path)
        return self

    @property
    def convert_options(self) -> ConvertOptions:
        """The part that travels with a job."""
        return ConvertOptions.model_validate({name: getattr(self, name) for name in ConvertOptions.model_fields})

    @property
    def all_options(self) -> tuple[ConvertOptions, ...]:
        """The options that documents can have by the settings: of those without a profile, and of each profile."""
        return (self.convert_options, *map(self.options_of, self.profiles))

    def options_of(self, profile: str | None) -> ConvertOptions:
        """The options of a document of a profile, or of one without; raises `SettingsError` if there is none."""
        if not profile:
            return self.convert_options
        return self.profile(profile).applied_to(self.convert_options)

    def profile(self, name: str) -> Profile:
        """A profile by its name; raises `SettingsError` if there is none."""
        if name not in self.profiles:
            hint = did_you_mean(name, self.profiles)
            raise SettingsError(f"There is no profile {display_name(name[:60])}.{hint}")
        return self.profiles[name]

    @property
    def hot_folders(self) -> tuple[WatchedFolder, ...]:
        """All hot folders with what holds for each, `input` first; their paths are absolute."""
        own = {folder.path.absolute(): folder for folder in self.folders}
        main = self.input.absolute()
        return (self._watched(own.pop(main, FolderSettings(path=main))), *map(self._watched, own.values()))

    def folder_of(self, source: Source) -> WatchedFolder | None:
        """The hot folder that a source was found in; None if it was named by hand, or the folder is none any more."""
        return next((folder for folder in self.hot_folders if os.fsencode(folder.path) == source.root), None)

    @property
    def running_limits(self) -> RunningLimits:
        """How many jobs may run at once."""
        of_profiles = {name: profile.max_running for name, profile in self.profiles.items()}
        return RunningLimits(
            self.max_running_per_client,
            self.max_running_per_folder,
            {name: limit for name, limit in of_profiles.items() if limit is not None},
        )

    @property
    def outputs(self) -> tuple[Path, ...]:
        """All output folders, absolute, the main one first."""
        return tuple(dict.fromkeys([self.output.absolute(), *(folder.output for folder in self.hot_folders)]))

    def _watched(self, folder: FolderSettings) -> WatchedFolder:
        path = folder.path.absolute()
        archive = folder.archive or self.archive or path.parent / "archive"

        def said(name: str) -> Any:
            value = getattr(folder, name)
            return getattr(self, name) if value is None else value

        return WatchedFolder(
            path=path,
            output=(folder.output or self.output).absolute(),
            options=self.options_of(folder.profile),
            profile=folder.profile or "",
            priority=self.profiles[folder.profile].priority if folder.profile else 0,
            on_success=said("on_success"),
            archive=archive.absolute(),
            settle=said("settle"),
            settle_damaged=said("settle_damaged"),
            poll=said("poll"),
            poll_interval=said("poll_interval"),
            scan_interval=self.scan_interval,
            ignore=(*self.ignore, *(folder.ignore or ())),
        )

    @field_validator("webhook")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        try:
            parsed = urlsplit(value)
            is_url = parsed.scheme in ("http", "https") and bool(parsed.hostname) and parsed.port != 0
        except ValueError:  # what is no port, or no address
            is_url = False
        if not is_url or not value.isprintable() or " " in value:
            raise ValueError("give a URL that begins with https:// or http://")
        return value

    @model_validator(mode="after")
    def _webhook_is_private(self) -> Self:
        parsed = urlsplit(self.webhook or "")
        named = {host.lower().strip("[]") for host in self.webhook_hosts}
        if parsed.scheme == "http" and not {parsed.hostname, f"{parsed.hostname}:{parsed.port}"} & named:
            host = display_name(parsed.hostname or "")
            raise ValueError(
                f"webhook: what is sent to http://{host} can be read on the way: use https://, "
                f'or say that this host may be called so, by webhook_hosts = ["{host}"]'
            )
        return self

    @property
    def worker_count(self) -> int:
        """`num_workers` as a number."""
        return usable_cores() if self.num_workers == "auto" else self.num_workers

    @property
    def state_folder(self) -> Path:
        """Where the queue lives; not on a network mount unless set so, since SQLite's WAL does not work there."""
        if self.state is not None:
            return self.state
        if is_network(self.output):
            key = str(self.output.absolute()).strip("/").replace("/", "-")
            return platformdirs.user_state_path("hotfolio") / key
        return self.output / STATE_NAME

    @property
    def uploads_folder(self) -> Path:
        """Where documents are that were sent over HTTP and are no part of the hot folder."""
        return self.state_folder / "uploads"

    @property
    def archive_folder(self) -> Path:
        """Where archived sources go."""
        return self.archive or self.input.absolute().parent / "archive"


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence that says that a word is not known, if one that is looks like it."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""
