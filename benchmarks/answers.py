"""Standard output for answers alone: the libraries print there too."""

import json
import os
from typing import Any, TextIO


class Answers:
    """Takes standard output for itself; whatever else this process prints goes nowhere."""

    def __init__(self) -> None:
        self._stream: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def say(self, answer: Any) -> None:
        """One line of JSON."""
        self._stream.write(json.dumps(answer) + "\n")
        self._stream.flush()
