"""The examples of docs/api.md work, and what they answer looks as it says there.

All of the page's `sh` blocks run in one bash, so what one assigns the next can use; all variables are exported, so
`python` blocks find them in `os.environ`. A `json` block right after another block shows what that prints. They run in
a folder of their own against a service whose input folder holds `report.pdf`, which is done, and `book.pdf`, which
takes longer than the examples do; `letter.pdf` lies beside them, for what sends a file.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import faulty_backend
from tests.engine.facade.test_engine import slow_pages
from tests.engine.server.serving import serving
from tests.places import DOCS
from tests.waiting import wait_until

PAGE = DOCS / "api.md"
TOKEN = ""
"""What the service of the test asks for."""
MOST_S = 60

pytestmark = [
    pytest.mark.skipif(shutil.which("curl") is None, reason="the examples need curl, which is not installed"),
    pytest.mark.skipif(shutil.which("bash") is None, reason="the examples need bash, which is not installed"),
]


@dataclass(frozen=True)
class Example:
    """A block of the page that is run, and the one that shows what it prints."""

    line: int
    language: str
    code: str
    shown: Any = None


def examples(text: str) -> list[Example]:
    """What a page says to run, in order."""
    found: list[Example] = []
    is_right_after = False
    for token in MarkdownIt().parse(text):
        if token.type == "fence" and token.map is not None and token.info in ("sh", "python"):
            found.append(Example(token.map[0] + 1, token.info, token.content))
            is_right_after = True
        elif token.type == "fence" and token.info == "json" and is_right_after:
            found[-1] = Example(found[-1].line, found[-1].language, found[-1].code, json.loads(token.content))
            is_right_after = False
        elif token.level == 0 and token.type != "fence":
            is_right_after = False
    return found


def script(made: list[Example], folder: Path) -> str:
    """One bash script that runs all examples, with the output of number N in the file `N.out`."""
    lines = ["set -aeuo pipefail"]
    for number, example in enumerate(made):
        code = example.code
        if example.language == "python":
            (folder / f"{number}.py").write_text(code)
            code = f"python3 {number}.py"
        # Braces, unlike parentheses, keep what is assigned; the number is for when it ends there.
        lines += [f"echo {number} > at", "{", code, f"}} > {number}.out"]
    return "\n".join([*lines, "echo end > at", ""])


def differences(shown: Any, answered: Any, where: str = "it") -> list[str]:
    """How an answer has another shape than the page shows; a null may be anything, and of lists the first is shown."""
    if shown is None or answered is None:
        return []
    if isinstance(shown, bool) or isinstance(answered, bool):
        same = type(shown) is type(answered)
    elif isinstance(shown, int | float):
        same = isinstance(answered, int | float)
    else:
        same = type(shown) is type(answered)
    if not same:
        return [f"{where} is a {type(answered).__name__}, and shown as a {type(shown).__name__}"]
    if isinstance(shown, dict):
        found = [f"{where} has no {key!r}" for key in shown.keys() - answered.keys()]
        found += [f"{where} has {key!r}, which is not shown" for key in answered.keys() - shown.keys()]
        for key in sorted(shown.keys() & answered.keys()):
            found += differences(shown[key], answered[key], f"{where}.{key}")
        return found
    if isinstance(shown, list) and shown:
        return [text for n, item in enumerate(answered) for text in differences(shown[0], item, f"{where}[{n}]")]
    return []


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A service with the conversions that the examples are about."""
    settings = Settings(
        input=tmp_path / "input",
        output=tmp_path / "output",
        ocr="never",
        num_workers=2,
        settle=0,
        settle_damaged=0.1,
        batch_seconds=0.5,
    )
    settings.input.mkdir()
    for name in ("report.pdf", "letters.pdf"):  # one each for who asks for it with options of their own
        (settings.input / name).write_bytes(pdfs.text_pages(2))
    engine = Engine(settings, backend=faulty_backend)
    engine.start()
    try:
        wait_until(lambda: len(engine.select(states=[JobState.DONE])) == 2, "both to be converted", 60)
        (settings.input / "book.pdf").write_bytes(slow_pages(600))
        wait_until(lambda: engine.select(states=[JobState.RUNNING]), "book.pdf", 60)
        with serving(create_api(Service(engine, lambda now: None))) as url:
            yield url
    finally:
        engine.stop(now=True)


def test_every_example_works_and_answers_as_shown(url: str, tmp_path: Path) -> None:
    made = examples(PAGE.read_text())
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "letter.pdf").write_bytes(pdfs.text_pages(1))
    (folder / "all.sh").write_text(script(made, folder))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "all.sh"],
        cwd=folder,
        env={"PATH": path, "URL": url, "TOKEN": TOKEN, "NO_PROXY": "*", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    at = (folder / "at").read_text().strip()
    if at != "end":
        failed = made[int(at)]
        pytest.fail(f"{PAGE.name}, line {failed.line}: status {ran.returncode}\n{failed.code}\n{ran.stderr}")
    for number, example in enumerate(made):
        if example.shown is not None:
            answered = json.loads((folder / f"{number}.out").read_text())
            assert differences(example.shown, answered) == [], f"{PAGE.name}, line {example.line}"


def test_the_page_has_examples_of_all_kinds() -> None:
    made = examples(PAGE.read_text())
    assert len(made) >= 10
    assert {example.language for example in made} == {"sh", "python"}
    assert sum(example.shown is not None for example in made) >= 5


def test_another_shape_is_told_from_another_value() -> None:
    shown = {"a": 1, "b": [{"c": "x"}], "d": None, "e": 0.5}
    assert differences(shown, {"a": 2, "b": [{"c": "y"}, {"c": "z"}], "d": "text", "e": 1}) == []
    assert differences(shown, {"a": 2, "b": [], "d": None, "e": 0.1}) == []
    assert differences(shown, {"a": "2", "b": [{"c": "y"}, {"x": 1}], "d": 1}) == [
        "it has no 'e'",
        "it.a is a str, and shown as a int",
        "it.b[1] has no 'c'",
        "it.b[1] has 'x', which is not shown",
    ]
    assert differences({"a": True}, {"a": 1}) == ["it.a is a int, and shown as a bool"]


def test_a_block_of_json_shows_what_the_block_before_it_prints() -> None:
    page = "```sh\na\n```\n```json\n1\n```\n```sh\nb\n```\nBetween.\n```json\n2\n```\n```python\nc\n```\n"
    assert [(e.line, e.language, e.code, e.shown) for e in examples(page)] == [
        (1, "sh", "a\n", 1),
        (7, "sh", "b\n", None),
        (14, "python", "c\n", None),
    ]
