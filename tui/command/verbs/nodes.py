"""`hotfolio nodes`: the machines of the cluster."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, answer, takes_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.facade.doctor import Check
    from engine.job.machines import NodeSnapshot
    from engine.job.vitals import Vitals
    from engine.settings.settings import Settings


@takes_settings(*QUEUE)
def nodes(load: Load, json: Json = False) -> None:
    """List the machines that have joined the cluster, and what each is at."""

    def work() -> int:
        from tui.command.reach import OK, print_json, running_engine

        vitals = running_engine(load().settings.state_folder).vitals()
        if json:
            print_json([asdict(node) for node in vitals.nodes])
        else:
            if trouble := trouble_of(vitals):
                print(trouble)
            if vitals.nodes:
                print("\n".join(lines(vitals.nodes)))
            elif not trouble:
                print("No node has joined.")
        return OK

    answer(work)


def trouble_of(vitals: "Vitals") -> str:
    """Why no node can be reached, as a sentence; empty while they can."""
    from engine.base.safetext import display_text

    return next((display_text(banner.message) for banner in vitals.banners if banner.key == "cluster"), "")


def reached(settings: "Settings") -> "Iterator[Check]":
    """Whether the engine that runs, if one does, reaches its nodes; for the doctor."""
    from engine.base.errors import EngineUnreachable
    from engine.base.safetext import display_name, display_text
    from engine.facade.doctor import Check, Verdict
    from tui.command.reach import running_engine
    from tui.text.formatting import plural

    try:
        vitals = running_engine(settings.state_folder).vitals()
    except EngineUnreachable:
        return
    if trouble := trouble_of(vitals):
        yield Check("nodes", Verdict.WARNING, trouble, "The file cluster.log in the state folder has more.")
    refused = [node for node in vitals.nodes if node.state in ("refused", "held")]
    for node in refused:
        yield Check("nodes", Verdict.WARNING, f"{display_name(node.name)}: {display_text(node.why)}")
    if not trouble and not refused:
        yield Check("nodes", Verdict.OK, f"{plural(len(vitals.nodes), 'node')} joined.")


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
