"""What is fuzzed: each is given bytes, and may only raise what is none of its documented answers."""

import atexit
import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import parse_qs

import pymupdf
from fastapi import HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel, ValidationError

from engine.base.errors import ChildGarbage, HotfolioError, SettingsError
from engine.convert.tags.markedcontent import scan
from engine.convert.tags.structuretree import NoStructure
from engine.convert.tags.tagreader import TagReader
from engine.convert.write.markdown import MarkdownWriter
from engine.job.job import Source
from engine.job.options import ConvertOptions
from engine.publish.publisher import MANIFEST, SCHEMA, origin_of
from engine.publish.rebuild import rebuild
from engine.queue.database import DATABASE
from engine.queue.jobqueue import JobQueue, open_queue
from engine.queue.schema import connect
from engine.sandbox.protocol import Event, Order, Task, decode_event, decode_order, decode_task, encode
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.docling.doclingoptions import OptionRefused, read_order
from engine.settings.loading import load_settings
from engine.settings.profiles import FolderSettings
from engine.settings.settings import Settings
from tests.engine.convert.tagged_pdfs import Tag, TaggedPdf, tag
from tests.engine.server.fakes import FakeEngine

_LONGEST_SENTENCE = 2000
_BOUNDARY = "b"
_DEEPEST = 4
T = TypeVar("T")


def protocol(data: bytes) -> None:
    """Lines of both directions: refused, or a message that says the same after it was written again."""
    choices = _Choices(data)
    kind = choices.of(_MESSAGES)
    message = deepcopy({name: _PLAUSIBLE[name] for name in kind.model_fields if name in _PLAUSIBLE})
    for name in {"event", "task"} & kind.model_fields.keys():
        message[name] = {"task": "open", "desk": "1"} if kind is Order else kind.model_fields[name].default
    for _ in range(choices.number(4)):
        _change(message, choices)
    line = json.dumps(message).encode() if choices.number(8) else choices.rest()
    with contextlib.suppress(ChildGarbage):
        event = decode_event(line)
        assert decode_event(encode(event)) == event
    for decode in (decode_task, decode_order):
        with contextlib.suppress(ValidationError):
            decoded = decode(line)
            assert decode(encode(decoded)) == decoded


def settings(data: bytes) -> None:
    """A settings file: settings, or one sentence."""
    choices = _Choices(data)
    lines = []
    for _ in range(choices.number(8)):
        lines += [choices.of(_TABLES)] if choices.number(4) == 3 else []
        lines.append(f"{choices.of(_KEYS)} = {choices.of(_TOML)}")
    file = _folder() / "hotfolio.toml"
    file.write_bytes("\n".join(lines).encode() + choices.rest())
    try:
        load_settings(config=file)
    except SettingsError as error:
        _check_sentence(str(error))


def forms(data: bytes) -> None:
    """A docling form, and requests with bodies: an answer, or one that says what is wrong with the request."""
    with contextlib.suppress(OptionRefused, HTTPException):
        read_order(parse_qs(data.decode(errors="replace")), ConvertOptions())
    client = _client()
    url, kind = (
        ("/convert", f"multipart/form-data; boundary={_BOUNDARY}"),
        ("/convert", "application/x-www-form-urlencoded"),
        ("/v1/convert/file/async", f"multipart/form-data; boundary={_BOUNDARY}"),
        ("/v1/convert/source/async", "application/json"),
    )[data[0] % 4 if data else 0]
    answer = client.post(url, content=data[1:], headers={"Content-Type": kind})
    assert answer.status_code < 500, answer.text


def tags(data: bytes) -> None:
    """A content stream, and a tree of structure elements: read, or refused with a reason."""
    with contextlib.suppress(ValueError):
        scan(data, lambda name: len(name))
    document = pymupdf.open("pdf", _tagged(_Choices(data)).data())
    try:
        reader = TagReader(document)
        for number in range(1, document.page_count + 1):
            MarkdownWriter().page(reader.read(number))
    except NoStructure as refusal:
        _check_sentence(str(refusal))
    finally:
        document.close()


def manifests(data: bytes) -> None:
    """A manifest in the output from which a damaged queue is filled: it tells of a job, or is passed over."""
    queue, settings, manifest = _published()
    choices = _Choices(data)
    for _ in range(1 + choices.number(3)):
        _change(manifest, choices)
    (settings.output / "a" / MANIFEST).write_text(json.dumps(manifest))
    rebuild(queue, settings.hot_folders)


def rows(data: bytes) -> None:
    """A row of the database with other values: a queue that starts, or one sentence."""
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    try:
        _write_row(folder, _Choices(data))
        settings = Settings(input=folder / "input", output=folder / "output", state=folder)
        try:
            with contextlib.closing(open_queue(settings)) as queue:
                queue.load()
        except HotfolioError as error:
            _check_sentence(str(error))
    finally:
        shutil.rmtree(folder)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (protocol, settings, forms, tags, manifests, rows)
}


# --- below ---


_MESSAGES: tuple[type[BaseModel], ...] = (*get_args(Event), *get_args(Task), Order)
_PLAUSIBLE: dict[str, Any] = {
    **dict.fromkeys(("pid", "threads", "page", "pages", "first", "last", "width", "height"), 1),
    **dict.fromkeys(("stage", "needs", "memory", "candidate"), 0),
    **dict.fromkeys(("busy_s", "seconds"), 0.5),
    "state": "ok",
    "via": "tags",
    "kind": "damaged",
    "message": "It is damaged.",
    "error": "It has failed.",
    "rgb": "AAAA",
    "desk": "1",
    "name": "a.pdf",
    "file": "a.md",
    "folder": "/x",
    "accept": ["pdf"],
    "warnings": ["A warning."],
    "versions": {"pymupdf": "1"},
    "password": "x",
    "options": {"dpi": 150},
}
_KEYS = (*Settings.model_fields, *FolderSettings.model_fields, "nonsense", '"a b"', "a.b", "é")
_TABLES = ("[profiles.a]", "[[folders]]", "[profiles.'']", "[keys]", "[[profiles]]", "[folders]", "[profiles.a.b]")
_TOML = (
    *("true", "0", "-1", "1e400", "nan", "9223372036854775808", "0x1F", "1979-05-27", "00:00:00", '""', '"auto"'),
    *(
        "'x'",
        '"md"',
        '["md", "txt"]',
        "[]",
        "[[]]",
        "{}",
        "{a = 1}",
        "[1, 'x']",
        r'"\u0000"',
        r'"\u202E"',
        '"/"',
        '".."',
    ),
    *('"10MiB"', '"1-3,5-"', '"never"', '"http://localhost"', '["true"]', "", "x"),
)


class _Choices:
    """Bytes as choices, so that what is changed of them changes one choice; when they are used up, the first of all."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        self._at += 1
        return self._data[self._at - 1] % below if self._at <= len(self._data) else 0

    def of(self, choices: Sequence[T]) -> T:
        return choices[self.number(len(choices))]

    def rest(self) -> bytes:
        found = self._data[self._at :]
        self._at = len(self._data)
        return found


@cache
def _queue(folder: Path) -> tuple[JobQueue, Settings]:
    settings = Settings(input=folder / "input", output=folder / "output", state=folder / "state")
    (settings.output / "a").mkdir(parents=True)
    settings.input.mkdir()
    (settings.input / "a.pdf").write_bytes(b"%PDF-")
    return open_queue(settings), settings


def _published() -> tuple[JobQueue, Settings, dict[str, Any]]:
    """A queue, the folders of its settings, and a manifest that it would take up."""
    queue, settings = _queue(_folder())
    file = settings.input / "a.pdf"
    source = Source.of(file, settings.input, file.stat())
    modified = datetime.fromtimestamp(source.mtime_ns / 1e9, UTC).isoformat()
    return (
        queue,
        settings,
        {
            "schema": SCHEMA,
            "origin": origin_of(source.root, source.path),
            "source": {"path": "a.pdf", "size": source.size, "mtime": modified, "sha256": "0" * 64},
            "state": "done",
            "formats": ["md"],
            "options": {"ocr": "never", "dpi": 150},
            "pages": [{"page": 1}],
        },
    )


def _change(found: dict[str, Any], choices: _Choices) -> None:
    """Have one of the values somewhere in it be another."""
    name = choices.of(tuple(found))
    if isinstance(found[name], dict) and found[name] and choices.number(3):
        _change(found[name], choices)
    else:
        found[name] = deepcopy(choices.of(_JSON))


_JSON: tuple[object, ...] = (
    *(None, True, "", "x", "a.pdf", "../a.pdf", "/", "a\0b", "\ud800", "done", "queued"),
    *(0, -1, 5, 2**63, 10**400, 1e308, float("inf"), float("nan")),
    *([], {}, ["md"], [[]], {"x": 1}, [1, 2, 3]),
)


def _check_sentence(text: str) -> None:
    assert 0 < len(text) < _LONGEST_SENTENCE, text
    assert text.isprintable(), text


@cache
def _folder() -> Path:
    """In memory where that is possible."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _client() -> TestClient:
    engine = FakeEngine(_folder() / "served")
    for folder in (engine.settings.input, engine.settings.state_folder):
        folder.mkdir(parents=True)
    return TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost")


_ROLES = ("P", "Span", "H1", "H", "L", "LI", "Lbl", "LBody", "Table", "TR", "TH", "TD", "THead", "Link", "Figure")
_ROLES += ("Code", "Note", "Formula", "Form", "TOCI", "BlockQuote", "NonStruct", "X", "Artifact", "Document", "Caption")
_ENTRIES = ("A", "ActualText", "Alt", "K", "P", "Pg", "S", "E", "ID", "C", "R", "T", "Lang", "AF")
_VALUES = (
    "null",
    "0",
    "-1",
    "4294967296",
    "(text)",
    "<FEFFD800>",
    "/Name",
    "[]",
    "<<>>",
    "3 0 R",
    "6 0 R",
    "99999 0 R",
    "[0 0 0]",
    "[3 0 R 3 0 R]",
    "<</O /Table /RowSpan 3 /ColSpan -2>>",
    "<</O /Layout /TextAlign /X /BBox [0 0 1e9 -5]>>",
    "[<</O /List /ListNumbering /Decimal>> 1 <</O /X>>]",
    "<</Type /MCR /MCID 0 /Pg 6 0 R>>",
)
_WORDS = ("alpha ", "•", "1.", "x", "", "-", "two words", "(3)")


def _tagged(choices: _Choices) -> TaggedPdf:
    made = TaggedPdf(*(_element(choices, depth=0) for _ in range(1 + choices.number(4))))
    for _ in range(choices.number(4)):
        choices.of(made.elements).entries[choices.of(_ENTRIES)] = choices.of(_VALUES)
    if choices.number(4) == 3:
        made.contents[0] += choices.rest()
    return made


def _element(choices: _Choices, depth: int) -> Tag:
    kids = [
        _element(choices, depth + 1) if depth < _DEEPEST and choices.number(2) else choices.of(_WORDS)
        for _ in range(1 + choices.number(4))
    ]
    return tag(choices.of(_ROLES), *kids)


def _write_row(folder: Path, choices: _Choices) -> None:
    """A queue with one job and one of its pages, of which some columns have been overwritten."""
    db = connect(folder / DATABASE)
    with contextlib.closing(db):
        for table, row in _ROWS.items():
            values = dict(row)
            for _ in range(choices.number(4)):
                values[choices.of(tuple(row))] = choices.of(_DAMAGED)
            names, marks = ", ".join(values), ", ".join("?" * len(values))
            with contextlib.suppress(sqlite3.Error):  # of no type that the table takes
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


_DAMAGED = (None, "", "x", "{}", "done", "queued", "running", b"", b"\xff/..", b"a.pdf", 0, -1, 2**63 - 1, 1e308, -0.5)
_ROWS: dict[str, dict[str, object]] = {
    "jobs": {
        "id": 1,
        "conversion_id": "00000000-0000-4000-8000-000000000000",
        "root": b"/input",
        "path": b"a.pdf",
        "size": 100,
        "mtime_ns": 10**18,
        "inode": 7,
        "options": ConvertOptions().model_dump_json(),
        "state": "queued",
        "reason": None,
        "priority": 0,
        "position": 1.0,
        "attempts": 0,
        "sha256": None,
        "pages": 3,
        "pages_done": 1,
        "output": None,
        "created": 1e9,
        "started": None,
        "finished": None,
        "client": "",
        "profile": "",
    },
    "pages": {"job_id": 1, "page": 1, "state": "ok", "seconds": 0.5, "via": "tags", "error": None},
    "checkpoints": {"job_id": 1, "first": 1, "last": 1},
    "transitions": {"job_id": 1, "at": 1e9, "state": "queued", "cause": "new"},
    "outbox": {"job_id": 1, "kind": "command", "delivery": "d", "facts": b"{}", "due": 0.0},
}
