"""What a conversion process says is believed only if it is the protocol."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.base.errors import ChildGarbage
from engine.job.formats import Format
from engine.job.job import PageState
from engine.job.options import ConvertOptions
from engine.sandbox.protocol import (
    Event,
    Merged,
    MergeProgress,
    MergeTask,
    OcrStarted,
    Opened,
    OpenTask,
    Order,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Ready,
    Refused,
    Task,
    decode_event,
    decode_order,
    decode_task,
    encode,
    path_of,
    wire_path,
)
from engine.sandbox.stages import Stage

OPTIONS = ConvertOptions(formats=(Format.MD, Format.PNG), dpi=72)

EVENTS: list[Event] = [
    Ready(pid=17, stage=Stage.LAYOUT, threads=2),
    Opened(pages=3, busy_s=0.25, warnings=("odd\nline", "é 中")),
    PageStarted(page=2),
    OcrStarted(page=2),
    PageDone(page=2, state=PageState.OCR, seconds=1.5, via="ocr", error=None),
    PagesDone(busy_s=1.0),
    MergeProgress(page=1),
    Merged(busy_s=0.1, warnings=(), versions={"pymupdf": "2.0"}),
    Refused(kind="password", message="It needs a password."),
]

TASKS: list[Task] = [
    OpenTask(desk="1", name="a.pdf", options=OPTIONS, password="secret"),
    PagesTask(desk="1", name="a.pdf", options=OPTIONS, first=1, last=6, text_only=True),
    MergeTask(desk="2", name="caf\xe9.pdf", options=OPTIONS),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event)
def test_an_event_arrives_as_it_was_sent_in_one_line(event: Event) -> None:
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_event(line) == event


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.task)
def test_a_task_arrives_as_it_was_sent_in_one_line(task: Task) -> None:
    line = encode(task)
    assert line.count(b"\n") == 1
    assert decode_task(line) == task
    order = Order(folder=wire_path(Path(os.fsdecode(b"/jobs/caf\xe9"))), memory=1 << 30, task=task)
    assert decode_order(encode(order)) == order
    assert os.fsencode(path_of(order.folder)) == b"/jobs/caf\xe9"


@pytest.mark.parametrize("name", ["", "..", "a/b", "1\n", "x" * 65])
def test_a_task_names_a_desk_and_never_a_path(name: str) -> None:
    with pytest.raises(ValidationError):
        OpenTask(desk=name, name="a.pdf", options=OPTIONS)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"MuPDF error: syntax error\n",
        b"\xff\xfe\x00garbage",
        b"null",
        b"[]",
        b"7",
        b'"ready"',
        b"{}",
        b'{"event": "ready"}',
        b'{"event": "unknown", "pid": 1}',
        b'{"event": ["ready"]}',
        b'{"event": "page_started", "page": "x"}',
        b'{"event": "page_started", "page": 1, "extra": true}',
        b'{"event": "page_started", "page": 1',
        b'{"event": "page_started", "page": 1} {"event": "page_started", "page": 2}',
        b'{"event": "page_done", "page": 1, "state": "splendid", "seconds": 1, "via": "layout"}',
        b'{"event": "opened", "pages": 0, "busy_s": 1}',
        b'{"event": "opened", "pages": -4, "busy_s": 1}',
        b'{"event": "refused", "kind": "because", "message": "no"}',
        b'{"event": "merged", "busy_s": 1, "versions": {"a": {"b": 1}}}',
        b'{"event": "refused", "kind": "internal", "message": "\\ud800"}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_event_is_garbage(line: bytes) -> None:
    with pytest.raises(ChildGarbage):
        decode_event(line)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_do_more_than_be_garbage(line: bytes) -> None:
    with pytest.raises(ChildGarbage):
        decode_event(line)


def _done(**changes: Any) -> bytes:
    event = {"event": "page_done", "page": 1, "state": "ok", "seconds": 0.5, "via": "layout"}
    return json.dumps({**event, **changes}).encode()


@pytest.mark.parametrize(
    "line",
    [
        _done(seconds=float("nan")),
        _done(seconds=float("inf")),
        _done(seconds=-1),
        _done(page=0),
        _done(page=-1),
        _done(page=1 << 70),
        b'{"event": "page_started", "page": 0}',
        b'{"event": "page_started", "page": 1' + b"0" * 30 + b"}",
        b'{"event": "opened", "pages": 1000000000000, "busy_s": 1}',
        b'{"event": "opened", "pages": 1, "busy_s": NaN}',
        b'{"event": "pages_done", "busy_s": -1e308}',
        b'{"event": "merged", "busy_s": Infinity}',
    ],
)
def test_numbers_that_neither_the_store_nor_the_manifest_could_hold_are_garbage(line: bytes) -> None:
    with pytest.raises(ChildGarbage):
        decode_event(line)


@pytest.mark.parametrize("line", [b"", b"{}", b'{"task": "open"}', b'{"task": "format_disk"}', b"\xff"])
def test_a_line_that_is_no_task_is_refused(line: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_task(line)
