"""When waiting is over, and with which exit status."""

import pytest

from tests import pdfs
from tests.tui.command.conftest import Running
from tests.waiting import wait_until
from tui.command.reach import FAILED, OK, TIME_OVER
from tui.command.verbs.wait import wait_for


def test_waiting_for_a_job_that_is_held_is_no_success_but_held_jobs_do_not_matter_to_the_rest(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    (job_id,) = running.submit()
    running.engine.hold([job_id])
    assert wait_for(running.folder, {job_id}, 20, as_json=False) == FAILED
    assert capsys.readouterr().out == "1 held\n"
    assert wait_for(running.folder, None, 20, as_json=False) == OK


def test_waiting_for_everything_waits_for_what_is_still_coming_in(running: Running) -> None:
    (running.settings.input / "late.pdf").write_bytes(pdfs.text_pages(1))
    wait_until(lambda: running.engine.unsettled, "the file to be seen")
    assert wait_for(running.folder, None, 0.3, as_json=True) == TIME_OVER
