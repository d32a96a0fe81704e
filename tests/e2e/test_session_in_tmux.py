"""What a person does in the first hour, in tmux, without having read anything; at three sizes: `make session`."""

from pathlib import Path

import pytest

from tests.e2e.session import SIZES, TMUX, first_hour, tmux


@pytest.mark.skipif(TMUX is None, reason="needs tmux")
def test_the_first_hour_goes_well_without_the_documentation(tmp_path: Path) -> None:
    with tmux(tmp_path, SIZES[0]) as pane:
        first_hour(pane, tmp_path)
