"""What a conversion process is left with for one document: the code it runs on, the job's folder, and little else."""

import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import engine
from engine.job.options import ConvertOptions, OcrEngineName, OcrMode
from engine.job.plugins import Seam, own, plugins
from engine.sandbox import syscalls
from engine.sandbox.capabilities import choose, installed_tools
from engine.sandbox.confinement import Allowed
from engine.sandbox.protocol import SOURCE

_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/urandom",
    "/dev/zero",
    # What libraries ask for when they count processors and memory.
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)
_NAMES_OF_HOSTS = (
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/run/systemd/resolve",
)
_DEVICES = (Path("/dev/null"),)


@cache
def code() -> tuple[Path, ...]:
    """Where the interpreter, its libraries and hotfolio are; not all of a folder that hotfolio shares with others."""
    own = Path(engine.__file__).resolve().parent
    places = {Path(sys.prefix), Path(sys.base_prefix), own, *(Path(place) for place in _SYSTEM)}
    places |= {Path(place) for place in sys.path if place and Path(place).resolve() != own.parent}
    return tuple(sorted(places))


def prepare() -> None:
    """Read and make what processes that are forked from this one need, and could not read once they are held."""
    code()
    plugins()
    for seam in Seam:
        own(seam)
    syscalls.prepare()


def allowance(folder: Path, options: ConvertOptions | None, memory: int) -> Allowed:
    """For a document in the job's folder, converted with these options; without any, it is only looked at.

    `memory` is in bytes, with what the process has already.
    """
    document = folder / SOURCE  # which may be a link to where a published document is
    read = [*code(), document.resolve()]
    ports: tuple[int, ...] = ()
    programs = False
    if options is not None and options.ocr is not OcrMode.NEVER:
        tools = installed_tools()
        # RapidOCR is a library; Tesseract is a program, and so may be what a plug-in brings.
        programs = choose(tools, options.ocr_engine, options.ocr_languages).engine != OcrEngineName.RAPIDOCR
        if programs and tools.tesseract:
            read.append(Path(tools.tesseract).resolve().parent.parent)
    if options is not None and options.asks_model:
        address = urlsplit(options.vlm_url)
        ports = (address.port or (443 if address.scheme == "https" else 80),)
        read += map(Path, _NAMES_OF_HOSTS)
        read += [options.vlm_prompts] if options.vlm_prompts else []
    return Allowed(tuple(read), (folder, *_DEVICES), ports, programs, memory)
