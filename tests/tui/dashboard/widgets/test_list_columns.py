"""Which columns fit, and what is in them."""

import pytest

from tui.dashboard.widgets.list_columns import fit_columns


@pytest.mark.parametrize("width", range(20, 220, 7))
def test_columns_fill_the_width_and_keep_the_name_readable(width: int) -> None:
    columns = fit_columns(width, 10_000)
    cells = [getattr(columns, name) for name in columns.__slots__ if name != "width"]
    assert 2 + sum(cell + 1 for cell in cells if cell) - 1 == width or columns.name == 1
    if width >= 60:
        assert columns.name >= 20
