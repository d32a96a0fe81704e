"""Hears what happens below a folder, the tree as a whole, as macOS reports it: which follows no links in it."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import watchfiles


class TreeWatch:
    """The tree as a whole, as macOS reports it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stopped = threading.Event()

    def cover(self, path: bytes, folder: int) -> None:
        """Nothing to do: the root covers everything."""

    def changes(self) -> Iterator[set[bytes] | None]:
        """As in `engine.intake.watcher.Watch`."""
        root = os.fsencode(self._root).rstrip(b"/")
        for changes in watchfiles.watch(
            self._root,
            watch_filter=None,
            debounce=200,
            step=50,
            stop_event=self._stopped,
            rust_timeout=500,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        ):
            paths = (os.fsencode(path) for _, path in changes)
            yield {path[len(root) + 1 :] for path in paths if path == root or path.startswith(root + b"/")}

    def stop(self) -> None:
        """As in `engine.intake.watcher.Watch`."""
        self._stopped.set()
