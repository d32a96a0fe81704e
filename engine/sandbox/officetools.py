"""Where LibreOffice is installed, and what it makes PDFs of there. Starts nothing."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.job.options import OFFICE, DocumentKind

LIBRARIES = ("libsofficeapp.so", "libmergedlo.so")
"""Which of them can be asked to open a document depends on how LibreOffice was built."""
_PARTS = {
    DocumentKind.DOCX: ("Writer", "libswlo.so"),
    DocumentKind.ODT: ("Writer", "libswlo.so"),
    DocumentKind.XLSX: ("Calc", "libsclo.so"),
    DocumentKind.PPTX: ("Impress", "libsdlo.so"),
}
"""The part of LibreOffice that a kind needs, and the file that it is in; distributions have packages of each."""
_USUAL = ("/usr/lib/libreoffice/program", "/usr/lib64/libreoffice/program")


@dataclass(frozen=True, slots=True)
class OfficeTools:
    """LibreOffice on this machine."""

    folder: Path | None
    """Of its programs and libraries; None where it is not installed."""

    @property
    def kinds(self) -> tuple[DocumentKind, ...]:
        """What it opens."""
        folder = self.folder
        return tuple(k for k in DocumentKind if k in OFFICE and folder and (folder / _PARTS[k][1]).exists())

    def problem(self, kind: DocumentKind) -> str:
        """Why documents of a kind are not opened, as a sentence that says what to do; empty if they are."""
        if self.folder is None:
            return (
                "LibreOffice is not installed, so that no PDF can be made of files of office programs: "
                "on Debian, apt install libreoffice."
            )
        if kind in self.kinds:
            return ""
        part = _PARTS[kind][0]
        return (
            f"LibreOffice is installed without {part}, which {kind.upper()} needs: "
            f"on Debian, apt install libreoffice-{part.lower()}."
        )


@functools.cache
def installed_office() -> OfficeTools:
    """LibreOffice as it is found on the path, or in the usual places; looked for once in a process."""
    found = filter(None, map(shutil.which, ("soffice", "libreoffice")))
    folders = [Path(program).resolve().parent for program in found]
    folders += [*map(Path, _USUAL), *sorted(Path("/opt").glob("libreoffice*/program"), reverse=True)]
    return OfficeTools(next((f for f in folders if any((f / name).exists() for name in LIBRARIES)), None))
