"""Where the `hotfolio` command begins: what can be answered at once is, before what other commands need is loaded."""

import contextlib
import gc
import os
import sys

from tui.terminal.streams import mend_streams


def main() -> None:
    """Run the command that the arguments name."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from tui.command.quick import own_version

        mend_streams()
        print(f"hotfolio {own_version()}")
        return
    if arguments[:1] and arguments[0] in ("ls", "status", "hold"):
        from tui.command import quick

        mend_streams()
        code = quick.answer(arguments)
        if code is not None:
            try:
                sys.stdout.flush()
            except BrokenPipeError:  # whoever reads has gone, as `head` does
                code = 1
            except OSError as error:
                code = 1
                print(
                    f"hotfolio: The answer cannot be given: {(error.strerror or str(error)).lower()}.", file=sys.stderr
                )
            with contextlib.suppress(OSError):
                sys.stderr.flush()
            os._exit(code)  # without taking the interpreter down, which takes as long as the answer
    # Nothing of what is loaded is garbage, and to look for some takes a tenth of the time; `finish` enables it again.
    gc.disable()
    from tui.command.cli import main as command

    command()
