"""What the memory arena of ONNX Runtime is worth: the reason `engine.convert.process.runtime` turns it on."""

from benchmarks.lab import Lab, program
from benchmarks.result import Figure, Result, median


def measure(lab: Lab) -> Result:
    """Take turns, each in a fresh process that has converted another document before."""
    corpus = lab.corpus
    pages = corpus.pages[corpus.report]
    runs: dict[str, list[dict[str, float]]] = {"on": [], "off": []}
    for _ in range(lab.repeat):
        for mode, answers in runs.items():
            with program("subject", "arena", mode, str(corpus.warm_up), str(corpus.report)) as subject:
                answers.append(subject.answer())
    page_s = {mode: [answer["seconds"] / pages for answer in answers] for mode, answers in runs.items()}
    return Result(
        "onnx_arena",
        f"One process with one ONNX thread, `{corpus.report.name}` ({pages} pages) after another document, with the "
        "arena as the engine has it and without, as PyMuPDF has it.",
        (
            Figure("arena, time saved", (1 - median(page_s["on"]) / median(page_s["off"])) * 100, "%"),
            Figure("arena on, a page", median(page_s["on"]) * 1000, "ms"),
            Figure("arena off, a page", median(page_s["off"]) * 1000, "ms"),
            *(
                Figure(f"arena {mode}, page faults a page", median([a["faults"] for a in runs[mode]]) / pages)
                for mode in runs
            ),
            *(
                Figure(f"arena {mode}, highest memory", median([a["peak"] for a in runs[mode]]) / 1e6, "MB")
                for mode in runs
            ),
        ),
        tuple((f"arena {mode}, s a page", tuple(values)) for mode, values in page_s.items()),
    )
