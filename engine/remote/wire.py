"""How the façade travels between processes: JSON of the types it is declared with, checked on both ends.

Paths, and whatever else is bytes, are base64, since a file name need not be text. This is spoken between parts of one
version of hotfolio, over a socket that only its owner can open; for other programs there is the HTTP API.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from engine.base import errors
from engine.base.errors import HotfolioError
from engine.job.options import ConvertOptions
from engine.job.snapshot import PageMap, Snapshot
from engine.remote.contract import EngineLike
from engine.settings.settings import Settings

CALLS = (
    "cancel",
    "change_priority",
    "detail",
    "drain",
    "hold",
    "job",
    "move",
    "pause",
    "peek",
    "preview",
    "release",
    "remove",
    "restore",
    "resume",
    "retry",
    "select",
    "set_priority",
    "set_workers",
    "snapshot",
    "submit_many",
    "unlock",
)
"""The façade's methods that can be called from another process."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """Who answers on the socket."""

    version: str
    """Of hotfolio; both ends must have the same."""
    pid: int
    outlives: bool
    """Whether the engine goes on when the dashboard that talks to it ends."""
    settings: Settings
    """In force, with absolute paths."""
    origins: dict[str, str]
    """Where settings come from that are not defaults."""
    settings_revision: int
    """Grows when the settings change."""


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """Asks for what has changed."""

    life: str
    """The `Update.life` that the version is of; an empty one, or another engine's, asks for everything."""
    since: int
    rest: str
    """`Update.rest` of the last update; while all is as it was then, the answer waits."""
    wait_s: float
    """For so long at most."""


@dataclass(frozen=True, slots=True)
class Update:
    """What has changed since an earlier update, and all that is not about single jobs."""

    life: str
    """Which run of the engine this is: versions of another mean nothing."""
    since: int
    """The version that the changes count from; 0 if these are all the jobs there are."""
    snapshot: Snapshot
    page_maps: dict[int, PageMap]
    """Of all running jobs."""
    discovered: int
    unsettled: int
    is_scanning: bool
    is_user_paused: bool
    settings_revision: int
    """Differs from that of the greeting if the settings have changed since."""
    rest: str
    """Stands for everything here but the jobs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call failed."""

    error: str
    """The class of `engine.base.errors`."""
    message: str

    @classmethod
    def of(cls, error: HotfolioError) -> "Refusal":
        """What stands for an error."""
        return cls(type(error).__name__, str(error))

    def exception(self) -> HotfolioError:
        """The error it stands for."""
        kind = getattr(errors, self.error, HotfolioError)
        if not (isinstance(kind, type) and issubclass(kind, HotfolioError)):
            kind = HotfolioError
        return kind(self.message)


def encode(value: object) -> bytes:
    """Any value of the façade's types as JSON."""
    return _encoder.encode(value)


def decode(data: bytes, kind: Any) -> Any:
    """The value of a type that JSON stands for; raises `msgspec.MsgspecError` if it does not."""
    return _decoder(kind).decode(data)


def decode_arguments(call: str, data: bytes) -> Mapping[str, Any]:
    """The arguments of one of `CALLS`; raises `msgspec.MsgspecError` if they do not fit."""
    arguments = decode(data, _arguments(call))
    return {name: getattr(arguments, name) for name in arguments.__struct_fields__}


def decode_result(call: str, data: bytes) -> Any:
    """What one of `CALLS` has returned; raises `msgspec.MsgspecError` if it is not that."""
    return decode(data, _hints(call)["return"])


def _to_plain(value: object) -> object:
    match value:
        case Path():
            return os.fsencode(value)
        case ConvertOptions():
            return value.model_dump_json()
        case Settings():
            # Names that are no text are lone surrogates here, which the standard library escapes.
            return json.dumps(value.model_dump(), default=os.fspath)
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _from_plain(kind: type, value: Any) -> object:
    if kind is Path:
        return Path(os.fsdecode(base64.b64decode(value)))
    if kind is ConvertOptions:
        return _options(value)
    if kind is Settings:
        return Settings(**json.loads(value))
    raise NotImplementedError(f"{kind.__name__} does not travel")


@cache
def _options(text: str) -> ConvertOptions:
    """Parsed once for each distinct text: ten thousand jobs share a handful."""
    return ConvertOptions.model_validate_json(text)


_encoder = msgspec.json.Encoder(enc_hook=_to_plain)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_from_plain)


@cache
def _hints(call: str) -> dict[str, Any]:
    if call not in CALLS:
        raise HotfolioError(f"There is no call {call!r}.")
    return get_type_hints(getattr(EngineLike, call))


@cache
def _arguments(call: str) -> type[msgspec.Struct]:
    """The arguments as a type, from the declaration in `EngineLike`; all are sent, so none has a default."""
    fields = [(name, kind) for name, kind in _hints(call).items() if name != "return"]
    return msgspec.defstruct(f"{call}_arguments", fields, forbid_unknown_fields=True)
