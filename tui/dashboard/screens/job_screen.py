"""JobScreen: a screen on which one or more jobs are chosen, with the keys that do something to them."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.base.errors import HotfolioError
from engine.base.safetext import display_name
from engine.job.job import Job, JobState
from engine.job.pageranges import first_selected
from engine.job.snapshot import JobSnapshot
from tui.dashboard.messages import ActionChosen, PasswordGiven
from tui.dashboard.reader.reader_screen import ReaderScreen
from tui.dashboard.screens.choice_dialog import Choice, ChoiceDialog
from tui.dashboard.screens.full_screen import DashboardScreen
from tui.dashboard.screens.password_dialog import PasswordDialog
from tui.dashboard.screens.peek import PeekScreen
from tui.dashboard.screens.text_screen import TextScreen
from tui.terminal.terminal import takes_clipboard
from tui.text.actions import cancel_question, hold_or_release
from tui.text.formatting import plural
from tui.text.textfiles import read_tail

_TRIED_AT_ONCE = 20
"""Locked documents that one call tries a password on."""


class JobScreen(DashboardScreen):
    """Subclasses tell which jobs are chosen; what is to be done with them goes to the app as a message."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel; asks if it is several", id="job.cancel"),
        Binding("X", "kill", "Kill at once; asks", id="job.kill"),
        Binding("plus,equals_sign", "act('raise')", "Raise the priority", id="job.raise"),
        Binding("minus", "act('lower')", "Lower the priority", id="job.lower"),
        Binding("p", "hold", "Hold, or release what is held", id="job.hold"),
        Binding("r", "act('retry')", "Run again", id="job.retry"),
        Binding("K", "act('up')", "Move up among equals", id="job.move_up"),
        Binding("J", "act('down')", "Move down among equals", id="job.move_down"),
        Binding("t", "act('top')", "Move to the top of its equals", id="job.move_top"),
        Binding("b", "act('bottom')", "Move to the bottom of its equals", id="job.move_bottom"),
        Binding("d", "act('remove')", "Remove from the list", id="job.remove"),
        Binding("o", "output", "Read the Markdown", id="job.output"),
        Binding("i", "peek", "Look at a page as a picture", id="job.peek"),
        Binding("u", "unlock", "Enter the password of a locked PDF", id="job.unlock"),
        Binding("l", "log", "Read the log", id="job.log"),
        Binding("y", "copy", "Copy the path of the result", id="job.copy"),
        Binding("Y", "copy(True)", "Copy the path of the source", id="job.copy_source"),
    ]

    def chosen_ids(self) -> list[int]:
        """The jobs that an action takes, in order."""
        raise NotImplementedError

    def action_act(self, name: str) -> None:
        """Do something to the jobs chosen."""
        if ids := self.chosen_ids():
            self.post_message(ActionChosen(name, ids))

    def action_hold(self) -> None:
        """Hold the jobs chosen, or release them if they are held."""
        ids = self.chosen_ids()
        if ids:
            self.post_message(ActionChosen(hold_or_release(self._entries(ids)), ids))

    def action_cancel(self) -> None:
        """Cancel; ask if more than one job is meant."""
        ids = self.chosen_ids()
        if len(ids) > 1:
            self._ask_to_cancel(ids)
        elif ids:
            self.post_message(ActionChosen("cancel", ids))

    def action_kill(self) -> None:
        """Cancel after asking."""
        if ids := self.chosen_ids():
            self._ask_to_cancel(ids)

    def action_output(self) -> None:
        """Read the Markdown of a job, of the pages finished so far while it is running."""
        if (job := self._first_job()) is None:
            return
        if job.output is None and not self.model.jobs.entries[job.id].pages_done and job.state is not JobState.RUNNING:
            self.say("There is no Markdown yet: it appears with the first page.", is_problem=True)
            return
        self.app.push_screen(ReaderScreen(self.model, job.id))

    def action_peek(self) -> None:
        """Look at a page of a job."""
        if (job := self._first_job()) is not None:
            self.app.push_screen(PeekScreen(self.model, job.id, self.page_of(job.id)))

    def page_of(self, job_id: int) -> int:
        """The page to look at: one that is being worked on, else the first of those to convert."""
        page_map = self.model.engine.page_map(job_id)
        job = self.model.jobs.entries[job_id].job
        first = next(iter(first_selected(job.options.pages, 1)))
        return min(page_map.workers, default=first) if page_map is not None else first

    def action_log(self) -> None:
        """Read the log of a job, its end first."""
        if (job := self._first_job()) is None:
            return
        engine = self.model.engine

        def read() -> str:
            return read_tail(engine.detail(job.id).log_file)

        self.app.push_screen(
            TextScreen(self.model, job.id, lambda entry: f"Log of #{entry.job.id} {entry.job.name}", read, at_end=True)
        )

    def action_unlock(self) -> None:
        """Ask for the password of the locked ones among the jobs chosen."""
        entries = self._entries(self.chosen_ids())
        locked = [entry.job for entry in entries if entry.job.needs_password]
        if not locked:
            if entries:
                self.say("Only a job that has failed for want of a password can be unlocked.", is_problem=True)
            return
        ids = [job.id for job in locked]
        if len(locked) == 1:
            title = f"Password of #{locked[0].id} {locked[0].name}"
        else:
            title = f"Password of {plural(len(locked), 'locked PDF')}"
        text = "It is kept in memory only, and forgotten when hotfolio ends."
        engine = self.model.engine

        def answered(answer: tuple[str, Sequence[int]] | None) -> None:
            if answer is not None:
                password, opened = answer
                self.post_message(PasswordGiven(list(opened), password))
                self.run_worker(self._offer(password, ids))

        self.app.push_screen(PasswordDialog(title, text, lambda password: engine.opens(ids, password)), answered)

    async def _offer(self, password: str, asked_for: Sequence[int]) -> None:
        """Offer a password that is right to the other locked jobs that it opens."""
        entries = self.model.jobs.entries.values()
        others = [entry.job.id for entry in entries if entry.job.needs_password and entry.job.id not in asked_for]
        opened: list[int] = []
        with contextlib.suppress(HotfolioError):  # then nothing is offered
            for start in range(0, len(others), _TRIED_AT_ONCE):
                part = others[start : start + _TRIED_AT_ONCE]
                opened += await asyncio.to_thread(self.model.engine.opens, part, password)
        if not opened:
            return
        choices = [Choice("n", "Only what I have chosen", False), Choice("y", f"Unlock {len(opened)} more", True)]

        def answered(answer: bool | None) -> None:
            if answer:
                self.post_message(PasswordGiven(opened, password))

        title = f"It opens {plural(len(opened), 'other locked PDF')} too"
        self.app.push_screen(ChoiceDialog(title, "They would go on where they stood in the queue.", choices), answered)

    def action_copy(self, is_source: bool = False) -> None:
        """Copy a path to the clipboard of the terminal, also over SSH; the source's as long as there is no result."""
        if (job := self._first_job()) is None:
            return
        is_source = is_source or not job.output
        path = str(job.source.file) if is_source else os.fsdecode(job.output or b"")
        try:
            path.encode()
        except UnicodeEncodeError:
            self.say("The path is not valid UTF-8 and cannot be copied.", is_problem=True)
            return
        self.app.copy_to_clipboard(path)
        why = "" if job.output else ", as there is no result"
        what = f"Copied the {'source' if is_source else 'result'}'s path{why}"
        if takes_clipboard():
            self.say(f"{what}: {display_name(path)}")
        else:
            self.offer(f"{what}; or select it:", display_name(path))

    def _first_job(self) -> Job | None:
        entries = self._entries(self.chosen_ids()[:1])
        return entries[0].job if entries else None

    def _ask_to_cancel(self, ids: list[int]) -> None:
        entries = self._entries(ids)
        open_ids = [entry.job.id for entry in entries if not entry.job.state.is_finished]
        if not open_ids:
            self.say("Only queued, held and running jobs can be cancelled.", is_problem=True)
            return
        running = sum(entry.job.state is JobState.RUNNING for entry in entries)
        title, text = cancel_question(entries)
        label = f"Cancel {plural(len(open_ids), 'job')}" + (f" and kill {running} running" if running else "")
        choices = [Choice("n", "Go on as before", False), Choice("y", label, True)]

        def answered(answer: bool | None) -> None:
            if answer:
                self.post_message(ActionChosen("cancel", open_ids))

        self.app.push_screen(ChoiceDialog(title, text, choices), answered)

    def _entries(self, ids: list[int]) -> list[JobSnapshot]:
        entries = self.model.jobs.entries
        return [entries[job_id] for job_id in ids if job_id in entries]
