"""What the dashboard's full screens have in common: the keys for jobs, a line of hints, and a least size."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from engine.job import JobState
from engine.progress import JobSnapshot
from tui.actions import cancel_question, hold_or_release
from tui.formatting import plural
from tui.messages import ActionChosen
from tui.model import Model, Update
from tui.screens.choice_dialog import Choice, ChoiceDialog
from tui.widgets.key_bar import KeyBar

MIN_WIDTH, MIN_HEIGHT = 60, 15


class DashboardScreen(Screen[None]):
    """Shows the model. Told by the app about every update, also while another screen is on top."""

    DEFAULT_CSS = """
    DashboardScreen { background: $background; }
    DashboardScreen #too-small { display: none; width: 1fr; height: 1fr; content-align: center middle; }
    DashboardScreen.-small > * { display: none; }
    DashboardScreen.-small > #too-small { display: block; }
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def take(self, update: Update) -> None:
        """Show what has changed."""

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message at the bottom for a moment."""
        for key_bar in self.query(KeyBar):
            key_bar.say(text, is_problem=is_problem)


class JobScreen(DashboardScreen):
    """A screen on which one or more jobs are chosen, with the keys that do something to them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel", "Cancel; asks for more than one", id="job.cancel"),
        Binding("X", "kill", "Cancel and kill the process at once; asks", id="job.kill"),
        Binding("plus,equals_sign", "act('raise')", "Raise the priority", id="job.raise"),
        Binding("minus", "act('lower')", "Lower the priority", id="job.lower"),
        Binding("p", "hold", "Hold, or release what is held", id="job.hold"),
        Binding("r", "act('retry')", "Run again", id="job.retry"),
        Binding("K", "act('up')", "Move up among equals", id="job.move_up"),
        Binding("J", "act('down')", "Move down among equals", id="job.move_down"),
        Binding("t", "act('top')", "Move to the top of its equals", id="job.move_top"),
        Binding("b", "act('bottom')", "Move to the bottom of its equals", id="job.move_bottom"),
        Binding("d", "act('remove')", "Remove from the list", id="job.remove"),
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
