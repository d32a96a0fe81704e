"""Files that are rewritten all the time: a few of them, for a moment."""

from pathlib import Path

import pytest

from tests.chaos import soak
from tests.chaos.counts import Broken
from tests.chaos.soak import Soak
from tests.chaos.world import World


def test_files_that_are_rewritten_are_published_and_nothing_is_left(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        run = Soak(tmp_path, world, seed=1)
        run.run(4, files=3)
        run.engine.close()
    assert ", done " in run.summary() or "jobs: done" in run.summary()


def test_a_file_that_waits_too_long_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "_WITHOUT_RESULT_S", 0.0)
    with World(tmp_path) as world:
        run = Soak(tmp_path, world, seed=1)
        with pytest.raises(Broken, match="no new result"):
            run.run(60, files=3)
        run.engine.close()
