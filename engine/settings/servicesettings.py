"""What is set of the service: where it listens, what it takes in, and which doors it has."""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, Field, field_validator

from engine.job.options import OFFICE, DocumentKind, split
from engine.settings.profiles import Seconds

_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\*")


class DoorName(StrEnum):
    """A way in that other programs know already."""

    DOCLING = "docling"
    """docling-serve's."""
    LOADER = "loader"
    """Open WebUI's external document loader."""
    TIKA = "tika"
    """Apache Tika's server."""
    MISTRAL = "mistral"
    """Mistral's OCR."""
    MINERU = "mineru"
    """MinerU's."""
    MCP = "mcp"
    """The Model Context Protocol's, for assistants."""


def _hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.lower().removesuffix(".") for name in names)
    for name in names:
        if not _HOST.fullmatch(name):
            raise ValueError(f"{name!r} is no host: give names, *.example.org for all below one, or * for all")
    return names


def _networks(names: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for name in names:
        try:
            network = ipaddress.ip_network(name)
        except ValueError:
            raise ValueError(f"{name!r} is no network, as 172.17.0.0/16 is one") from None
        if not network.is_private or network.is_unspecified:
            raise ValueError(f"{name} is open to others than your own machines; name a private network")
        found.append(str(network))
    return tuple(found)


class ServiceSettings(BaseModel):
    """Durations are seconds, sizes bytes."""

    api_host: str = "127.0.0.1"
    """Where `hotfolio serve` listens on TCP."""
    api_port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """The port it listens on; 0 takes one that is free."""
    api_names: Annotated[tuple[str, ...], BeforeValidator(split)] = ()
    """Names by which it may be called over TCP, besides `localhost` and addresses in figures."""
    trusted_clients: Annotated[tuple[str, ...], BeforeValidator(split), AfterValidator(_networks)] = ()
    """Private networks whose programs get in over TCP without the token."""
    max_upload: ByteSize = ByteSize(2 << 30)
    """A file sent over HTTP may be so big."""
    max_queue: Annotated[int, Field(ge=1)] = 100_000
    """Over HTTP, nothing more is taken in while so many jobs wait."""
    max_submissions: Annotated[float, Field(gt=0)] = 500
    """Submissions over HTTP by one client in a second."""
    max_running_per_client: Annotated[int, Field(ge=1)] | None = None
    """Documents of one client that run at once."""
    max_running_per_folder: Annotated[int, Field(ge=1)] | None = None
    """Documents of one hot folder that run at once."""
    doors: Annotated[tuple[DoorName, ...], BeforeValidator(split)] = (
        DoorName.DOCLING,
        DoorName.LOADER,
        DoorName.TIKA,
    )
    """Whose API is answered besides hotfolio's own."""
    doors_accept: Annotated[tuple[DocumentKind, ...], BeforeValidator(split)] = tuple(
        kind for kind in DocumentKind if kind not in OFFICE
    )
    """Kinds of documents that are taken in by these doors, whatever `accept` says."""
    office: bool = False
    """Files of office programs are made PDFs by LibreOffice; these doors take them in, and `accept` may name them."""
    docling_wait: Seconds = 120
    """How long a call of these doors that waits for its result may wait."""
    docling_fetch: Annotated[tuple[str, ...], BeforeValidator(split), AfterValidator(_hosts)] = ()
    """Hosts that documents may be fetched from when a client of these doors names them by URL."""

    keep_api_results: Annotated[float, Field(ge=0)] = 14_400
    """Results of documents that were sent to these doors go after so long, and their jobs; 0 keeps them."""
    keep_results: Annotated[float, Field(ge=0)] = 0
    """The same for all other results."""

    @property
    def doors_kinds(self) -> tuple[DocumentKind, ...]:
        """What these doors take in: unless they are named, those of office programs with `office` alone."""
        if self.office and "doors_accept" not in self.model_fields_set:
            return tuple(DocumentKind)
        return self.doors_accept

    @field_validator("doors_accept", mode="after")
    @classmethod
    def _some_kind(cls, kinds: tuple[DocumentKind, ...]) -> tuple[DocumentKind, ...]:
        if not kinds:
            raise ValueError(f"name at least one of {', '.join(DocumentKind)}")
        return tuple(dict.fromkeys(kinds))
