"""Settings: defaults < hotfolio.toml < environment < command line."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from engine.display import display_name
from engine.errors import SettingsError
from engine.filesystem import is_network
from engine.options import ConvertOptions, Format, OcrMode, RefineStep, Structure

CONFIG_NAME = "hotfolio.toml"
ENV_PREFIX = "HOTFOLIO_"
STATE_NAME = ".hotfolio"
_CONFIG_VARIABLE = "HOTFOLIO_CONFIG"
MAX_WORKERS = 256
COMMAND_LINE = "command line"
"""The origin of a setting that was given there."""
_PLAIN_VARIABLES = ("NUM_WORKERS", "API_HOST", "API_PORT")
"""Variables that count without the prefix too."""

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]


class OnSuccess(StrEnum):
    """What happens to a source once its result is safely published."""

    KEEP = "keep"
    ARCHIVE = "archive"
    DELETE = "delete"


class Duplicates(StrEnum):
    """What happens to a file with the content of one that is already converted."""

    CONVERT = "convert"
    SKIP = "skip"


class OnHangup(StrEnum):
    """What becomes of an engine that a dashboard has started when that dashboard's terminal is gone."""

    STOP = "stop"
    BACKGROUND = "background"


class Polling(StrEnum):
    """Whether the input folder is polled instead of watched."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _split(value: Any) -> Any:
    """`md,txt` from the environment or the command line."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _worker_count(value: Any) -> Any:
    """`auto` or a number, with one message for everything else."""
    if value == "auto":
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WORKERS:
        return value
    raise ValueError(f"give 'auto' or a number from 1 to {MAX_WORKERS}")


def _some(formats: tuple[Format, ...]) -> tuple[Format, ...]:
    if not formats:
        raise ValueError(f"name at least one of {', '.join(Format)}")
    return formats


class Settings(BaseSettings):
    """Everything that can be set. Durations are seconds, sizes bytes (or a string such as `2GiB`)."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True, validate_default=False)

    input: Path = Path("input")
    """The hot folder: PDFs dropped here, or in folders below it, are converted."""
    output: Path = Path("output")
    """Where results appear, in folders that mirror the input."""
    state: Path | None = None
    """Queue, checkpoints and logs; `.hotfolio` in the output folder unless set."""
    num_workers: Annotated[Literal["auto"] | int, BeforeValidator(_worker_count)] = 4
    """Conversions at once, each in a process of its own; `auto` means one for each usable core."""

    formats: Annotated[tuple[Format, ...], NoDecode, BeforeValidator(_split), AfterValidator(_some)] = (Format.MD,)
    """What to make of each document."""
    ocr: OcrMode = OcrMode.AUTO
    """When a page is read by optical character recognition."""
    images: bool = True
    """Keep pictures as files linked from the Markdown."""
    dpi: Annotated[int, Field(ge=18, le=1200)] = 150
    """Resolution of page images and kept pictures."""
    max_pixels: Annotated[int, Field(ge=10_000, le=1_000_000_000)] = 100_000_000
    """Pixels of one page image at most."""
    page_header: bool = False
    """Keep running headers in Markdown and text."""
    page_footer: bool = False
    """Keep running footers in Markdown and text."""
    refine: bool = True
    """Mend what the library's Markdown gets wrong."""
    structure: Structure = Structure.AUTO
    """Whether pages are read by the tags in the PDF or by the layout model."""
    skip_steps: Annotated[tuple[RefineStep, ...], NoDecode, BeforeValidator(_split)] = ()
    """Steps of refinement to leave out, by their names in docs/markdown.md."""

    page_timeout: Seconds = 60
    """A page that takes longer is redone as plain text."""
    ocr_timeout: Seconds = 300
    """The same for a page that is read by OCR."""
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
    on_success: OnSuccess = OnSuccess.KEEP
    """What happens to a source once its result is safely published."""
    archive: Path | None = None
    """Where `on_success = "archive"` moves sources; `archive` beside the input folder unless set."""
    duplicates: Duplicates = Duplicates.CONVERT
    """What happens to a file whose content has already been converted with the same options."""
    min_free: ByteSize = ByteSize(100 << 20)
    """Work pauses while the output's disk has less free space."""

    api_host: str = "127.0.0.1"
    """Where `hotfolio serve` listens on TCP."""
    api_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """The port it listens on; 0 takes one that is free."""
    api_names: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = ()
    """Names by which it may be called over TCP, besides `localhost` and addresses in figures."""
    max_upload: ByteSize = ByteSize(2 << 30)
    """A file sent over HTTP may be so big."""
    max_queue: Annotated[int, Field(ge=1)] = 100_000
    """Over HTTP, nothing more is taken in while so many jobs wait."""
    docling_wait: Seconds = 120
    """How long a call in docling-serve's way that waits for its result may wait."""
    max_submissions: Annotated[float, Field(gt=0)] = 500
    """Submissions over HTTP by one client in a second."""
    max_running_per_client: Annotated[int, Field(ge=1)] | None = None
    """Documents of one client that run at once."""
    max_running_per_folder: Annotated[int, Field(ge=1)] | None = None
    """Documents of one hot folder that run at once."""

    keys: dict[str, str] = Field(default_factory=dict)
    """Keys of the dashboard by the id of the binding, as its help shows it: `"job.cancel" = "x,delete"`."""
    theme: str | None = None
    """The dashboard's colours; what was chosen last unless set."""
    mouse: bool = True
    """Whether the dashboard takes the mouse; off, the terminal's own selection works."""
    on_hangup: OnHangup = OnHangup.STOP
    """Whether the dashboard's own engine stops in order when the terminal is gone, or goes on in the background."""
    refresh_rate: Annotated[float, Field(ge=0.5, le=15)] = 4
    """How often a second the dashboard looks for changes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` has gathered, and nothing else, so that every value's origin is known."""
        return (init_settings,)

    @property
    def convert_options(self) -> ConvertOptions:
        """The part that travels with a job."""
        return ConvertOptions.model_validate({name: getattr(self, name) for name in ConvertOptions.model_fields})

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


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and for each that is not a default where it came from."""

    settings: Settings
    origins: Mapping[str, str]
    """Setting name to file, variable or `command line`."""


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_settings(overrides: Mapping[str, Any] | None = None, config: Path | None = None) -> LoadedSettings:
    """Gather the settings; `overrides` come from the command line.

    The file is `config`, else the one `HOTFOLIO_CONFIG` names, else `hotfolio.toml` in the working directory, else the
    one in the user's configuration folder. Raises `SettingsError`.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}

    def add(found: Mapping[str, Any], origin: str | Mapping[str, str]) -> None:
        for key, value in found.items():
            values[key] = value
            origins[key] = origin if isinstance(origin, str) else origin[key]

    file = _config_file(config)
    if file is not None:
        add(_read_toml(file), display_name(file))
    _reject_unknown_variables()
    environment = EnvSettingsSource(Settings)()
    variables = {key: f"{ENV_PREFIX}{key.upper()}" for key in environment}
    for variable in _PLAIN_VARIABLES:
        if variable in os.environ and f"{ENV_PREFIX}{variable}" not in os.environ:
            environment[variable.lower()] = os.environ[variable]
            variables[variable.lower()] = variable
    add(environment, variables)
    add({key: value for key, value in (overrides or {}).items() if value is not None}, COMMAND_LINE)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_sentence(error, origins)) from None
    return LoadedSettings(settings, origins)


def _config_file(named: Path | None) -> Path | None:
    if named is None and (variable := os.environ.get(_CONFIG_VARIABLE)):
        named = Path(variable)
    if named is not None:
        if not named.is_file():
            raise SettingsError(f"{named}: there is no such settings file.")
        return named
    for candidate in (Path(CONFIG_NAME), platformdirs.user_config_path("hotfolio") / CONFIG_NAME):
        if candidate.is_file():
            return candidate
    return None


def _read_toml(file: Path) -> dict[str, Any]:
    """The file's values; paths in it count from its own folder."""
    try:
        found = TomlConfigSettingsSource(Settings, toml_file=file).toml_data
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: not valid TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}.") from None
    for key in ("input", "output", "state", "archive"):
        if isinstance(found.get(key), str):
            found[key] = file.absolute().parent / found[key]
    return found


def _reject_unknown_variables() -> None:
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields} | {_CONFIG_VARIABLE}
    for variable in os.environ:
        if variable.upper().startswith(ENV_PREFIX) and variable.upper() not in known:
            raise SettingsError(f"{variable}: there is no such setting.{_did_you_mean(variable.upper(), known)}")


def _sentence(error: ValidationError, origins: Mapping[str, str]) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else "settings"
    origin = origins.get(key, origins.get(key.removeprefix(ENV_PREFIX).lower(), "settings"))
    if first["type"] == "extra_forbidden":
        return f"{origin}: {key}: there is no such setting.{_did_you_mean(key, Settings.model_fields)}"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{origin}: {key}: {message[:1].lower()}{message[1:]} (got {first['input']!r})."


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]}?" if close else ""
