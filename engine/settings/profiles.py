"""Rules: profiles, which are options by a name, and hot folders, each with what holds for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.job.job import MAX_PRIORITY
from engine.job.options import AbsolutePath, ConvertOptions, require, split

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
ProfileName = Annotated[str, Field(pattern=r"^[\w-]{1,40}$")]
Patterns = Annotated[tuple[str, ...], BeforeValidator(split)]
"""Shell patterns of file names, or of paths below the hot folder where they have a slash in them."""


SECRET_VALUES = frozenset({"webhook", "vlm_url"})
"""Settings whose values are never shown: a URL may have a secret in it."""


class OnSuccess(StrEnum):
    """What happens to a source once its result is safely published."""

    KEEP = "keep"
    ARCHIVE = "archive"
    DELETE = "delete"


class Polling(StrEnum):
    """Whether a hot folder is polled instead of watched."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Profile(BaseModel):
    """Options for some documents: what is not said is as the settings have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    options: Mapping[str, Any] = Field(default_factory=dict)
    """Those of `ConvertOptions` that are said, as JSON; in the settings file they stand beside the other keys."""
    priority: Annotated[int, Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)] = 0
    """Of its documents; higher runs first."""
    max_running: Annotated[int, Field(ge=1)] | None = None
    """So many of its documents run at once."""

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, data: Any) -> Any:
        """Take the options, which stand beside the other keys, together."""
        if not isinstance(data, dict) or "options" in data:
            return data
        options = {name: value for name, value in data.items() if name in ConvertOptions.model_fields}
        return {name: value for name, value in data.items() if name not in options} | {"options": options}

    @field_validator("options", mode="after")
    @classmethod
    def _are_options(cls, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Each by itself; whether they go together shows when they are applied."""
        try:
            checked = ConvertOptions.model_validate({"chunk_overlap": 0, **options})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(map(str, first["loc"][:1])) or "options"
            message = first["msg"].removeprefix("Value error, ")
            # Without a name it is all of them together, the secret ones too.
            got = f" (got {first['input']!r})" if first["loc"] and name not in SECRET_VALUES else ""
            raise ValueError(f"{name}: {message[:1].lower()}{message[1:]}{got}") from None
        require({name: getattr(checked, name) for name in options})
        return {name: checked.model_dump(mode="json")[name] for name in options}

    def applied_to(self, base: ConvertOptions) -> ConvertOptions:
        """The options of a document of this profile; raises `ValidationError` if they do not go together."""
        return ConvertOptions.model_validate({**base.model_dump(), **self.options})


class FolderSettings(BaseModel):
    """A hot folder as the settings file has it: what is not said is as the settings have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: AbsolutePath
    """The folder; PDFs dropped here, or in folders below it, are converted."""
    output: AbsolutePath | None = None
    """Where its results appear."""
    profile: str | None = None
    """By which its documents are converted."""
    on_success: OnSuccess | None = None
    """What happens to a source once its result is safely published."""
    archive: AbsolutePath | None = None
    """Where `archive` moves sources; `archive` beside the folder unless set."""
    settle: Annotated[float, Field(ge=0, le=3600)] | None = None
    """How long a file with an intact end must be unchanged."""
    settle_damaged: Annotated[float, Field(ge=0, le=3600)] | None = None
    """The same for a file without one."""
    poll: Polling | None = None
    """Poll the folder instead of watching it."""
    poll_interval: Seconds | None = None
    """How often it is then read."""
    ignore: Patterns | None = None
    """Shell patterns of what is left alone in it."""


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A hot folder, with everything that holds for it."""

    path: Path
    """Absolute, as all paths here."""
    output: Path
    options: ConvertOptions
    profile: str
    """Empty if the settings' own options hold."""
    priority: int
    on_success: OnSuccess
    archive: Path
    settle: float
    settle_damaged: float
    poll: Polling
    poll_interval: float
    scan_interval: float
    ignore: tuple[str, ...]
