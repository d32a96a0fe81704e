"""`python -m tests.fuzz TARGET --minutes 60`: until something is found, or the time is over; `make fuzz` runs all."""

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["engine", "python_multipart", "tomllib"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Ends the process: with 0, or with what was found printed and left in a file."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"), help="where inputs that found new paths are kept")
    asked = parser.parse_args()
    corpus = asked.corpus / asked.target
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={asked.minutes * 60:.0f}", "-timeout=30", "-rss_limit_mb=4096", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}-", str(corpus)], TARGETS[asked.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
