"""The program that opens a file of an office program by LibreOffice's library, held to it from before that is loaded.

By the library and not by `soffice`: that starts programs, and wants a Unix socket in /tmp. The library works under what
processes are held to that read PDFs: no programs, no sockets, one folder to write in.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from engine.convert.process.office import CANNOT_OPEN, CANNOT_SAVE, CANNOT_START
from engine.sandbox.confinement import Allowed, confine
from engine.sandbox.officetools import LIBRARIES

_PR_SET_PDEATHSIG = 1  # prctl(2)
_NO_MACROS = b"EnableMacrosExecution=false,Batch=true"
_AS_PDF = {"UseTaggedPDF": {"type": "boolean", "value": "true"}}
_SMALLEST = 1000
"""Bytes; where all is in one library, there is an empty file in the other one's place."""


class _Kit(ctypes.Structure):
    """`LibreOfficeKit`, and `LibreOfficeKitDocument`: a pointer to what can be done (LibreOfficeKit.h)."""

    _fields_ = (("functions", ctypes.POINTER(ctypes.c_void_p)),)


_KitPointer = ctypes.POINTER(_Kit)
# Places in the tables, after their size and `destroy`; tables only ever grow at their ends.
_GET_ERROR = 3, ctypes.CFUNCTYPE(ctypes.c_char_p, _KitPointer)
_LOAD = 4, ctypes.CFUNCTYPE(_KitPointer, _KitPointer, ctypes.c_char_p, ctypes.c_char_p)
_SAVE_AS = 2, ctypes.CFUNCTYPE(ctypes.c_int, _KitPointer, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p)


def main() -> NoReturn:
    """Do what the order on stdin says, see `engine.convert.process.office`, and end without a farewell."""
    order = json.load(sys.stdin)
    if not _ends_with(order["parent"]):
        os._exit(CANNOT_START)
    try:
        work = Path(order["work"])
        confine(Allowed(tuple(map(Path, order["read"])), (work, Path("/dev/null")), memory=order["memory"]))
        kit = _kit(Path(order["program"]), order["profile"])
    except (OSError, AttributeError) as error:
        print(f"LibreOffice: {error}", flush=True)
        os._exit(CANNOT_START)
    if not kit:
        os._exit(CANNOT_START)
    document = _call(kit, _LOAD, order["document"].encode(), _NO_MACROS)
    if not document:
        _end(kit, CANNOT_OPEN)
    if not _call(document, _SAVE_AS, order["pdf"].encode(), b"pdf", json.dumps(_AS_PDF).encode()):
        _end(kit, CANNOT_SAVE)
    os._exit(0)


def _ends_with(parent: int) -> bool:
    """Have this process killed when the one that waits for it ends; False if that has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def _kit(program: Path, profile: str) -> Any:
    """LibreOffice, started in this process. Raises `OSError` or `AttributeError` if that is not its library."""
    files = (program / name for name in LIBRARIES)
    library = next(file for file in files if file.exists() and file.stat().st_size > _SMALLEST)
    hook = ctypes.CDLL(str(library)).libreofficekit_hook_2
    hook.restype, hook.argtypes = _KitPointer, [ctypes.c_char_p, ctypes.c_char_p]
    return hook(os.fsencode(program), profile.encode())


def _call(kit: Any, function: tuple[int, Any], *arguments: bytes) -> Any:
    place, prototype = function
    return prototype(kit.contents.functions[place])(kit, *arguments)


def _end(kit: Any, status: int) -> NoReturn:
    print(f"LibreOffice: {(_call(kit, _GET_ERROR) or b'').decode(errors='replace')}", flush=True)
    os._exit(status)


if __name__ == "__main__":
    main()
