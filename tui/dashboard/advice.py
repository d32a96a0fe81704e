"""What a person can do about a job that is not going well: one sentence, with the keys."""

from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot
from tui.dashboard.keys import Keys
from tui.text.formatting import plural


def advice(entry: JobSnapshot, keys: Keys) -> str:
    """The sentence, empty if nothing is wrong."""
    job = entry.job
    retry, log = keys("job.retry"), keys("job.log")
    match job.state:
        case JobState.FAILED if job.needs_password:
            return f"Press {keys('job.unlock')} to enter the password. It is kept in memory only."
        case JobState.FAILED:
            remove = keys("job.remove")
            return (
                f"Nothing was published; the source is untouched. "
                f"Press {retry} to try again, {log} for the log, {remove} to remove."
            )
        case JobState.PARTIAL:
            failed = "1 page is" if entry.pages_failed == 1 else f"{entry.pages_failed} pages are"
            return f"Published, but {failed} missing. Press {retry} to try them again, {log} for the log."
        case JobState.HELD:
            return f"It waits until you release it: press {keys('job.hold')}."
        case JobState.CANCELLED:
            pages = plural(entry.pages_done, "finished page")
            kept = f" {pages} {'is' if entry.pages_done == 1 else 'are'} kept." if entry.pages_done else ""
            return f"Press {retry} to run it again.{kept}"
        case _:
            return ""


def short_reason(entry: JobSnapshot, keys: Keys) -> str:
    """Why a job is in its state, as short as a row of the list needs it; empty if that is plain."""
    if entry.job.needs_password:
        return f"needs a password: press {keys('job.unlock')}"
    return entry.job.reason or ""
