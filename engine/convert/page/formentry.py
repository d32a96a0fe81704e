"""What was filled into a form that is not on the pages of its document."""

from typing import NamedTuple


class FormEntry(NamedTuple):
    """One field, one of the buttons of a field, or what holds several."""

    depth: int
    """In how many others it lies, itself included."""
    text: str
    """Its caption with what was filled in, in one line."""
    name: str = ""
    """Of a field, after the names of all that it lies in, with full stops between; else empty."""
    value: str = ""
    """Of a field, as its data has it."""
