"""How the machines of a cluster are listed."""

from types import SimpleNamespace
from typing import cast

from engine.job.machines import NodeSnapshot, NodeState
from engine.job.snapshot import Banner
from engine.job.vitals import Vitals
from tui.command.verbs.nodes import lines, trouble_of

READY = NodeSnapshot("desk2", NodeState.READY, "", 8, 8, 1204, 0.1, 0.002, 48 << 20, 1 << 40, 2 << 30, 0)
HELD = NodeSnapshot("a-longer-name", NodeState.HELD, "The disk is \x1b[31mfull.", 4, 0, 0, 0.1, 0.1, 0, 0, 0, 0)


def test_each_has_a_line_in_columns_and_what_it_says_cannot_steer_a_terminal() -> None:
    head, ready, held = lines((READY, HELD))
    assert head.split() == ["NODE", "STATE", "BUSY", "PAGES", "MEMORY", "CACHE", "TRIP"]
    assert ready.split()[:4] == ["desk2", "ready", "8/8", "1,204"]
    assert ready.endswith("2 ms")
    assert "100 ms  The disk is" in held
    assert "\x1b" not in held
    assert {line.index(word) for line, word in ((head, "STATE"), (ready, "ready"), (held, "held"))} == {15}


def test_why_no_node_is_reached_is_told_and_cannot_steer_a_terminal() -> None:
    vitals = cast(Vitals, SimpleNamespace(banners=(Banner("disk", "Full."), Banner("cluster", "It \x1b[31mended."))))
    assert "ended." in trouble_of(vitals)
    assert "\x1b" not in trouble_of(vitals)
    assert not trouble_of(cast(Vitals, SimpleNamespace(banners=(Banner("disk", "Full."),))))
