"""Waits for descriptors, of any number: `select.select` takes none beyond 1023, and a server has thousands."""

import select
import socket

Channel = int | socket.socket


def readable(timeout_s: float, *channels: Channel) -> list[Channel]:
    """Those that something can be read from, or that have ended or broken; waits for one, at most for so long.

    Raises `ValueError` for one that is closed on this side.
    """
    poll = select.poll()
    numbers = {channel if isinstance(channel, int) else channel.fileno(): channel for channel in channels}
    for number in numbers:
        poll.register(number, select.POLLIN)
    return [numbers[number] for number, _ in poll.poll(max(0.0, timeout_s) * 1000)]
