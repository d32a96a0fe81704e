"""Tells a URL of the end of a job, by a signed POST.

Nothing in here logs the URL but for its scheme and host: the rest may be a password, or as good as one.
"""

import hashlib
import hmac
import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from engine.base.errors import Stopping
from engine.base.safetext import display_name
from engine.job.ending import Ending
from engine.queue.outbox import Later, Notice
from engine.settings.settings import Settings

if TYPE_CHECKING:
    from engine.hooks.posting import Answer, Post

log = logging.getLogger(__name__)

TIMEOUT_S = 15.0
"""For an attempt as a whole, however slowly the receiver drips its answer."""
GIVE_UP_S = 3 * 86_400.0
"""After the end of the job; what is then tried in vain is given up."""
MAX_DELAY_S = 6 * 3600.0
MAX_SILENCE_S = 900.0
"""While nobody answers at all, somebody is looked for at least so often."""
_FIRST_DELAY_S = 5.0
_FACTOR = 4.0
_TRY_AGAIN = frozenset({408, 425, 429})
"""Refusals that have to do with the moment, besides 5xx."""
_NOBODY_HOME = frozenset({408, 425, 429, 502, 503, 504})
"""Those that would meet any other delivery too."""


class Webhook:
    """Thread-safe; `_lock` guards the attempts under way and how often in a row nobody answered."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        secret: bytes,
        tell: Callable[[str | None], None],
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`settings` gives those in force; without a `secret` nothing is signed.

        `tell` is called with what is wrong with the receiver, as a sentence, or None when that is over. `clock` is the
        time of day, `chance` a number from 0 to 1.
        """
        self._settings = settings
        self._secret = secret
        self._tell = tell
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._stopping = False
        self._under_way: set[Post] = set()
        self._silences = 0

    def deliver(self, notice: Notice) -> Later | None:
        """Try once; returns when to try again, None if it is delivered or given up. Raises `Stopping` after `stop`."""
        from engine.hooks.posting import Cancelled, NoAnswer, Post

        url = self._settings().webhook
        if url is None:
            self._tell(None)
            log.info("job %d: no webhook is set any more; its delivery is dropped", notice.ending.job_id)
            return None
        where = _shown(url)
        body = body_of(notice)
        post = Post(url, body, self._headers(notice, body), TIMEOUT_S)
        with self._lock:
            if self._stopping:
                raise Stopping("The engine is stopping.")
            self._under_way.add(post)
        try:
            answer = post.send()
        except Cancelled:
            raise Stopping("The engine is stopping.") from None
        except NoAnswer as error:
            if self._is_outdated(url):
                return Later(0.0)
            return self._try_again(notice, where, str(error), for_all=True)
        finally:
            with self._lock:
                self._under_way.discard(post)
        if self._is_outdated(url) and not 200 <= answer.status < 300:
            return Later(0.0)
        return self._judge(notice, where, answer)

    def start_afresh(self) -> None:
        """The URL is another: how long nobody has answered at the old one does not count."""
        with self._lock:
            self._silences = 0
        self._tell(None)

    def stop(self) -> None:
        """Give up the attempts under way, and begin no other; those notices are left for the next start."""
        with self._lock:
            self._stopping = True
            under_way = list(self._under_way)
        for post in under_way:
            post.cancel()

    # --- below ---

    def _is_outdated(self, url: str) -> bool:
        """Whether another URL has been set in the meantime, to which this one's faults are nothing."""
        return self._settings().webhook not in (url, None)

    def _headers(self, notice: Notice, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        signed = {"X-Hotfolio-Signature": signature(self._secret, timestamp, body)} if self._secret else {}
        return {
            "Content-Type": "application/json",
            "User-Agent": f"hotfolio/{version('hotfolio')}",
            "X-Hotfolio-Event": _event(notice.ending),
            "X-Hotfolio-Delivery": notice.delivery,
            "X-Hotfolio-Timestamp": timestamp,
            **signed,
        }

    def _judge(self, notice: Notice, where: str, answer: "Answer") -> Later | None:
        status = answer.status
        if 200 <= status < 300:
            with self._lock:
                self._silences = 0
            self._tell(None)
            return None
        if status in _TRY_AGAIN or status >= 500:
            wait_s = _retry_after(answer.retry_after, self._clock())
            problem = f"answers with status {status}"
            return self._try_again(notice, where, problem, for_all=status in _NOBODY_HOME, at_least_s=wait_s)
        problem = (
            f"answers with a redirect (status {status}), which is not followed: set the URL it leads to"
            if 300 <= status < 400
            else f"refuses what it is sent (status {status})"
        )
        self._give_up(notice, where, problem)
        return None

    def _try_again(
        self, notice: Notice, where: str, problem: str, *, for_all: bool, at_least_s: float = 0.0
    ) -> Later | None:
        finished = notice.ending.finished
        if finished is not None and self._clock() - finished.timestamp() > GIVE_UP_S:
            self._give_up(notice, where, problem)
            return None
        with self._lock:
            self._silences += for_all
            tries = self._silences if for_all else notice.attempts + 1
        longest_s = MAX_SILENCE_S if for_all else MAX_DELAY_S
        seconds = max(min(backoff(tries, self._chance()), longest_s), at_least_s)
        log.warning(
            "job %d: the webhook at %s %s; it is tried again in %.0f s", notice.ending.job_id, where, problem, seconds
        )
        self._tell(f"The webhook at {where} {problem}. What it is to be told is kept and tried again.")
        return Later(seconds, for_all=for_all)

    def _give_up(self, notice: Notice, where: str, problem: str) -> None:
        log.error("job %d: the webhook at %s %s; given up", notice.ending.job_id, where, problem)
        self._tell(f"The webhook at {where} {problem}. Job {notice.ending.job_id} was not delivered.")


def backoff(tries: int, chance: float) -> float:
    """Seconds to wait after so many tries in vain: four times as long each time, a fifth more or less by chance."""
    seconds = min(_FIRST_DELAY_S * _FACTOR ** min(tries - 1, 20), MAX_DELAY_S)
    return seconds * (0.8 + 0.4 * chance)


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What a receiver that has the secret finds too: of the timestamp, a full stop, and the body."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def body_of(notice: Notice) -> bytes:
    """The JSON that is sent; what is no text in a path is escaped."""
    ending = notice.ending
    return msgspec.json.encode(
        {
            "event": _event(ending),
            "delivery": notice.delivery,
            "job_id": ending.job_id,
            "conversion_id": ending.conversion_id,
            "state": ending.state,
            "reason": ending.reason,
            "filename": ending.shown,
            "source": display_name(ending.source),
            "output": display_name(ending.output) if ending.output is not None else None,
            "sha256": ending.sha256,
            "profile": ending.profile,
            "client": ending.client,
            "formats": ending.formats,
            "pages": ending.pages,
            "pages_failed": ending.pages_failed,
            "pages_ocr": ending.pages_ocr,
            "pages_text_only": ending.pages_text_only,
            "created": ending.created,
            "started": ending.started,
            "finished": ending.finished,
            "seconds": ending.seconds,
            "version": version("hotfolio"),
        }
    )


def _event(ending: Ending) -> str:
    return f"job.{ending.state}"


def _shown(url: str) -> str:
    """A URL without what may be secret."""
    parsed = urlsplit(url)
    return display_name(f"{parsed.scheme}://{parsed.hostname}")


def _retry_after(value: str | None, now: float) -> float:
    """Seconds that a receiver asks for, no more than the longest delay; 0 if it does not."""
    if value is None:
        return 0.0
    try:
        seconds = float(value) if value.strip().isdecimal() else _until(value) - now
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_DELAY_S)


def _until(date: str) -> float:
    moment: datetime = parsedate_to_datetime(date)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
