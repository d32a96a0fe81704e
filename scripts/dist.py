"""Build the wheel and the sdist of the last commit, twice, and keep them if they are the same: `make dist`.

The two builds have nothing in common but the commit: folders of other names and depths, other umasks, time zones,
languages and seeds of hashes. Times inside are those of the commit (`SOURCE_DATE_EPOCH`), so whoever builds the same
commit with the same hatchling gets the same bytes. What ends in `dist/` are the two files and their `SHA256SUMS`.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
WAYS: tuple[tuple[str, int, dict[str, str]], ...] = (
    ("a", 0o022, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}),
    ("another/deeper folder", 0o077, {"TZ": "Asia/Kolkata", "LC_ALL": "C", "PYTHONHASHSEED": "2"}),
)
"""Of each build its folder, its umask and what it has in its environment."""

Sums = dict[str, str]
"""The SHA-256 of each file, by name."""


def main() -> int:
    """Build, compare, report; returns the exit status."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct").decode().strip()
    if _git("status", "--porcelain"):
        print("What is not committed is not built.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="hotfolio-dist-") as scratch:
        built = [
            _build(Path(scratch, name), umask, {**environment, "SOURCE_DATE_EPOCH": epoch})
            for name, umask, environment in WAYS
        ]
        first, second = (_sums(folder) for folder in built)
        if first != second:
            differing = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
            print(f"Two builds of one commit are not the same: {', '.join(differing)}.", file=sys.stderr)
            return 1
        _keep(built[0], first)
    print(f"The same twice, with hatchling {version('hatchling')} and SOURCE_DATE_EPOCH={epoch}, in {DIST}:")
    print((DIST / "SHA256SUMS").read_text(encoding="utf-8"), end="")
    return 0


def _build(folder: Path, umask: int, environment: dict[str, str]) -> Path:
    """Build the last commit in `folder`, the wheel from the unpacked sdist; returns where both are."""
    source, out = folder / "source", folder / "out"
    source.mkdir(parents=True)
    before = os.umask(umask)
    try:
        with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", "HEAD"))) as archive:
            archive.extractall(source, filter="data")
        # The hatchling of this environment, and none that is fetched for the build: its version stands in the wheel.
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    finally:
        os.umask(before)
    return out


def _sums(folder: Path) -> Sums:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def _keep(folder: Path, sums: Sums) -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    for name in sums:
        shutil.copyfile(folder / name, DIST / name)
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    (DIST / "SHA256SUMS").write_text(lines, encoding="utf-8")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
