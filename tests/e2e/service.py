"""The engine as a process of its own: `hotfolio serve`, commands to it, and all that runs on a folder."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.base.sockets import socket_path
from tests.e2e.forked import Forked, run_forked, start_forked
from tests.e2e.processes import STOP_S, assert_nothing_left, end_all
from tests.waiting import wait_until

HOTFOLIO = (sys.executable, "-m", "tui")
_QUICK = {"HOTFOLIO_OCR": "never", "HOTFOLIO_SETTLE": "0.2", "HOTFOLIO_SETTLE_DAMAGED": "0.4"}
_PLAIN = ("NUM_WORKERS", "API_HOST", "API_PORT", "NO_COLOR", "COLUMNS")


def environment(**more: str) -> dict[str, str]:
    """The environment without anybody's settings, and with those that make a hot folder quick."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOTFOLIO_") and k not in _PLAIN}
    return inherited | _QUICK | more


def hotfolio(
    folder: Path, *arguments: str | Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` to its end."""
    return run_forked(folder, [os.fspath(argument) for argument in arguments], environment(**(env or {})))


class ServiceProcess:
    """A `hotfolio` in the background, such as `serve`; use as a context, which ends it and all that it has started."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        pass_fds: Sequence[int] = (),
    ) -> None:
        """`launcher` is put before the command."""
        self.folder = folder
        (folder / "input").mkdir(exist_ok=True)
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end
        self.process = self._start(arguments, environment(**(env or {})), launcher, pass_fds)

    def __enter__(self) -> "ServiceProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._out.close()
        self._err.close()
        end_all(self.folder)

    def _start(
        self, arguments: Sequence[str], env: Mapping[str, str], launcher: Sequence[str], pass_fds: Sequence[int]
    ) -> Forked | subprocess.Popen[bytes]:
        with Path(os.devnull).open() as nothing:
            streams = [nothing.fileno(), self._out.fileno(), self._err.fileno()]
            if not launcher:
                return start_forked(self.folder, arguments, env, streams, pass_fds=pass_fds)
            return subprocess.Popen(
                [*launcher, *HOTFOLIO, *arguments],
                cwd=self.folder,
                env=env,
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                pass_fds=tuple(pass_fds),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self.process.pid

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return _content(self._out.fileno())

    @property
    def err(self) -> str:
        """What it has printed on the standard error so far."""
        return _content(self._err.fileno())

    @property
    def url(self) -> str:
        """Where it says that it is reached over TCP."""
        return next(word.rstrip(",") for word in self.out.split() if word.startswith("http://"))

    @property
    def socket(self) -> Path:
        """Where the engine listens for programs on the same machine."""
        return socket_path(self.folder / "output" / ".hotfolio")

    def wait_ready(self) -> None:
        """Wait until it says that it works."""

        def is_ready() -> bool:
            assert self.process.poll() is None, self.out + self.err
            return "opens the dashboard on it" in self.out and self.out.endswith("\n")

        wait_until(is_ready, "the service")

    def wait_exit(self, timeout: float = STOP_S) -> int:
        """The exit status."""
        return self.process.wait(timeout)

    def kill(self) -> None:
        """End it at once, as when memory runs out."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop it as a service manager does, and see that nothing is left of it."""
        self.process.send_signal(signal.SIGTERM)
        assert self.wait_exit() == 0, self.err
        assert_nothing_left(self.folder)
        assert "Traceback" not in self.err
        assert not self.socket.exists()


@contextlib.contextmanager
def service(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[ServiceProcess]:
    """`hotfolio serve` on a free port, at work; stopped in order at the end if the test goes well."""
    with ServiceProcess(folder, "serve", "--port", "0", *arguments, env=env) as process:
        process.wait_ready()
        yield process
        if process.process.poll() is None:
            process.stop()


def _content(descriptor: int) -> str:
    # From its beginning, without moving the offset, which is the process's too.
    return os.pread(descriptor, 1 << 20, 0).decode(errors="replace")
