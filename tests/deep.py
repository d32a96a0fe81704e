"""Folders so deep that their path is longer than the system takes."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def deep_folder(root: Path, name: str, depth: int) -> Iterator[bytes]:
    """So many folders of this name in each other, with a file `deep` in the last one; yields the file's path."""
    here = os.open(root, os.O_RDONLY)
    try:
        for _ in range(depth):
            os.mkdir(name, dir_fd=here)
            after = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = after
        os.close(os.open("deep", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)
    try:
        yield "/".join([name] * depth + ["deep"]).encode()
    finally:  # by a program that needs no recursion for it
        subprocess.run(["rm", "-rf", root / name], check=True)
