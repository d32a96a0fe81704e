"""A fork server whose processes misbehave on pages that ask for it; run instead of `engine.convert.process.forking`.

A page asks by a line such as `fault: loop`. `fault-once: …`, or `fault-first: …`, is for the first process alone that
meets it, and `fault-always: …` is there even when the page is read as plain text.
"""

import contextlib
import ctypes
import mmap
import os
import re
import resource
import signal
import time
from itertools import count
from pathlib import Path

from engine.convert.process import child, forking, runtime
from engine.sandbox.protocol import PageStarted, encode
from engine.sandbox.stages import Stage


def install() -> None:
    runtime.load(Stage.BARE)
    from engine.convert.formats import families
    from engine.convert.open.context import MergeContext, PageContext

    honest = families.converters
    if "FAULTY_CHILD_WITHOUT_OCR" in os.environ:
        from engine.convert.ocr import choice as ocr
        from engine.sandbox.capabilities import OcrTools

        ocr.installed_tools = lambda: OcrTools(None, None)

    class FaultyConverter:
        def convert_page(self, page: PageContext) -> None:
            found = re.search(r"fault(-once|-first|-always)?: (\w+)", page.load().get_text())
            if found is None:
                return
            if found[2] == "hoard":  # and goes on without
                with contextlib.suppress(MemoryError):
                    hoard.extend(bytearray(1 << 20) for _ in count())
                return
            once = Path.cwd() / f"had-{page.number}"
            if (page.text_only and found[1] != "-always") or (found[1] in ("-once", "-first") and once.exists()):
                return
            once.touch()
            if found[2] == "together":  # the page after it is under way as well when the process ends
                connections[0].sendall(encode(PageStarted(page=page.number + 1)))
                os._exit(3)
            misbehave(found[2])

        def merge(self, document: MergeContext) -> None:
            pass

    families.converters = lambda options: [FaultyConverter(), *honest(options)]


def misbehave(fault: str) -> None:
    match fault:
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            os._exit(3)
        case "sigkill" | "sigstop":
            os.kill(os.getpid(), getattr(signal, fault.upper()))
            time.sleep(60)
        case "loop":  # native code that never comes back and keeps the interpreter's lock, but not the processor
            ctypes.PyDLL(None).sleep(600)
        case "memory":
            hoard = []
            try:
                while True:
                    hoard.append(bytearray(os.urandom(1 << 20)) * 8)
            finally:
                hoard.clear()
                Path("peak").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10))
        case "shared":  # memory that no limit of the process counts
            shared = mmap.mmap(-1, 2 << 30)
            for _ in range(256):
                shared.write(os.urandom(1 << 20) * 8)
            time.sleep(60)
        case "terminate":  # as C++ does when nobody catches it
            os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
            os.abort()
        case "abort":
            os.abort()
        case "garbage":
            connections[0].sendall(b"\x00\xff this is not the protocol\n")
            time.sleep(60)
        case "endless":
            while True:
                connections[0].sendall(b"x" * 65536)
        case "slow":
            time.sleep(0.25)
        case "raise":
            raise RuntimeError("the converter tripped")
        case _:
            raise AssertionError(f"no fault {fault}")


connections = []
hoard = []


class KnownChild(child.Child):
    def __init__(self, connection, threads) -> None:  # type: ignore[no-untyped-def]
        connections.append(connection)
        super().__init__(connection, threads)


if __name__ == "__main__":
    install()
    forking.main(KnownChild)
