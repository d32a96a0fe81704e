"""The files of a cluster: what its head keeps in its state folder, and the one by which a machine joins."""

import os
import re
import socket
import uuid
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.cluster.exchange import NodeName

if TYPE_CHECKING:
    from engine.cluster.authority import Pair

FOLDER = "cluster"
"""In the state folder, for its owner alone."""
PLAN, CA, CERTIFICATE, KEY = "cluster.json", "ca.pem", "head.pem", "head.key"
_AUTHORITY, _ENGINE = "authority.key", "engine"
PORT = 8786
NODE_PORTS = (8790, 8889)
"""Where nodes listen, each on the first that is free there."""
_MOST_BYTES = 1 << 16
_MODE = 0o600


def _is_address(value: str) -> str:
    parsed = urlsplit(value)
    try:
        is_one = parsed.scheme == "tls" and bool(parsed.hostname) and bool(parsed.port)
    except ValueError:
        is_one = False
    if not is_one or parsed.path or parsed.query or "@" in value or not value.isprintable():
        raise ValueError("give tls://HOST:PORT")
    return value


Address = Annotated[str, AfterValidator(_is_address)]
Port = Annotated[int, Field(ge=1, le=65_535)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    version: Annotated[int, Field(ge=1, le=1)] = 1


_F = TypeVar("_F", bound=_File)


class Plan(_File):
    """What the head of a cluster knows of it."""

    scheduler: Address
    """Where Dask's scheduler listens."""
    own: bool = True
    """Whether the engine starts it, or it is somebody else's."""
    node_ports: tuple[Port, Port] = NODE_PORTS

    @property
    def host(self) -> str:
        """Of the scheduler."""
        return urlsplit(self.scheduler).hostname or ""

    @property
    def port(self) -> int:
        """Of the scheduler."""
        return urlsplit(self.scheduler).port or PORT


class Join(_File):
    """What a machine needs to join, its private key included."""

    scheduler: Address
    name: NodeName
    node_ports: tuple[Port, Port]
    ca: str
    certificate: str
    key: str


def cluster_folder(state_folder: Path) -> Path:
    """Where the head keeps what it knows."""
    return state_folder.absolute() / FOLDER


def read_plan(state_folder: Path) -> Plan | None:
    """The plan; None if there is no cluster. Raises `SettingsError` for one that cannot be used."""
    file = cluster_folder(state_folder) / PLAN
    if not file.exists():
        return None
    return _read(file, Plan)


def make_cluster(state_folder: Path, plan: Plan, authority: "Pair", head: "Pair") -> Path:
    """Keep a new cluster's files; returns their folder. Raises `SettingsError` if there is one already."""
    folder = cluster_folder(state_folder)
    if (folder / PLAN).exists():
        raise SettingsError(f"There is a cluster already: {display_name(folder)}.")
    try:
        folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        folder.chmod(0o700)
        _write(folder / _AUTHORITY, authority.key)
        _write(folder / CA, authority.certificate)
        _write(folder / CERTIFICATE, head.certificate)
        _write(folder / KEY, head.key)
        _write(folder / PLAN, plan.model_dump_json(indent=1))  # last: without it, nothing is there
    except OSError as error:
        raise SettingsError(f"{display_name(folder)}: {error.strerror}.") from error
    return folder


def invite(state_folder: Path, name: str, file: Path, sign: Callable[[str, str, str], "Pair"]) -> None:
    """Write the file by which a machine joins. `sign` makes its certificate, of the authority's and a name.

    Raises `SettingsError` if there is no cluster, or there is such a file already.
    """
    plan = read_plan(state_folder)
    if plan is None:
        raise SettingsError("There is no cluster yet: `hotfolio cluster init` makes one.")
    folder = cluster_folder(state_folder)
    try:
        ca, key = (folder / CA).read_text(), _own_text(folder / _AUTHORITY)
        pair = sign(ca, key, name)
        join = Join(
            scheduler=plan.scheduler,
            name=name,
            node_ports=plan.node_ports,
            ca=ca,
            certificate=pair.certificate,
            key=pair.key,
        )
        _write(file, join.model_dump_json(indent=1))
    except FileExistsError:
        raise SettingsError(f"{display_name(file)} is there already.") from None
    except OSError as error:
        raise SettingsError(f"{display_name(file)}: {error.strerror}.") from error
    except ValidationError as error:
        raise SettingsError(f"{display_name(name)} is no name for a node: letters, digits, dots and dashes.") from error


def read_join(file: Path) -> Join:
    """What a machine was given to join; raises `SettingsError` if it cannot be used."""
    return _read(file, Join)


def engine_id(state_folder: Path) -> str:
    """What nodes know this engine by, whichever process it is; made if it is missing. Raises `OSError`."""
    file = cluster_folder(state_folder) / _ENGINE
    try:
        found = file.read_text()
        if re.fullmatch(r"[0-9a-f]{32}", found):
            return found
        file.unlink()
    except FileNotFoundError:
        pass
    _write(file, uuid.uuid4().hex)
    return file.read_text()


def own_address() -> str:
    """By which other machines are likely to reach this one; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: nobody's
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _read(file: Path, kind: type[_F]) -> _F:
    shown = display_name(file)
    try:
        return kind.model_validate_json(_own_text(file))
    except ValidationError as error:
        what = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, what["loc"]))
        raise SettingsError(f"{shown}: {where + ': ' if where else ''}{what['msg']}.") from error
    except OSError as error:
        raise SettingsError(f"{shown}: {error.strerror}.") from error


def _own_text(file: Path) -> str:
    """A file with a key in it: it is used only if nobody else can read it. Raises `SettingsError`, `OSError`."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise SettingsError(f"{display_name(file)} can be read by others: chmod 600 it, or have it made again.")
        return stream.read(_MOST_BYTES).decode("utf-8", "replace")


def _write(file: Path, text: str) -> None:
    """A new file for its owner alone; raises `FileExistsError`, `OSError`."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(handle)
