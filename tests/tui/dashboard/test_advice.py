"""What is told to somebody whose job is not going well."""

import pytest
from textual.binding import Binding

from engine.job.job import NEEDS_PASSWORD, JobState
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.advice import advice, short_reason
from tui.dashboard.keys import Keys

KEYS = Keys(
    [
        Binding("r", "retry", id="job.retry"),
        Binding("l", "log", id="job.log"),
        Binding("x", "remove", id="job.remove"),
        Binding("h", "hold", id="job.hold"),
        Binding("u", "unlock", id="job.unlock"),
    ],
    {"job.retry": "t"},
)


@pytest.mark.parametrize(
    ("state", "fields", "sentence"),
    [
        (JobState.DONE, {}, ""),
        (JobState.QUEUED, {}, ""),
        (JobState.HELD, {}, "It waits until you release it: press h."),
        (
            JobState.FAILED,
            {"reason": "The file is not a PDF."},
            "Nothing was published; the source is untouched. Press t to try again, l for the log, x to remove.",
        ),
        (
            JobState.PARTIAL,
            {"pages": 3, "done": 3, "failed": 1},
            "Published, but 1 page is missing. Press t to try them again, l for the log.",
        ),
        (
            JobState.PARTIAL,
            {"pages": 3, "done": 3, "failed": 2},
            "Published, but 2 pages are missing. Press t to try them again, l for the log.",
        ),
        (JobState.CANCELLED, {}, "Press t to run it again."),
        (JobState.CANCELLED, {"pages": 3, "done": 1}, "Press t to run it again. 1 finished page is kept."),
    ],
)
def test_the_sentence_fits_the_state_and_names_a_person_s_own_keys(
    state: JobState, fields: dict[str, object], sentence: str
) -> None:
    engine = FakeEngine()
    job_id = engine.add(state=state, **fields)  # type: ignore[arg-type]
    assert advice(engine.job(job_id), KEYS) == sentence


def test_a_password_is_asked_for_by_its_key() -> None:
    engine = FakeEngine()
    locked = engine.job(engine.add(state=JobState.FAILED, reason=NEEDS_PASSWORD))
    assert advice(locked, KEYS) == "Press u to enter the password. It is kept in memory only."
    assert short_reason(locked, KEYS) == "needs a password: press u"
    other = engine.job(engine.add(state=JobState.FAILED, reason="It is empty."))
    assert short_reason(other, KEYS) == "It is empty."
    assert short_reason(engine.job(engine.add()), KEYS) == ""
