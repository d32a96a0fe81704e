"""How many jobs may run at once, and what of a job that is counted by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Origin(NamedTuple):
    """Where a job comes from, which is what limits count by."""

    client: str = ""
    """Empty for a job that nobody has sent: no limit of a client's holds for it."""
    folder: bytes = b""
    """Its source's root."""
    profile: str = ""
    """Empty for a job without one: no limit of a profile's holds for it."""
    is_remote: bool = False
    """Its pages are converted elsewhere: what counts is how many are there at once."""


UNLIMITED = Origin()
"""Of what no limit counts."""


@dataclass(frozen=True, slots=True)
class RunningLimits:
    """How many jobs may run at once; None for any number."""

    per_client: int | None = None
    per_folder: int | None = None
    per_profile: Mapping[str, int] = field(default_factory=dict)
    """Of the profiles that have a limit, by their names."""

    @property
    def are_none(self) -> bool:
        """Whether everything may run."""
        return self.per_client is None and self.per_folder is None and not self.per_profile

    def counted(self, origin: Origin) -> Origin:
        """The part of an origin that there is a limit for."""
        return Origin(
            "" if self.per_client is None else origin.client,
            b"" if self.per_folder is None else origin.folder,
            origin.profile if origin.profile in self.per_profile else "",
            origin.is_remote,
        )
