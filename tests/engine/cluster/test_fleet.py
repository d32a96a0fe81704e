"""A bridge that ends at once is left alone ever longer, and it is said why."""

import socket

from engine.cluster.fleet import Fleet
from tests.clock import Clock
from tests.engine.cluster.pauses import Pauses
from tests.waiting import wait_until


def test_a_bridge_that_never_has_its_scheduler_is_made_anew_ever_more_seldom() -> None:
    clock, pauses = Clock(), Pauses()

    def connect() -> socket.socket:
        clock.advance(100)  # so long it takes to start on a busy machine, and then it ends
        if len(pauses.asked) == 2:
            raise OSError(12, "Cannot allocate memory")
        ours, theirs = socket.socketpair()
        theirs.close()
        if len(pauses.asked) == 4:
            fleet.close()
        return ours

    fleet = Fleet(connect, dict, 1, clock, pauses)
    told: list[str | None] = []
    pauses.on_ended = lambda: told.append(fleet.problem)
    fleet.start()
    wait_until(lambda: len(pauses.asked) == 5)
    fleet.close()
    assert pauses.asked == [1, 2, 4, 8, 16]
    assert (
        told[2] == "The bridge to the nodes has ended; it has failed 2 times in a row, and is started again after 2 s."
    )
    assert told[3] is not None
    assert told[3].startswith("The bridge to the nodes (Cannot allocate memory) has failed; it has failed 3 times")
