"""What more formats cost: the same document as Markdown alone, and as everything that is made from its text."""

from benchmarks.lab import Lab, take_turns
from benchmarks.result import Figure, Result, median

_ALL = ("md", "txt", "json", "html", "chunks")
_MOST = 1.1
"""A second format costs what it must, and no reading of the page."""


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to published, one worker, warm."""
    corpus = lab.corpus
    with (
        lab.engine(num_workers=1, refine=True, formats=("md",)) as one,
        lab.engine(num_workers=1, refine=True, formats=_ALL) as all_,
    ):
        taken = take_turns(lab, {"md": one, ",".join(_ALL): all_})
    single, together = (median(values) for values in taken.values())
    return Result(
        "formats",
        f"`{corpus.report.name}` ({corpus.pages[corpus.report]} pages) without OCR and pictures, as `md` alone and as "
        f"`{','.join(_ALL)}`: one worker of a warm engine, from `submit` to published, refined.",
        (
            Figure("all five formats, times the time of md", together / single, "×", below=_MOST),
            Figure("md", single, "s"),
            Figure("all five formats", together, "s"),
        ),
        tuple((f"{name}, s", tuple(values)) for name, values in taken.items()),
    )
