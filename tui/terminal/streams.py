"""The standard streams, as a program may count on them."""

import io
import os
import sys


def mend_streams() -> None:
    """Have all three, and print whatever is to be printed.

    One that was closed is the null device, so that no other file gets its descriptor; a character that the encoding
    does not have is escaped.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - to the end of the program
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
