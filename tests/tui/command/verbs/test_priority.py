"""What a priority on the command line means."""

import pytest

from engine.base.errors import HotfolioError
from engine.job.job import MAX_PRIORITY
from tests.tui.command.conftest import Running
from tui.command.verbs.priority import _order


def test_a_sign_changes_a_priority_and_a_bare_number_sets_it(running: Running) -> None:
    (job_id,) = running.submit()

    def priority_after(value: str) -> int:
        act, _ = _order(value)
        assert act(running.engine, [job_id]) == [job_id]
        return running.engine.job(job_id).job.priority

    assert [priority_after(value) for value in ("5", "+2", "-3", "-0", "0")] == [5, 7, 4, 4, 0]
    assert [_order(value)[1] for value in ("5", "+2", "-3")] == ["given priority 5", "raised by 2", "lowered by 3"]


def test_a_priority_has_bounds(running: Running) -> None:
    (job_id,) = running.submit()
    with pytest.raises(HotfolioError, match="between -1000000 and 1000000"):
        _order("9" * 20)
    for value in (str(MAX_PRIORITY), "+1"):
        act, _ = _order(value)
        act(running.engine, [job_id])
    assert running.engine.job(job_id).job.priority == MAX_PRIORITY


def test_what_is_no_number_is_refused_with_an_example() -> None:
    with pytest.raises(HotfolioError, match="“high” is not a priority such as 5"):
        _order("high")
