"""Whatever is asked of any route, the answer is one that the OpenAPI document promises, and never a 5xx."""

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.serialization import Binary

from engine.base.errors import HotfolioError
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until

EXAMPLES = 2
"""Made-up requests a route, besides those at the edges of what its parameters allow."""

_NO_FILES = "Unsupported type: 'Binary'"
"""What schemathesis (4.32) ends with when it has its validator look at a file that it has put into a wrong form."""

_ANY_TEXT = ({"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]})
_LIMITS = ("maxLength", "minLength", "pattern", "format", "enum", "const", "allOf", "oneOf", "not", "$ref")
"""What a text may be held to."""

EDGES = 5
"""Requests a route, at most, at those edges."""

OF_A_CLUSTER = {"POST /v1/nodes/{name}/drain", "DELETE /v1/nodes/{name}"}
"""What nothing comes of without one, and `test_doors.py` asks for."""
EXCLUDED = {
    f"POST /v1/{what}/{kind}": "waits for a conversion, which here never ends; the same with /async is asked"
    for what in ("convert", "chunk/{chunker}")
    for kind in ("file", "source")
} | dict.fromkeys(
    (
        "PUT /process",
        *(f"PUT /{path}" for path in ("tika", "tika/{kind}", "rmeta", "rmeta/{kind}", "meta")),
        *(f"POST /{path}" for path in ("tika/form", "tika/form/{kind}", "rmeta/form/{kind}", "meta/form")),
    ),
    "waits for a conversion, and has no other answer; see `test_otherdoors`",
)
"""Routes that are not asked, and why, as in `"POST /stop": "stops the engine for all other routes"`.

WebSockets and `/docs` are not in the document, and the calls of hotfolio's own front ends are not for other programs.
"""

ID_PARAMETERS = ("conversion_id", "task_id", "job_id")
"""What paths call a conversion; about every second time a real one is put in."""

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


class Queue:
    """Conversions in all kinds of states, there for every request, whatever the one before has done to them."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(
            Settings(
                input=folder / "input",
                output=folder / "output",
                ocr="never",
                num_workers=1,
                max_upload=1 << 20,
                docling_wait=0.1,  # nothing is converted meanwhile
            ),
            backend=local_backend,
        )
        self._folder = folder
        self._ids: list[int] = []
        self._start_over()

    def _start_over(self) -> None:
        self._turns = itertools.cycle((True, False))
        self._file_turns = itertools.cycle((True, False))
        self._next = itertools.cycle(self._ids)

    def fill(self) -> None:
        """Have a published, a failed, a held, a cancelled and two waiting conversions."""
        engine = self.engine
        self._done, failed, held, cancelled = jobs = [
            self._submit("done.pdf", pdfs.text_pages(1)),
            self._submit("failed.pdf", b"no PDF"),
            self._submit("held.pdf", pdfs.text_pages(1)),
            self._submit("cancelled.pdf", pdfs.text_pages(1)),
        ]
        engine.hold([held])
        engine.cancel([cancelled])
        wait_until(lambda: engine.job(failed).job.state is JobState.FAILED, "the failure")
        (engine.settings.input / "there.pdf").write_bytes(pdfs.text_pages(1))
        self.publish()
        jobs += [self._submit(f"waiting{n}.pdf", pdfs.text_pages(1)) for n in range(2)]
        self._ids = jobs

    def publish(self) -> None:
        """See that there is a published conversion, and then that everything else waits."""
        self.engine.restore([self._done])
        self.engine.release([self._done])
        self.engine.set_priority([self._done], 2_000_000)
        self.engine.retry([self._done] if self.engine.job(self._done).job.state is not JobState.DONE else [])
        self.engine.resume()
        wait_until(lambda: self.engine.job(self._done).job.state is JobState.DONE, "a result")
        self.engine.pause()
        self._start_over()

    def _submit(self, name: str, content: bytes) -> int:
        file = self._folder / name
        file.write_bytes(content)
        os.utime(file, (1e9, 1e9))  # old enough to fail at once if it is damaged
        return self.engine.submit(file).id

    def aim(self, parameters: dict[str, Any]) -> None:
        """Put a real conversion, and a real file of it, in the place of made-up ones about every second time."""
        for name in ID_PARAMETERS:
            if name in parameters and next(self._turns):
                job_id = next(self._next)
                with contextlib.suppress(HotfolioError):
                    if not any(entry.job.id == job_id for entry in self.engine.select()):
                        self.engine.restore([job_id])
                    job = self.engine.job(job_id).job
                    parameters[name] = job.conversion_id
                    if job.state is JobState.DONE and "path" in parameters and next(self._file_turns):
                        parameters["path"] = "done.md"

    def aim_form(self, form: dict[str, Any]) -> None:
        """Name a file of the input folder, or send a real one, about every second time."""
        if not next(self._file_turns):
            return
        if "filename" in form:
            form["filename"] = "there.pdf"
        if isinstance(form.get("file"), Binary):  # a file by any other chance would be no PDF
            form["file"] = Binary(pdfs.text_pages(1))


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queue]:
    queue = Queue(tmp_path_factory.mktemp("openapi"))
    queue.engine.start()
    try:
        queue.fill()
        yield queue
    finally:
        queue.engine.stop(now=True)


@pytest.fixture(scope="module")
def document(queue: Queue) -> schemathesis.BaseSchema:
    generation = GenerationConfig(max_examples=EXAMPLES, deterministic=True, database="none")
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
    return schemathesis.openapi.from_asgi(
        "/openapi.json", create_api(Service(queue.engine, lambda now: None)), config=config
    )


def ask(case: schemathesis.Case, queue: Queue) -> int:
    queue.aim(case.path_parameters or {})
    if isinstance(case.body, dict):
        queue.aim_form(case.body)
    response = case.call()
    case.validate_response(response, checks=CHECKS)
    return response.status_code


def can_be_wrong(operation: schemathesis.APIOperation) -> bool:
    """Whether a route is asked with anything but texts in its path and headers, where any will do."""

    def is_any_text(parameter: Any) -> bool:
        schema = parameter.definition.get("schema", {})
        kind = {key: value for key, value in schema.items() if key in ("type", "anyOf", *_LIMITS)}
        return parameter.location.name in ("PATH", "HEADER") and kind in _ANY_TEXT

    return bool(operation.body) or not all(map(is_any_text, operation.iter_parameters()))


def ask_all(operation: schemathesis.APIOperation, mode: GenerationMode, queue: Queue) -> list[int]:
    """Ask a route for what fits (or, in the negative mode, does not fit) its description; returns the statuses."""
    edges = operation.schema.iter_coverage_cases(
        operation, generation_modes=[mode], generation_config=operation.schema.config.generation_for()
    )
    statuses = [ask(case, queue) for case in itertools.islice(edges, EDGES)]
    if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation):
        return statuses  # hundreds of tries would find out no more

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask_made_up(case: schemathesis.Case) -> None:
        statuses.append(ask(case, queue))

    try:
        ask_made_up()
    except Unsatisfiable:  # nothing can be wrong where there are no parameters
        pass
    except ValueError as error:
        if _NO_FILES not in str(error):
            raise
    return statuses


def test_every_answer_is_a_documented_one(
    document: schemathesis.BaseSchema, queue: Queue, subtests: pytest.Subtests
) -> None:
    for found in document.get_all_operations():
        operation = found.ok()
        if operation.label in EXCLUDED:
            continue
        with subtests.test(operation.label):
            queue.publish()
            statuses = [status for mode in GenerationMode for status in ask_all(operation, mode, queue)]
            if operation.label not in OF_A_CLUSTER:
                assert any(status < 300 for status in statuses), f"nothing has been granted: {Counter(statuses)}"


def test_what_is_excluded_is_in_the_document(document: schemathesis.BaseSchema) -> None:
    labels = {found.ok().label for found in document.get_all_operations()}
    assert EXCLUDED.keys() <= labels
    assert "GET /conversions/{conversion_id}/output/{path}" in labels
