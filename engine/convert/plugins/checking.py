"""Loads plug-ins in a process that is there for nothing else, so that the doctor can say of each whether that works.

`python -m engine.convert.plugins.checking SEAM:NAME`: exit status 1 with a sentence on the standard output if not.
"""

import sys

from engine.convert.plugins.entrypoints import PluginFailed, load
from engine.job.plugins import Seam


def main() -> None:
    """Load what is named on the command line."""
    for key in sys.argv[1:]:
        seam, _, name = key.partition(":")
        try:
            load(Seam(seam), name)
        except PluginFailed as error:
            print(error)
            sys.exit(1)


if __name__ == "__main__":
    main()
