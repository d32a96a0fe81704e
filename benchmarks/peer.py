"""The library's side of a comparison: a program that knows PyMuPDF4LLM and nothing of ours.

`serve` converts each path it is sent on stdin; `text` has PyMuPDF tell its text, and `pool` that of a whole folder, by
a pool of processes; `batch` converts files with `convert_batch`; `outputs` writes what the three functions give for one
document; `pages` tells how long documents are.
"""

import argparse
import os
import sys
import time
from multiprocessing import Pool
from pathlib import Path
from types import ModuleType

from benchmarks.answers import Answers

NICENESS = 5
"""As the engine's conversion processes: on a busy machine, whatever else runs takes the same from both sides."""


def serve() -> None:
    """Answer each line on stdin, a path, with the seconds its Markdown took."""
    import pymupdf4llm

    os.nice(NICENESS)
    answers = Answers()
    for line in sys.stdin:
        started = time.perf_counter()
        pymupdf4llm.to_markdown(line.rstrip("\n"), use_ocr=False)
        answers.say(time.perf_counter() - started)


def text() -> None:
    """Answer each line on stdin, a path, with the seconds of CPU that the text of its pages took."""
    import pymupdf

    os.nice(NICENESS)
    answers = Answers()
    for line in sys.stdin:
        with pymupdf.open(line.rstrip("\n")) as document:
            started = time.process_time()
            for page in document:
                page.get_text()
            answers.say(time.process_time() - started)


def pool(workers: int) -> None:
    """Answer each line on stdin, a folder, with the seconds that its PDFs' text took, and those of CPU."""
    answers = Answers()
    with Pool(workers, os.nice, (NICENESS,)) as processes:
        processes.map(_warm_up, range(workers), chunksize=1)
        for line in sys.stdin:
            files = sorted(Path(line.rstrip("\n")).glob("*.pdf"))
            started = time.perf_counter()
            cpu_s = sum(processes.imap_unordered(_text_beside, files, chunksize=1))
            answers.say((time.perf_counter() - started, cpu_s))


def _warm_up(_: int) -> None:
    import pymupdf  # noqa: F401

    time.sleep(0.5)  # so that each process gets one


def _text_beside(file: Path) -> float:
    """Write a document's text beside it, durably; returns the seconds of CPU that took."""
    import pymupdf

    started = time.process_time()
    with pymupdf.open(file) as document, file.with_suffix(".txt").open("w", encoding="utf-8") as stream:
        stream.writelines(page.get_text() for page in document)
        stream.flush()
        os.fsync(stream.fileno())
    return time.process_time() - started


def batch(out: str, workers: int, files: list[str]) -> None:
    """Convert files to Markdown with the library's own pool and print how many succeeded."""
    import pymupdf4llm
    from pymupdf4llm.batch_converter import _default_options

    os.nice(NICENESS)
    answers = Answers()
    results = pymupdf4llm.convert_batch(
        files,
        workers=workers,
        persistent=True,
        out_dir=out,
        backend="md",
        options=_default_options("md") | {"use_ocr": False, "write_images": False},
    )
    answers.say({"done": sum(result.success for result in results)})


def outputs(file: str, out: str, suffixes: list[str]) -> None:
    """Write one document in the formats asked for into `out`; by its bare name, so that JSON holds no folder."""
    import pymupdf
    import pymupdf4llm

    target = Path(out).absolute()
    answers = Answers()
    os.chdir(Path(file).parent)
    name = Path(file).name
    answers.say(_page_count(pymupdf, name))
    functions = {"md": pymupdf4llm.to_markdown, "txt": pymupdf4llm.to_text, "json": pymupdf4llm.to_json}
    for suffix in suffixes:
        text = functions[suffix](name, use_ocr=False)
        part = target / f"{suffix}.part"
        part.write_bytes(text.encode("utf-8", "replace"))
        part.rename(target / suffix)


def pages(files: list[str]) -> None:
    """Print the number of pages of each file; 0 where it cannot be opened."""
    import pymupdf

    answers = Answers()
    answers.say({file: _page_count(pymupdf, file) for file in files})


def _page_count(pymupdf: ModuleType, file: str) -> int:
    try:
        with pymupdf.open(file) as document:
            return 0 if document.needs_pass else len(document)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, its conversion will say
        return 0


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peer")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve")
    commands.add_parser("text")
    command = commands.add_parser("pool")
    command.add_argument("workers", type=int)
    command = commands.add_parser("batch")
    command.add_argument("out")
    command.add_argument("workers", type=int)
    command.add_argument("files", nargs="+")
    command = commands.add_parser("outputs")
    command.add_argument("file")
    command.add_argument("out")
    command.add_argument("suffixes", nargs="+")
    command = commands.add_parser("pages")
    command.add_argument("files", nargs="+")
    arguments = vars(parser.parse_args())
    {"serve": serve, "text": text, "pool": pool, "batch": batch, "outputs": outputs, "pages": pages}[
        arguments.pop("command")
    ](**arguments)


if __name__ == "__main__":
    main()
