"""What is asked of a person who leaves while there is work."""

from tui.dashboard.messages import QuitChoice
from tui.dashboard.model import Model
from tui.dashboard.screens.choice_dialog import Choice, ChoiceDialog
from tui.text.formatting import number, plural


def quit_dialog(model: Model) -> ChoiceDialog[QuitChoice | None]:
    """Ends with what is to become of the work, None to stay."""
    running, waiting = model.totals.active, model.totals.queue_depth
    pages = sum(entry.pages_done for entry in model.jobs.entries.values() if entry.step is not None)
    title = f"{plural(running, 'job')} running, {number(waiting)} waiting. Quit?"
    kept = f"{plural(pages, 'finished page')} of running jobs are kept. " if pages else ""
    text = f"{kept}What is left goes on at the next start."
    choices: list[Choice[QuitChoice | None]] = [
        Choice("n", "Stay", None),
        Choice("b", "Go on in the background, without a dashboard", QuitChoice.BACKGROUND),
    ]
    if running:
        choices.append(Choice("f", f"Finish {plural(running, 'running job')}, then quit", QuitChoice.FINISH))
    choices.append(Choice("s", "Stop now", QuitChoice.STOP))
    return ChoiceDialog(title, text, choices)
