"""What a document says of a file that is attached to it."""

from typing import NamedTuple


class AttachedFile(NamedTuple):
    """One attached file."""

    name: str
    """As the document has it, so it may be any text; in one line."""
    type: str
    """A media type: as the document says, else by the name."""
    size: int | None
    """In bytes, as the document says; None if it does not."""
