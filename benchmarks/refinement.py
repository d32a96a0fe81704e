"""What refinement costs where a page is read by the layout model: the same document with it and without."""

from benchmarks.lab import Lab, take_turns
from benchmarks.result import Figure, Result, median


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to published, one worker, warm."""
    corpus = lab.corpus
    with lab.engine(num_workers=1, refine=True) as refined, lab.engine(num_workers=1) as plain:
        taken = take_turns(lab, {"refined": refined, "as the library": plain})
    ratio = median(taken["refined"]) / median(taken["as the library"])
    return Result(
        "refinement",
        f"`{corpus.report.name}` ({corpus.pages[corpus.report]} pages, without tags) to Markdown without OCR and "
        "pictures: one worker of a warm engine, from `submit` to published, with `refine` on and off.",
        (
            Figure("refinement, times the time without it", ratio, "×", below=1.05),
            Figure("refined", median(taken["refined"]), "s"),
            Figure("as the library", median(taken["as the library"]), "s"),
        ),
        tuple((f"{name}, s", tuple(values)) for name, values in taken.items()),
    )
