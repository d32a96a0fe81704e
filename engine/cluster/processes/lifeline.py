"""Ends a process of the cluster's with whoever has started it: its standard input tells."""

import asyncio
import os

_BLOCK = 4096


async def until_alone() -> None:
    """Wait until the standard input ends."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def look() -> None:
        if not os.read(0, _BLOCK):
            loop.remove_reader(0)
            ended.set()

    loop.add_reader(0, look)
    await ended.wait()
