"""Has LibreOffice make a PDF of a file of an office program, in a process held to that file and nothing else."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.base.disk import fsync_path
from engine.job.kinds import HEAD, kind_of, label
from engine.job.options import OFFICE, DocumentKind
from engine.sandbox.officetools import OfficeTools, installed_office
from engine.sandbox.protocol import CONVERTED, SOURCE

PROGRAM = "engine.convert.process.officekit"
WORK = "office"
"""A folder of its own in the job's: the profile, what it keeps meanwhile, and the PDF. Gone when it is done."""
CANNOT_START, CANNOT_OPEN, CANNOT_SAVE = 10, 11, 12
"""How the program ends besides 0."""
_PLACES = ("/etc/libreoffice", "/var/lib/libreoffice", "/var/spool/libreoffice", "/etc/fonts", "/var/cache/fontconfig")
"""Its settings, its extensions, and fonts."""
_HANDED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "TZ")


def make_pdf(
    name: str,
    accept: Sequence[DocumentKind],
    code: Sequence[Path],
    memory: int,
    *,
    tools: OfficeTools | None = None,
    command: Sequence[str] = (sys.executable, "-P", "-m", PROGRAM),
) -> str:
    """If the document in the working directory is LibreOffice's to open, and no PDF yet, have it made one beside it.

    Returns why it cannot be, as a sentence; nothing if it is done, or not needed. `code` is what an interpreter needs
    to read, `memory` is in bytes. Call it while this process may still start programs: it only looks at how the file
    begins, and waits, for as long as that takes. Whoever kills this process ends LibreOffice too.
    """
    kind = _kind(name, accept)
    if kind is None or Path(CONVERTED).exists():
        return ""
    tools = tools or installed_office()
    problem = tools.problem(kind)
    if problem or tools.folder is None:
        return problem
    work = Path(WORK).absolute()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    try:
        source = Path(SOURCE).resolve()
        document = work / f"document.{kind}"  # by its suffix, LibreOffice knows what it is to open
        document.symlink_to(source)
        order = {
            "parent": os.getpid(),
            "program": str(tools.folder),
            "read": [str(place) for place in (*code, *_PLACES, tools.folder.parent, source)],
            "work": str(work),
            "memory": memory,
            "document": document.as_uri(),
            "pdf": (work / CONVERTED).as_uri(),
            "profile": (work / "profile").as_uri(),
        }
        text = json.dumps(order).encode()
        status = subprocess.run(command, input=text, env=_environment(work), cwd=work, check=False).returncode
        return _failure(kind, status) or _take(kind, work / CONVERTED)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _kind(name: str, accept: Sequence[DocumentKind]) -> DocumentKind | None:
    """What the document is, if it is LibreOffice's to open, and may be opened."""
    mine = OFFICE.intersection(accept)
    if not mine:
        return None
    with Path(SOURCE).open("rb") as stream:
        kind = kind_of(name, stream.read(HEAD))
    return kind if kind in mine else None


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    # `svp` draws without a screen.
    return {**kept, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"}


def _failure(kind: DocumentKind, status: int) -> str:
    if status < 0:
        return f"LibreOffice was ended by {signal.Signals(-status).name} while it made a PDF of the {label(kind)}."
    if status == CANNOT_OPEN:
        return f"LibreOffice cannot open the {label(kind)}: it is damaged, or protected by a password."
    if status == CANNOT_SAVE:
        return f"LibreOffice cannot make a PDF of the {label(kind)}."
    return "LibreOffice cannot be started; the job's log says why." if status else ""


def _take(kind: DocumentKind, pdf: Path) -> str:
    """Put the PDF where it is looked for; what has made it is not believed."""
    try:
        found = pdf.lstat()
    except FileNotFoundError:
        found = None
    if found is None or not stat.S_ISREG(found.st_mode) or not found.st_size:
        return _failure(kind, CANNOT_SAVE)
    fsync_path(pdf)
    pdf.replace(CONVERTED)
    fsync_path(Path())
    return ""
