"""JobScreen: a screen on which one or more jobs are chosen, with the keys that do something to them."""

import os
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.display import display_name
from engine.job import Job, JobState
from engine.progress import JobSnapshot
from tui.actions import cancel_question, hold_or_release
from tui.formatting import plural
from tui.messages import ActionChosen
from tui.screens.base import DashboardScreen
from tui.screens.choice_dialog import Choice, ChoiceDialog
from tui.screens.text import TextScreen
from tui.textfiles import read_markdown, read_tail


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
        Binding("l", "log", "Read the log", id="job.log"),
        Binding("y", "copy", "Copy the path of the result", id="job.copy"),
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
        """Read the Markdown of a job."""
        if (job := self._first_job()) is None:
            return
        if job.output is None:
            self.say("There is no Markdown yet: it appears when the job is done.", is_problem=True)
            return
        folder = Path(os.fsdecode(job.output))
        self.app.push_screen(TextScreen(self.model, job.id, f"Output of #{job.id}", lambda: read_markdown(folder)))

    def action_log(self) -> None:
        """Read the log of a job, its end first."""
        if (job := self._first_job()) is None:
            return
        engine = self.model.engine

        def read() -> str:
            return read_tail(engine.detail(job.id).log_file)

        self.app.push_screen(TextScreen(self.model, job.id, f"Log of #{job.id}", read, at_end=True))

    def action_copy(self) -> None:
        """Copy a path to the clipboard of the terminal, also over SSH."""
        if (job := self._first_job()) is None:
            return
        path = os.fsdecode(job.output) if job.output else str(job.source.file)
        try:
            path.encode()
        except UnicodeEncodeError:
            self.say("The path is not valid UTF-8 and cannot be copied.", is_problem=True)
            return
        self.app.copy_to_clipboard(path)
        self.say(f"Copied {display_name(path)}")

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
