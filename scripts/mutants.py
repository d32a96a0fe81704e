"""What the quick tests of a module do not notice: `python scripts/mutants.py [MODULE ...]`, or `make mutants`.

mutmut changes one thing of a module at a time and runs the tests that reach it; pyproject.toml says which modules and
tests. This prints how many changes were noticed per module, and every one that was not and is not explained in
`tests/mutants.toml`. It ends with 1 if there is such a one, or a module of which too few were noticed.
"""

import fnmatch
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

ROOT = Path(__file__).parents[1]
EXPLAINED = ROOT / "tests" / "mutants.toml"
LEAST = 0.85
"""Of a module's mutants that must be noticed."""
_NOTICED = frozenset({"killed", "timeout", "segfault"})

Change = tuple[str, str, str]
"""Where, what was there, and what is there instead."""


@dataclass
class Module:
    """How the mutants of a module fared."""

    file: Path
    statuses: Counter[str] = field(default_factory=Counter)
    unnoticed: list[Change] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As it is imported."""
        return ".".join(self.file.with_suffix("").parts)

    @property
    def share(self) -> float:
        """How many of its mutants were noticed, of those that there are."""
        return sum(self.statuses[status] for status in _NOTICED) / max(self.statuses.total(), 1)


def main(names: list[str]) -> int:
    """Run and report; returns the exit status."""
    os.chdir(ROOT)
    modules = [Module(file) for file in _chosen(names)]
    if not modules:
        print(f"There is no such module among those that are mutated: {', '.join(names)}.", file=sys.stderr)
        return 2
    shutil.rmtree("mutants", ignore_errors=True)  # mutmut takes a copy for fresh although other settings made it
    mutmut = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count() or 1)]
    subprocess.run([*mutmut, *(f"{module.name}.*" for module in modules)], check=True, stdout=subprocess.DEVNULL)
    for module in modules:
        _read(module)
    explained = _explained()
    unexplained = [change for module in modules for change in module.unnoticed if change not in explained]
    for where, was, now in unexplained:
        print(f"\n{where}\n- {was}\n+ {now}")
    print(f"\n{'module':40} {'mutants':>7} {'noticed':>7} {'explained':>9} {'neither':>7}")
    for module in modules:
        neither = sum(change in unexplained for change in module.unnoticed)
        print(
            f"{module.name:40} {module.statuses.total():7} {module.share:7.1%} {len(module.unnoticed) - neither:9}"
            f" {neither:7}"
        )
    return int(bool(unexplained) or any(module.share < LEAST for module in modules))


def _chosen(names: list[str]) -> list[Path]:
    config = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    files = [Path(file) for pattern in config["only_mutate"] for file in sorted(Path().glob(pattern))]
    return [file for file in files if not names or any(fnmatch.fnmatch(file.stem, name) for name in names)]


def _read(module: Module) -> None:
    data = SourceFileMutationData(path=module.file)
    data.load()
    for mutant, code in data.exit_code_by_key.items():
        status = status_by_exit_code[code]
        module.statuses[status] += 1
        if status not in _NOTICED:
            lines = get_diff_for_mutant(mutant, path=module.file).splitlines()[2:]
            was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
            function = mutant.rpartition("__mutmut_")[0].removeprefix(f"{module.name}.x")
            where = f"{module.name}.{function.removeprefix('_').strip('ǁ').replace('ǁ', '.')}"
            module.unnoticed.append((where, was, now))


def _explained() -> set[Change]:
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8"))["unnoticed"]
    return {(entry["where"], entry["was"], now) for entry in entries for now in entry["now"]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
