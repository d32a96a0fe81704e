"""One POST, within a limited time as a whole. It takes a while to load: import it when there is something to post."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from engine.base.safetext import display_text

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells the whole URL of each request, which may be secret

_CONNECT_S = 5.0
_MAX_ANSWER = 64 << 10
"""Bytes of an answer that are read, so that the connection ends in order; nobody looks at them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says."""

    status: int
    retry_after: str | None
    """The header, if there is one."""


class NoAnswer(Exception):
    """There is none; `str()` says why, as the rest of a sentence that begins with the receiver's name."""


class Cancelled(Exception):
    """The post was cancelled."""


class Post:
    """A POST that may be cancelled from any thread; `_lock` guards how it is reached, and whether it is wanted."""

    def __init__(self, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> None:
        """`timeout_s` is for all of it, however slowly the receiver drips its answer."""
        self._url = url
        self._body = body
        self._headers = headers
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._cancel: Callable[[], object] | None = None

    def send(self) -> Answer:
        """Send it and wait for the answer. Raises `NoAnswer`, or `Cancelled`."""
        try:
            with asyncio.Runner(loop_factory=_Loop) as runner:
                return runner.run(self._send())
        except asyncio.CancelledError:
            raise Cancelled from None
        except (TimeoutError, httpx.TimeoutException):
            raise NoAnswer("does not answer in time") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            raise NoAnswer("cannot be called: its URL is not valid") from None
        except (httpx.HTTPError, OSError) as error:
            reason = display_text(str(error))[:200].rstrip(".") or type(error).__name__
            raise NoAnswer(f"cannot be reached: {reason}") from None

    def cancel(self) -> None:
        """Have `send` end."""
        with self._lock:
            self._is_cancelled, cancel = True, self._cancel
        if cancel is not None:
            try:
                cancel()
            except RuntimeError:  # the loop is closed: it has ended already
                return

    async def _send(self) -> Answer:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._is_cancelled:
                raise asyncio.CancelledError
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        timeout = httpx.Timeout(self._timeout_s, connect=_CONNECT_S)
        async with (
            asyncio.timeout(self._timeout_s),
            httpx.AsyncClient(verify=_tls(), timeout=timeout, follow_redirects=False) as client,
            client.stream("POST", self._url, content=self._body, headers=self._headers) as response,
        ):
            size = 0
            async for block in response.aiter_raw():
                size += len(block)
                if size > _MAX_ANSWER:
                    break
            return Answer(response.status_code, response.headers.get("Retry-After"))


class _Loop(asyncio.SelectorEventLoop):
    """Looks names up in threads that nobody waits for when the program ends, unlike those of an executor."""

    async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
        future: asyncio.Future[Any] = self.create_future()

        def settle(found: Any, error: OSError | None) -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(found)
            else:
                future.set_exception(error)

        def look_up() -> None:
            found, problem = None, None
            try:
                found = socket.getaddrinfo(host, port, **how)
            except (OSError, UnicodeError) as error:
                problem = error if isinstance(error, OSError) else OSError(str(error))
            try:
                self.call_soon_threadsafe(settle, found, problem)
            except RuntimeError:
                return  # the loop is closed: it has taken too long

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await future


@cache
def _tls() -> ssl.SSLContext:
    """Made once, since reading the certificates takes longer than all the rest."""
    return httpx.create_ssl_context()
