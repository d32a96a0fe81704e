"""Runs the engine without the dashboard: `hotfolio run` and `hotfolio convert`."""

import contextlib
import json
import os
import queue
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.base.errors import SandboxUnavailable, SettingsError
from engine.base.safetext import display_name, display_text
from engine.base.sockets import socket_path
from engine.facade.engine import Engine
from engine.job.job import ACTIVE, Job, JobState
from engine.job.options import Attachments
from engine.server.app.late import LateListener
from engine.settings.loading import LoadedSettings
from engine.work.attached import attached_root
from engine.work.pool import LOST, NO_PROCESS
from tui.command.line_output import LineDisplay, ProgressDisplay
from tui.terminal.signals import POLL_S, SignalEvent, signals_caught, stop_engine

INTERRUPTED = 130
_MAX_SANDBOX_FAILURES = 3


class Runner:
    """One run of the engine in the foreground.

    The first SIGINT, SIGTERM or SIGHUP stops at the page batches' boundaries, within 10 s; the second at once.
    """

    def __init__(
        self,
        loaded: LoadedSettings,
        *,
        once: bool,
        json_lines: bool,
        files: Sequence[Path] | None = None,
        profile: str = "",
    ) -> None:
        """With `files`, those are converted, by a profile if one is named, and no folder is watched."""
        settings = loaded.settings
        self._settings = settings
        self._profile, self._options = profile, loaded.options_of(profile)
        self._once = once
        self._json_lines = json_lines
        self._files = files
        self._engine = Engine(
            settings,
            watch=files is None,
            waits_for_late_files=not once,
            origins=loaded.origins,
            source=loaded.source if files is None else None,
        )
        self._finished: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._signals = 0
        self._stop = SignalEvent()
        self._states: Counter[JobState] = Counter()
        self._pages = 0
        self._roots: set[bytes] = set()
        """Where the attached files of what was converted are taken from."""
        self._told: dict[str, str] = {}
        self.is_work_left = True
        """Whether the queue holds unfinished jobs, or what is still to follow on finished ones."""
        self.undelivered = 0
        """What was tried in vain and is kept to be tried again, once the run is done."""

    def run(self) -> int:
        """Work until done or told to stop; returns the exit status.

        Raises `HotfolioError` if it cannot start, `StateLost` if it cannot go on.
        """
        started = time.monotonic()
        wanted: set[int] | None = None
        self._engine.on_finished(self._finished.put)
        with signals_caught(self._on_signal):
            self._engine.start()
            listener = None
            try:
                if self._files is not None:
                    files = list(dict.fromkeys(self._files))
                    jobs = self._engine.submit_many(files, options=self._options, profile=self._profile, again=True)
                    wanted = {job.id for job in jobs}
                else:
                    with contextlib.suppress(SettingsError):  # it needs no socket to do its work
                        listener = LateListener(self._engine, self._on_stop)
                        self._engine.hold_to(socket_path(self._settings.state_folder))
                self._loop(wanted)
            finally:
                stop_engine(self._engine, lambda: self._signals > 1)
                if listener is not None:
                    listener.stop()
        while not self._finished.empty():
            self._report(self._finished.get(), print)
        seconds = time.monotonic() - started
        self._summarize(seconds)
        if self._signals:
            return INTERRUPTED
        return 1 if self._states[JobState.FAILED] or self._states[JobState.PARTIAL] else 0

    # --- working ---

    def _loop(self, wanted: set[int] | None) -> None:
        with self._display() as show:
            while not self._stop.wait(POLL_S):
                idle = self._once and self._is_done(wanted)
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._report(self._finished.get_nowait(), show.line)
                show.update(self._engine)
                self._engine.check()
                self._tell_banners()
                if self._once and NO_PROCESS in self._told and self._has_given_up():
                    raise SandboxUnavailable(self._told[NO_PROCESS])
                if idle:
                    self.undelivered = self._engine.vitals().following_up
                    self.is_work_left = self.undelivered > 0
                    return

    def _has_given_up(self) -> bool:
        return self._engine.vitals().sandbox_failures > _MAX_SANDBOX_FAILURES

    def _is_done(self, wanted: set[int] | None) -> bool:
        """Whether all is; those of the `wanted` that are finished are taken out, lest thousands be asked for again.

        What was attached to them comes in their place.
        """
        if wanted is None:
            return self._engine.is_idle()
        while wanted:
            job = self._engine.job(next(iter(wanted))).job
            if not job.state.is_finished:
                return False
            wanted.discard(job.id)
            if job.options.attachments is Attachments.CONVERT:
                self._roots.add(os.fsencode(attached_root(job.source, self._settings.state_folder)))
        if self._roots:
            roots, self._roots = self._roots, set()
            wanted |= {entry.job.id for entry in self._engine.select(states=ACTIVE) if entry.job.source.root in roots}
        return not wanted and not self._engine.is_following_up

    def _on_signal(self) -> None:
        self._signals += 1
        self._stop.set()

    def _on_stop(self, now: bool) -> None:
        """Somebody wants the run to end, by way of the engine's socket."""
        self._signals += 2 if now else 1
        self._stop.set()

    # --- telling ---

    def _display(self) -> "contextlib.AbstractContextManager[LineDisplay]":
        if not self._json_lines and sys.stdout.isatty():
            return ProgressDisplay()
        return contextlib.nullcontext(LineDisplay())

    def _report(self, job: Job, line: Any) -> None:
        self._states[job.state] += 1
        self._pages += job.pages_done if job.state in (JobState.DONE, JobState.PARTIAL) else 0
        _say(line, json.dumps(_event(job)) if self._json_lines else _sentence(job))

    def _tell_banners(self) -> None:
        """Say once on the standard error what needs a person; of a lost state folder, the error tells that ends it."""
        for banner in self._engine.overview().banners:
            if banner.key != LOST and self._told.get(banner.key) != banner.message:
                self._told[banner.key] = banner.message
                with contextlib.suppress(OSError):
                    print(f"hotfolio: {banner.message}", file=sys.stderr, flush=True)

    def _summarize(self, seconds: float) -> None:
        states = {
            str(s): self._states[s] for s in (JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED)
        }
        rate = self._pages / seconds if seconds else 0.0
        if self._json_lines:
            figures = {"pages": self._pages, "seconds": round(seconds, 3), "pages_per_second": round(rate, 2)}
            _say(print, json.dumps({"event": "summary", **states, **figures}))
            return
        counted = ", ".join(f"{count} {state}" for state, count in states.items() if count) or "nothing to convert"
        _say(print, f"{counted}: {self._pages} pages in {seconds:.1f} s, {rate:.1f} pages/s")


def _event(job: Job) -> dict[str, Any]:
    return {
        "event": "job",
        "id": job.id,
        "conversion_id": job.conversion_id,
        "source": display_name(job.source.file),
        "state": str(job.state),
        "pages": job.pages,
        "pages_failed": job.pages_failed,
        "pages_ocr": job.pages_ocr,
        "seconds": None if job.seconds is None else round(job.seconds, 3),
        "output": display_name(job.output) if job.output and job.state in (JobState.DONE, JobState.PARTIAL) else None,
        "error": None if job.warnings else job.reason,
        "warning": job.reason if job.warnings else None,
    }


def _sentence(job: Job) -> str:
    parts = [f"{job.state:9} {job.name}"]
    if job.state in (JobState.DONE, JobState.PARTIAL):
        pages = f"{job.pages} page" + ("" if job.pages == 1 else "s")
        pages += f" ({job.pages_ocr} by OCR)" if job.pages_ocr else ""
        where = display_name(os.path.relpath(os.fsdecode(job.output))) if job.output else ""
        parts.append(f"  {pages} in {job.seconds or 0:.1f} s  → {where}")
    if job.reason:
        parts.append(f"  {display_text(job.reason)}")
    return "".join(parts)


def _say(line: Any, text: str) -> None:
    """Print; a terminal or a pipe that has gone away does not matter to the conversions."""
    with contextlib.suppress(OSError):
        line(text)
        sys.stdout.flush()
