"""What signal handlers may do."""

import signal
import subprocess
import sys
import time

_PROGRAM = """
import os, signal
from tui.terminal.signals import SignalEvent

event, caught = SignalEvent(), 0

def on_signal(*_):
    global caught
    caught += 1
    event.set()

signal.signal(signal.SIGUSR1, on_signal)
print("ready", flush=True)
while caught < 500:
    event.wait(0.0002)
    event.clear()
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
os._exit(0)
"""


def test_an_event_can_be_set_by_a_handler_whatever_it_interrupts() -> None:
    with subprocess.Popen([sys.executable, "-c", _PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            deadline = time.monotonic() + 40
            while process.poll() is None and time.monotonic() < deadline:
                process.send_signal(signal.SIGUSR1)
                time.sleep(0.0005)  # so that one handler ends before the next begins
            assert process.poll() == 0, "it waits for itself"
        finally:
            process.kill()
