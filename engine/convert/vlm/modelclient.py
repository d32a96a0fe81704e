"""Asks a vision model behind an API like OpenAI's one question about one picture."""

import email.utils
import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from engine.base.safetext import display_text
from engine.convert.page.told import NoAnswer
from engine.convert.vlm.breaker import Breaker
from engine.job.options import VLM_ATTEMPTS, VLM_KEY, VLM_WAITS_S, ConvertOptions, vlm_address

_MOST_BYTES = 8 << 20
"""Of an answer; one of 16,384 tokens has some 100 kB."""
_CONNECT_S = 10.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = VLM_WAITS_S / (VLM_ATTEMPTS - 1)
_BUSY = frozenset({408, 409, 425, 429})
"""Statuses besides 5xx after which the same question may be answered."""
_EVERYBODY = frozenset({401, 403, 404, 405})
"""Statuses that every page would get."""
_WISHES: dict[str, float] = {"temperature": 0.1, "max_tokens": 16384}
"""What is asked for unless the model does not have it: hardly any invention, and an end to what repeats itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model has written."""

    text: str
    is_cut_off: bool
    """It has come to the end of what it may write, not of what there is to say."""


@dataclass
class _Trouble(Exception):
    """An attempt has failed."""

    reason: str
    is_worth_another: bool
    is_everybodys: bool
    """Other pages would most likely meet it too."""
    wait_s: float | None = None
    """What the model asks for."""


class VisionModel:
    """Thread-safe, and kept for as long as the process asks the same one: it keeps connections open."""

    def __init__(
        self,
        options: ConvertOptions,
        *,
        pause: Callable[[threading.Event, float], object] = threading.Event.wait,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`pause` waits for so many seconds or until the event is set; `chance` is from 0 to 1."""
        self._timeout_s = options.vlm_timeout
        self._model = options.vlm_model
        self._url = vlm_address(options.vlm_url, "chat/completions")
        self._place = display_text(f"{urlsplit(self._url).hostname}:{urlsplit(self._url).port or ''}".rstrip(":"))
        self._key = os.environ.get(VLM_KEY, "").strip()
        self._pause, self._chance = pause, chance
        self._wishes = dict(_WISHES)
        self._breaker = Breaker(time.monotonic)
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            if not self._key.isascii() or not self._key.isprintable():
                raise NoAnswer(f"{VLM_KEY} has characters that no key has.")
            headers["Authorization"] = f"Bearer {self._key}"
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(self._timeout_s, connect=min(_CONNECT_S, self._timeout_s), pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            follow_redirects=False,  # the picture and the key are for nobody else
            # Certificates take 50 ms to load, and without TLS there are none to check.
            verify=self._url.startswith("https:") or bool(getproxies()),
        )

    def ask(self, prompt: str, picture: str, deadline: float, stop: threading.Event) -> Answer:
        """The model's answer to a prompt about a picture, which is a data URI.

        Tries again after a while that doubles, a few times, and at most until `deadline` (monotonic) or `stop`.
        Raises `NoAnswer`.
        """
        attempts = 1 if self._breaker.enter() else VLM_ATTEMPTS
        trouble: _Trouble | None = None
        attempt = 0
        while attempt < attempts:
            try:
                answer = self._attempt(prompt, picture, deadline)
            except _Trouble as error:
                trouble = error
            except BaseException:
                self._breaker.left()
                raise
            else:
                self._breaker.succeeded()
                return answer
            attempt += 1
            if not trouble.is_worth_another or attempt == attempts:
                break
            wait_s = self._wait_s(attempt, trouble.wait_s)
            if time.monotonic() + wait_s >= deadline or self._pause(stop, wait_s):
                break
        assert trouble is not None
        if trouble.is_everybodys:
            self._breaker.failed(trouble.reason, is_certain=not trouble.is_worth_another)
        else:
            self._breaker.left()
        raise NoAnswer(trouble.reason)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _wait_s(self, attempt: int, asked_s: float | None) -> float:
        if asked_s is not None:
            return min(asked_s, _LONGEST_WAIT_S)
        # Not all at the same moment: pages that were refused together would be so again.
        return min(_FIRST_WAIT_S * float(2 ** (attempt - 1)) * (0.5 + self._chance()), _LONGEST_WAIT_S)

    def _attempt(self, prompt: str, picture: str, deadline: float) -> Answer:
        while True:
            wishes = dict(self._wishes)
            status, content = self._post(self._body(prompt, picture, wishes), deadline)
            if status == 200:
                return _answer(content)
            message = self._message(content)
            refused = [name for name in wishes if status == 400 and name in message]
            if not refused:
                raise self._refusal(status, message)
            for name in refused:  # some models have no such wish; what they do unasked is as good
                self._wishes.pop(name, None)

    def _body(self, prompt: str, picture: str, wishes: dict[str, float]) -> bytes:
        image = {"type": "image_url", "image_url": {"url": picture}}
        message = {"role": "user", "content": [image, {"type": "text", "text": prompt}]}
        return json.dumps({"model": self._model, "messages": [message], "stream": False, **wishes}).encode()

    def _post(self, body: bytes, deadline: float) -> tuple[int, bytes]:
        until = min(deadline, time.monotonic() + self._timeout_s)
        late = f"The vision model at {self._place} has not answered within {self._timeout_s:g} s."
        try:
            with self._client.stream("POST", self._url, content=body) as response:
                if response.is_redirect:
                    to = display_text(response.headers.get("Location", "")[:200])
                    raise self._final(f"{self._place} is not where the vision model is ({response.status_code}): {to}")
                content = bytearray()
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise self._garbage(f"The vision model's answer has more than {_MOST_BYTES >> 20} MB.")
                    if time.monotonic() > until:
                        raise _Trouble(late, is_worth_another=True, is_everybodys=True)
                if response.status_code in _BUSY or response.status_code >= 500:
                    reason = f"The vision model at {self._place} is not able to answer ({response.status_code})"
                    message = self._message(bytes(content))
                    raise _Trouble(
                        f"{reason}: {message}" if message else f"{reason}.",
                        is_worth_another=True,
                        is_everybodys=True,
                        wait_s=_retry_after_s(response.headers.get("Retry-After")),
                    )
                return response.status_code, bytes(content)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            why = display_text(" ".join(str(error).split())[:200]) or type(error).__name__
            reason = f"The vision model at {self._place} cannot be reached: {self._without_key(why)}"
            raise _Trouble(f"{reason.rstrip('.')}.", is_worth_another=True, is_everybodys=True) from None
        except httpx.TimeoutException:
            raise _Trouble(late, is_worth_another=True, is_everybodys=True) from None
        except httpx.TransportError as error:
            why = display_text(" ".join(str(error).split())[:200]) or type(error).__name__
            reason = f"The vision model at {self._place} broke off its answer: {self._without_key(why)}"
            raise _Trouble(f"{reason.rstrip('.')}.", is_worth_another=True, is_everybodys=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            why = self._without_key(display_text(" ".join(str(error).split())[:200]))
            raise self._final(f"The vision model at {self._place} cannot be asked: {why}") from None

    def _refusal(self, status: int, message: str) -> _Trouble:
        said = f": {message}" if message else "."
        if status in (401, 403):
            return self._final(f"The vision model at {self._place} refuses the key in {VLM_KEY} ({status}){said}")
        if status in _EVERYBODY:
            model = display_text(self._model)
            return self._final(f"{self._place} has no vision model {model} where it was looked for ({status}){said}")
        reason = f"The vision model at {self._place} refuses the page ({status}){said}"
        return _Trouble(reason, is_worth_another=False, is_everybodys=False)

    def _final(self, reason: str) -> _Trouble:
        return _Trouble(reason, is_worth_another=False, is_everybodys=True)

    def _garbage(self, reason: str) -> _Trouble:
        return _Trouble(reason, is_worth_another=True, is_everybodys=False)

    def _message(self, content: bytes) -> str:
        """What a server says is wrong, as it may be shown: without the key, which some repeat."""
        try:
            entry: Any = json.loads(content[:100_000])
        except (ValueError, RecursionError):
            return ""
        entry = entry.get("error", entry) if isinstance(entry, dict) else ""
        if isinstance(entry, dict):
            entry = next((entry[name] for name in ("message", "detail") if isinstance(entry.get(name), str)), "")
        return self._without_key(display_text(" ".join(entry.split())))[:300] if isinstance(entry, str) else ""

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


def _answer(content: bytes) -> Answer:
    try:
        choice = json.loads(content)["choices"][0]
        text = choice["message"]["content"]
        is_cut_off = choice.get("finish_reason") == "length"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        text, is_cut_off = None, False
    if isinstance(text, list):  # parts, as some servers have it
        text = "".join(part["text"] for part in text if isinstance(part, dict) and isinstance(part.get("text"), str))
    if not isinstance(text, str):
        reason = "What the vision model's server answers is no chat completion."
        raise _Trouble(reason, is_worth_another=True, is_everybodys=False)
    return Answer(text, is_cut_off)


def _retry_after_s(value: str | None) -> float | None:
    """Seconds from a `Retry-After`, which is a number of them or a date."""
    if value is None:
        return None
    if value.strip().isdecimal() and len(value) < 10:
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
