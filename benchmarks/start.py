"""What a fork server loads before its first process, stage by stage."""

import resource
import subprocess
import sys

from benchmarks.lab import Lab
from benchmarks.result import Figure, Result, median
from engine.sandbox.stages import Stage

_PROGRAM = """
import sys
from engine.convert.process import runtime
from engine.sandbox.stages import Stage
runtime.load(Stage(int(sys.argv[1])))
"""


def measure(lab: Lab) -> Result:
    """Take turns: a program of its own loads all that a stage needs."""
    seconds: dict[Stage, list[float]] = {stage: [] for stage in Stage}
    for _ in range(lab.repeat):
        for stage in Stage:
            before = _cpu_s()
            subprocess.run([sys.executable, "-c", _PROGRAM, str(int(stage))], check=True, stdout=subprocess.DEVNULL)
            seconds[stage].append(_cpu_s() - before)
    medians = {stage: median(taken) for stage, taken in seconds.items()}
    return Result(
        "start",
        "Programs that load what the stages of the fork server need (`engine.sandbox.stages`): CPU seconds, with the "
        "start of Python.",
        (
            Figure("all stages, times the CPU of the first one", medians[Stage.OCR] / medians[Stage.BARE], "×", 2.5),
            *(Figure(f"up to {stage.name.lower()}", taken, "CPU s") for stage, taken in medians.items()),
        ),
        tuple((f"up to {stage.name.lower()}, CPU s", tuple(taken)) for stage, taken in seconds.items()),
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
