#!/usr/bin/env bash
# textual 8.2.8 (PyPI): the cursor of `DataTable` and `OptionList` when the rows change, as they do in a dashboard.
# Expected: rows have keys, so the cursor stays with its row when the table is sorted or when a row above it goes, as that of
#   `ListView` does; or else it stays at its place, and a message says which row is highlighted now, as one does when the
#   cursor's own row is removed.
# Seen: it stays at its place, and nothing is said. The last `RowHighlighted` (`OptionHighlighted`) names one row, and the cursor
#   is on another: a pane that shows the highlighted row shows the wrong one, and Enter acts on the other.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8 rich==15.0.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import asyncio
import sys
from importlib.metadata import version

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Label, ListItem, ListView, OptionList
from textual.widgets.option_list import Option

PAGES = {"c.pdf": 3, "a.pdf": 1, "b.pdf": 2, "d.pdf": 10}


class Queue(App[None]):
    said = ""

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")
        yield OptionList(*(Option(name, id=name) for name in PAGES))
        yield ListView(*(ListItem(Label(name), name=name) for name in PAGES))

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_column("Name", key="name")
        table.add_column("Pages", key="pages")
        for name, pages in PAGES.items():
            table.add_row(name, pages, key=name)

    def on_data_table_row_highlighted(self, message: DataTable.RowHighlighted) -> None:
        self.said = str(message.row_key.value)

    def on_option_list_option_highlighted(self, message: OptionList.OptionHighlighted) -> None:
        self.said = str(message.option_id)

    def on_list_view_highlighted(self, message: ListView.Highlighted) -> None:
        self.said = str(message.item.name) if message.item else ""


async def look() -> dict[str, tuple[str, str]]:
    """What was said last to be highlighted, and what the cursor is on."""
    seen = {}
    app = Queue()
    async with app.run_test() as pilot:
        table, options, items = app.query_one(DataTable), app.query_one(OptionList), app.query_one(ListView)

        def on() -> str:
            return str(table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value)

        table.move_cursor(row=1)
        await pilot.pause()
        seen["table"] = (app.said, on())
        table.sort("pages")
        await pilot.pause()
        seen["table, sorted"] = (app.said, on())
        table.move_cursor(row=2)
        await pilot.pause()
        table.remove_row("a.pdf")
        await pilot.pause()
        seen["table, a row above removed"] = (app.said, on())
        table.remove_row(on())
        await pilot.pause()
        seen["table, its own row removed"] = (app.said, on())
        options.highlighted = 2
        await pilot.pause()
        options.remove_option("c.pdf")
        await pilot.pause()
        seen["options, one above removed"] = (app.said, str(options.get_option_at_index(options.highlighted).id))
        items.index = 2
        await pilot.pause()
        await items.pop(0)
        await pilot.pause()
        seen["list, one above removed"] = (app.said, str(items.highlighted_child.name))
    return seen


seen = asyncio.run(look())
for what, (said, on) in seen.items():
    print(f"textual {version('textual')}, {what}: said was {said}, the cursor is on {on}")
as_stated = seen == {
    "table": ("a.pdf", "a.pdf"),
    "table, sorted": ("a.pdf", "b.pdf"),
    "table, a row above removed": ("c.pdf", "d.pdf"),
    "table, its own row removed": ("c.pdf", "c.pdf"),
    "options, one above removed": ("b.pdf", "d.pdf"),
    "list, one above removed": ("b.pdf", "b.pdf"),
}
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
