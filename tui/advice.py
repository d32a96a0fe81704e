"""What a person can do about a job that is not going well: one sentence, with the keys."""

from engine.job import JobState
from engine.progress import JobSnapshot


def advice(entry: JobSnapshot) -> str:
    """The sentence, empty if nothing is wrong."""
    job = entry.job
    match job.state:
        case JobState.FAILED:
            return "Nothing was published; the source is untouched. Press r to try again, l for the log, d to remove."
        case JobState.PARTIAL:
            failed = "1 page is" if entry.pages_failed == 1 else f"{entry.pages_failed} pages are"
            return f"Published, but {failed} missing. Press r to try them again, l for the log."
        case JobState.HELD:
            return "It waits until you release it: press p."
        case JobState.CANCELLED:
            kept = f" {entry.pages_done} finished pages are kept." if entry.pages_done else ""
            return f"Press r to run it again.{kept}"
        case _:
            return ""
