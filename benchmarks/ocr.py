"""Scans made from known text, read by each engine and by the library's own OCR: words found, in order, and time."""

from benchmarks.lab import Lab, program
from benchmarks.result import Figure, Result, median

_ENGINES = ("rapidocr", "tesseract")


def measure(lab: Lab) -> Result:
    """Take turns, each in a fresh process with one thread; an engine that is not installed is left out."""
    folder = lab.folder("scans")
    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(min(lab.repeat, 3)):
        for engine in (*_ENGINES, "library"):
            with program("ocrsubject", engine, str(folder)) as subject:
                answer = subject.answer()
            if answer:
                runs.setdefault(engine, []).append(answer)
    if not runs:
        raise SystemExit("No OCR engine is installed.")
    page_s = {engine: [answer["seconds"] for answer in answers] for engine, answers in runs.items()}
    figures = []
    for engine, answers in runs.items():
        required = 0.98 if engine in _ENGINES else None
        figures.append(Figure(f"{engine}, words found on the worst page", answers[0]["worst"], at_least=required))
        figures.append(Figure(f"{engine}, words in order, all pages", answers[0]["order"]))
        figures.append(Figure(f"{engine}, pages a second", 1 / median(page_s[engine])))
        if engine in _ENGINES and "library" in page_s:
            faster = median(page_s["library"]) / median(page_s[engine])
            figures.append(Figure(f"{engine}, times as fast as the library", faster, "×"))
    pages = int(next(iter(runs.values()))[0]["pages"])
    return Result(
        "ocr",
        f"{pages} scans at 200 dpi of text of 9 and 11 points: plain, turned by quarters, rotated by the page, skewed, "
        "noisy, on grey paper, in black and white, in two columns. Read to blocks in one process with one thread; the "
        "time is the processor's, with that of Tesseract's own processes.",
        tuple(figures),
        tuple((f"{engine}, s a page", tuple(values)) for engine, values in page_s.items()),
    )
