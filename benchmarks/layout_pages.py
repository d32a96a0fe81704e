"""Pages by the layout model: the short ways to the same boxes, against the library's own."""

from benchmarks.lab import Lab, program
from benchmarks.result import Figure, Result, median

_MEMORY_PAGES = 50


def measure(lab: Lab) -> Result:
    """Take turns, each time in a new process: CPU seconds, and what is the process's alone after 50 pages."""
    corpus = lab.corpus
    files = [corpus.report, corpus.warm_up]
    pages = sum(corpus.pages[file] for file in files)
    runs: dict[str, list[dict[str, float]]] = {"quick": [], "library": []}
    for _ in range(lab.repeat):
        for way, answers in runs.items():
            with program("subject", "layout", way, str(_MEMORY_PAGES), *map(str, files)) as subject:
                answers.append(subject.answer())
    page_s = {way: [answer["seconds"] / pages for answer in answers] for way, answers in runs.items()}
    memory = {way: median([answer["uss"] / 1e6 for answer in answers]) for way, answers in runs.items()}
    return Result(
        "layout_pages",
        f"`{corpus.report.name}` and `{corpus.warm_up.name}` ({pages} pages), refined, without OCR and pictures, in a "
        "process forked from one that has loaded the layout model, with its memory in huge pages: CPU time of a page, "
        f"with the short ways and with the library's own; and the process's own memory (USS) after {_MEMORY_PAGES} "
        "pages or more.",
        (
            Figure(
                "layout page, times the library's own way", median(page_s["library"]) / median(page_s["quick"]), "×"
            ),
            *(Figure(f"layout page, {way}", median(values) * 1000, "CPU ms") for way, values in page_s.items()),
            Figure("private memory after 50 layout pages", memory["quick"], "MB", below=250),
            Figure("the same in the library's own way", memory["library"], "MB"),
        ),
        tuple((f"{way}, CPU s a page", tuple(values)) for way, values in page_s.items()),
    )
