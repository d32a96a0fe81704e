"""`python -m tests.chaos --seed 1 --minutes 20`: prints what it has come to; status 1 if something does not hold."""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.campaign import CYCLE, Campaign
from tests.chaos.counts import Broken
from tests.chaos.world import World

_TOLD_EVERY_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    asked = _parser().parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=asked.folder))
    deadline = None if asked.rounds else time.monotonic() + 60 * asked.minutes
    with World(folder, archives_elsewhere=bool(asked.seed % 2)) as world:
        campaign = Campaign(folder, world, asked.seed)
        try:
            _go(campaign, asked.rounds, deadline)
        except BaseException as error:
            if isinstance(error, Broken):
                campaign.counts.breaches[error.kind] += 1
            campaign.engine.close()
            world.keep()
            print(campaign.summary())
            print(f"seed {asked.seed}, round {campaign.rounds}: {error!r}; what it was is in {folder}", flush=True)
            if isinstance(error, Broken | AssertionError | OSError):
                traceback.print_exc()
                return 1
            raise
        campaign.engine.close()
    print(f"seed {asked.seed}")
    print(campaign.summary(), flush=True)
    shutil.rmtree(folder)
    return 0


def _go(campaign: Campaign, rounds: int | None, deadline: float | None) -> None:
    told = time.monotonic()
    while campaign.rounds < rounds if rounds else time.monotonic() < (deadline or 0):
        campaign.round()
        if campaign.rounds % CYCLE == 0:
            campaign.rest()
        if time.monotonic() > told + _TOLD_EVERY_S:
            told = time.monotonic()
            print(campaign.summary().splitlines()[-1], flush=True)
    campaign.rest()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="decides what is done, and in which order")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=20.0)
    length.add_argument("--rounds", type=int, help="instead of minutes")
    parser.add_argument(
        "--folder", type=Path, help="where the run makes its own folder; the system's for temporary files"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
