"""Fork servers that all engines of a test process share, since each takes a second of work to start."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.base.errors import SandboxUnavailable
from engine.sandbox.local import ForkServer
from engine.sandbox.protocol import Preload
from engine.work import pool


class SharedForkServer(ForkServer):
    """What an engine takes for a fork server of its own; its processes come from one that outlives the engine."""

    def __init__(self, shared: ForkServer, log_file: Path, program: str) -> None:
        super().__init__(log_file, program)
        self._shared = shared

    def fork(self):  # type: ignore[no-untyped-def]
        if self._closed:
            raise SandboxUnavailable("The engine is stopping.")
        return self._shared.fork()

    def start(self) -> None:
        self._shared.start()

    def restart(self) -> None:
        self._shared.restart()

    @property
    def pid(self) -> int | None:
        return self._shared.pid

    def close(self) -> None:
        self._closed = True


@contextmanager
def shared_fork_servers() -> Iterator[None]:
    """Meanwhile, engines of this process that run the same program share a fork server."""
    shared: dict[str, ForkServer] = {}

    def fork_server(
        log_file: Path, program: str, preloaded: Collection[Preload], hidden: Collection[str]
    ) -> ForkServer:
        # One with OCR serves an engine without it as well.
        if program not in shared:
            shared[program] = ForkServer(Path(folder) / f"{program}.log", program, [Preload.OCR], hidden)
        return SharedForkServer(shared[program], log_file, program)

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "ForkServer", fork_server)
        try:
            yield
        finally:
            for server in shared.values():
                server.close()
