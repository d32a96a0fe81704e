"""`hotfolio nodes`: the machines of the cluster."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from engine.job.machines import NodeSnapshot


@takes_settings(*QUEUE)
def nodes(load: Load, json: Json = False) -> None:
    """List the machines that have joined the cluster, and what each is at."""

    def work() -> int:
        from tui.command.reach import OK, print_json, running_engine

        vitals = running_engine(load().settings.state_folder).vitals()
        if json:
            print_json([asdict(node) for node in vitals.nodes])
        elif vitals.nodes:
            print("\n".join(lines(vitals.nodes)))
        else:
            print("No node has joined.")
        return OK

    answer(work)


def lines(nodes: "tuple[NodeSnapshot, ...]") -> list[str]:
    """A line for each node, in columns, below their headings."""
    from engine.base.safetext import display_name, display_text
    from tui.text.formatting import number, size

    rows = [
        ("NODE", "STATE", "BUSY", "PAGES", "MEMORY", "CACHE", "TRIP", ""),
        *(
            (
                display_name(node.name),
                node.state.value,
                f"{node.busy}/{node.slots}",
                number(node.pages),
                size(node.rss_bytes),
                size(node.cached_bytes),
                f"{node.round_trip_s * 1000:.0f} ms",
                display_text(node.why),
            )
            for node in nodes
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
