"""Aftermath: what follows on the end of a job: the user's commands, and the webhook.

Nothing here keeps a worker waiting. What is to follow is written down in the transaction that ends the job and crossed
out when it is done, so it happens at least once, whatever becomes of the engine in between.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from engine.base.errors import Stopping
from engine.hooks.command import RunningCommand, shown_program, why_not_run
from engine.hooks.courier import Courier
from engine.hooks.webhook import Webhook
from engine.job.ending import Ending
from engine.job.job import Job, JobState
from engine.queue.outbox import Kind, Later, Notice, Outbox, Waiting
from engine.settings.settings import CONFIG_VARIABLE, ENV_PREFIX, JOB_PREFIX, SECRETS, WEBHOOK_SECRET, Settings
from engine.settings.statefolder import logs_folder

log = logging.getLogger(__name__)

COMMANDS_AT_ONCE = 2
WEBHOOKS_AT_ONCE = 4
_HOOK_S = 1.0
"""What is under way with the webhook may take so long to end when the engine stops."""
_LAST_S = 0.5
"""For commands that are asked to end because the engine stops, before they are ended."""
_COMMANDS = {JobState.DONE: "on_done", JobState.PARTIAL: "on_done", JobState.FAILED: "on_failed"}
"""The setting with the command for a state; what is cancelled has none."""


class Aftermath:
    """Thread-safe; `_lock` guards which commands run, which failed how often, and which ends are not followed yet."""

    def __init__(
        self, settings: Callable[[], Settings], outbox: Outbox, set_banner: Callable[[str, str | None], None]
    ) -> None:
        """Begin to note the ends of jobs.

        `settings` gives those in force whenever they matter; `set_banner` shows what needs a person, or no longer. The
        webhook's secret is taken from the environment now.
        """
        self._settings = settings
        self._set_banner = set_banner
        self._outbox = outbox
        self._base = Path.cwd()
        self._lock = threading.Lock()
        self._running: set[RunningCommand] = set()
        self._is_ending = False
        self._failures: Counter[str] = Counter()
        self._not_followed: set[int] = set()
        self._left = self._outbox.waiting()
        self._outbox.follow_ends(self._wanted)
        self._commands = Courier(self._outbox, Kind.COMMAND, self._run_command, threads=COMMANDS_AT_ONCE)
        secret = os.environb.get(WEBHOOK_SECRET.encode(), b"")
        self._webhook = Webhook(settings, secret, lambda problem: set_banner("webhook", problem))
        self._hooks = Courier(self._outbox, Kind.WEBHOOK, self._webhook.deliver, threads=WEBHOOKS_AT_ONCE)

    def start(self) -> None:
        """See to what an earlier engine has left."""
        self._take(self._left)
        self._left = []

    def follow(self, job: Job) -> None:
        """A job has ended, and what the engine itself does about that is done."""
        if job.id not in self._not_followed:
            return
        try:
            self._take(self._outbox.waiting(job.id))
        finally:
            with self._lock:
                self._not_followed.discard(job.id)

    def settings_changed(self, old: Settings, new: Settings) -> None:
        """Other settings are in force: what is known about those that have changed does not count any more."""
        for name in sorted(set(_COMMANDS.values())):
            if getattr(old, name) != getattr(new, name):
                with self._lock:
                    self._failures[name] = 0
                self._set_banner(name, None)
        if old.webhook != new.webhook:
            self._webhook.start_afresh()
            if new.webhook is not None:  # else what waits would be dropped at once, and it may be set again
                self._hooks.try_now()

    @property
    def left(self) -> int:
        """How many commands and deliveries are still to follow, whether due or not."""
        return self._commands.left + self._hooks.left

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way or due; what is to be tried again later does not count."""
        with self._lock:
            if self._not_followed:
                return True
        return self._commands.is_busy or self._hooks.is_busy

    def retire(self) -> None:
        """Begin nothing more; what is not begun follows at the next start."""
        self._commands.retire()
        self._hooks.retire()

    def stop(self, timeout_s: float) -> None:
        """End, giving commands that run so long; those that do not end by themselves are run again at the next start.

        Takes a second more at most.
        """
        self.retire()
        deadline = time.monotonic() + timeout_s
        if not self._hooks.join(min(_HOOK_S, timeout_s)):
            self._webhook.stop()
        if not self._commands.join(max(0.0, deadline - time.monotonic())):
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._end_commands(number)
                if self._commands.join(_LAST_S):
                    break

    def hurry(self) -> None:
        """Have a `stop` that is waiting end at once."""
        self._webhook.stop()
        self._end_commands(signal.SIGKILL)

    # --- what is to follow ---

    def _wanted(self, job: Job) -> list[Kind]:
        settings = self._settings()
        kinds = [Kind.COMMAND] if self._command(job.state, settings)[1] else []
        kinds += [Kind.WEBHOOK] if settings.webhook is not None else []
        if kinds:
            with self._lock:
                self._not_followed.add(job.id)
        return kinds

    def _take(self, waiting: list[Waiting]) -> None:
        self._commands.take(waiting)
        self._hooks.take(waiting)

    @staticmethod
    def _command(state: JobState, settings: Settings) -> tuple[str, tuple[str, ...]]:
        """The setting that says what to run, and what it says."""
        name = _COMMANDS.get(state, "")
        argv: tuple[str, ...] = getattr(settings, name) if name else ()
        return name, argv

    # --- commands ---

    def _end_commands(self, number: signal.Signals) -> None:
        with self._lock:
            self._is_ending = True
            running = list(self._running)
        for command in running:
            command.stop(number)

    def _run_command(self, notice: Notice) -> Later | None:
        settings, ending = self._settings(), notice.ending
        name, argv = self._command(ending.state, settings)
        if not argv:
            self._set_banner(name, None)
            log.info("job %d: no %s is set any more; it is not run", ending.job_id, name)
            return None
        started = time.monotonic()
        program, output = shown_program(argv), b""
        try:
            command = self._started(notice, argv, settings)
        except (OSError, ValueError) as error:
            problem: str | None = why_not_run(error)
        else:
            try:
                outcome = command.wait(settings.command_timeout)
            finally:
                with self._lock:
                    self._running.discard(command)
            if outcome.was_stopped:
                raise Stopping("The engine is stopping.")
            problem, output = outcome.problem, outcome.output
        self._keep_output(ending, f"{name} ({program})", output)
        if problem is None:
            log.info("job %d: %s (%s) took %.1f s", ending.job_id, name, program, time.monotonic() - started)
        else:
            log.warning("job %d: %s: %s %s", ending.job_id, name, program, problem)
        self._tell_failure(name, argv, problem, ending)
        return None

    def _started(self, notice: Notice, argv: tuple[str, ...], settings: Settings) -> RunningCommand:
        program = argv[0]
        if "/" in program:
            program = str(self._base / program)
        command = RunningCommand(
            (program, *argv[1:]), self._environment(notice, settings), _folder(notice.ending, settings)
        )
        with self._lock:
            self._running.add(command)
            is_ending = self._is_ending
        if is_ending:
            command.stop()
        return command

    def _environment(self, notice: Notice, settings: Settings) -> dict[bytes, bytes]:
        """The engine's own without its secrets, with what a `hotfolio` in the command needs to find the engine."""
        environment = {name: value for name, value in os.environb.items() if os.fsdecode(name).upper() not in SECRETS}
        config = CONFIG_VARIABLE.encode()
        if environment.get(config):
            environment[config] = os.path.join(bytes(self._base), environment[config])  # noqa: PTH118 - of bytes
        for name in ("input", "output"):
            environment[f"{ENV_PREFIX}{name.upper()}".encode()] = bytes(self._base / getattr(settings, name))
        environment[f"{ENV_PREFIX}STATE".encode()] = bytes(self._base / settings.state_folder)
        for fact, value in facts_of(notice).items():
            environment[f"{JOB_PREFIX}{fact}".encode()] = value
        return environment

    def _keep_output(self, ending: Ending, what: str, output: bytes) -> None:
        """Put what a command has printed into the job's log."""
        if not output:
            return
        folder = logs_folder(self._settings().state_folder)
        try:
            folder.mkdir(exist_ok=True)
            with (folder / f"{ending.job_id}.log").open("ab") as stream:
                stream.write(f"--- {what} ---\n".encode() + output.rstrip(b"\n") + b"\n")
        except OSError as error:
            log.warning("job %d: what %s has printed is lost: %s", ending.job_id, what, error)

    def _tell_failure(self, name: str, argv: tuple[str, ...], problem: str | None, ending: Ending) -> None:
        if getattr(self._settings(), name) != argv:
            return  # another has been set in the meantime, of which nothing is known
        program = shown_program(argv)
        with self._lock:
            self._failures[name] = self._failures[name] + 1 if problem else 0
            count = self._failures[name]
        if problem is None:
            self._set_banner(name, None)
            return
        often = f" It has failed {count} times in a row." if count > 1 else ""
        self._set_banner(name, f"{name}: {program} {problem} (job {ending.job_id}, {ending.shown}).{often}")


def facts_of(notice: Notice) -> dict[str, bytes]:
    """What a command is told, by the end of the variable's name. Paths are as they are, whether text or not."""
    ending = notice.ending
    facts: dict[str, bytes | str | int | float | None] = {
        "ID": ending.job_id,
        "CONVERSION_ID": ending.conversion_id,
        "DELIVERY": notice.delivery,
        "STATE": ending.state,
        "REASON": ending.reason,
        "SOURCE": ending.source,
        "NAME": ending.name,
        "OUTPUT": ending.output,
        "SHA256": ending.sha256,
        "PROFILE": ending.profile,
        "FORMATS": ",".join(ending.formats),
        "PAGES": ending.pages,
        "PAGES_FAILED": ending.pages_failed,
        "PAGES_OCR": ending.pages_ocr,
        "PAGES_TEXT_ONLY": ending.pages_text_only,
        "SECONDS": ending.seconds,
    }
    return {name: value if isinstance(value, bytes) else _text(value).encode() for name, value in facts.items()}


def _text(value: str | int | float | None) -> str:
    return "" if value is None else str(value)


def _folder(ending: Ending, settings: Settings) -> Path:
    """Where a command runs: in the published folder, else in the output folder."""
    for folder in (ending.output and Path(os.fsdecode(ending.output)), settings.output):
        with contextlib.suppress(OSError):
            if folder and folder.is_dir():
                return folder
    return settings.state_folder
