"""How the façade travels between processes: JSON of the types it is declared with, checked on both ends.

Paths, and whatever else is bytes, are base64, since a file name need not be text. This is spoken between parts of one
version of hotfolio, over a socket that only its owner can open; for other programs there is the HTTP API.
"""

import base64
import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from engine.base import errors
from engine.base.errors import HotfolioError
from engine.job import plugins
from engine.job.options import ConvertOptions
from engine.job.snapshot import PageMap, Snapshot
from engine.remote.contract import ServedEngine, travelling
from engine.settings.settings import Settings


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
    outputs: tuple[Path, ...]
    """The folders that results are in, absolute."""
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
    is_stopping: bool
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


class Call:
    """A method that can be called from another process: how its arguments and its result travel."""

    def __init__(self, method: Callable[..., object], *, catches_up: bool) -> None:
        """`catches_up` tells whether what is known from memory is brought up to date after it."""
        self.name = method.__name__
        self.method = method
        self.catches_up = catches_up

    def encode_arguments(self, *arguments: object, **named: object) -> bytes:
        """Arguments as JSON, those left out with their defaults; raises `TypeError` if they do not fit the method.

        Paths are made absolute, since relative ones are this process's.
        """
        bound = self._signature.bind(None, *arguments, **named)
        bound.apply_defaults()
        _, *names = self._signature.parameters
        return _argument_encoder.encode({name: bound.arguments[name] for name in names})

    def decode_arguments(self, data: bytes) -> dict[str, Any]:
        """The arguments, by their names; raises `msgspec.MsgspecError` if they do not fit."""
        arguments = decode(data, self._arguments)
        return {name: getattr(arguments, name) for name in arguments.__struct_fields__}

    def decode_result(self, data: bytes) -> Any:
        """What the method has returned; raises `msgspec.MsgspecError` if it is not that."""
        return decode(data, self._hints["return"])

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.method)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.method)

    @cached_property
    def _arguments(self) -> type[msgspec.Struct]:
        """The arguments as a type; all are sent, so none has a default."""
        fields = [(name, kind) for name, kind in self._hints.items() if name != "return"]
        return msgspec.defstruct(f"{self.name}_arguments", fields, forbid_unknown_fields=True)


def calls_of(contract: type) -> Mapping[str, Call]:
    """The methods of a contract that travel, by their names."""
    return {name: Call(method, catches_up=catches_up) for name, (method, catches_up) in travelling(contract).items()}


CALLS = calls_of(ServedEngine)
"""What can be called of every engine."""


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
        with plugins.on_trust():  # of the engine's: a dashboard has no need of what converts
            return Settings(**json.loads(value))
    raise NotImplementedError(f"{kind.__name__} does not travel")


@cache
def _options(text: str) -> ConvertOptions:
    """Parsed once for each distinct text: ten thousand jobs share a handful."""
    return ConvertOptions.model_validate_json(text)


def _to_plain_argument(value: object) -> object:
    if isinstance(value, Path):
        value = value.absolute()
    elif isinstance(value, Sequence):  # such as a range of ids
        return list(value)
    return _to_plain(value)


_encoder = msgspec.json.Encoder(enc_hook=_to_plain)
_argument_encoder = msgspec.json.Encoder(enc_hook=_to_plain_argument)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=_from_plain)
