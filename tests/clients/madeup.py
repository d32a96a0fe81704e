"""Asks the routes of all doors that wait for conversions for what schemathesis makes up.

`python -m tests.clients.madeup`; the engine converts meanwhile, unlike that of `test_openapi`, which asks all other
routes. It takes some minutes.
"""

import sys
from collections import Counter
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.transport.serialization import Binary

from engine.facade.engine import Engine
from engine.server.app.api import create_api
from engine.server.app.housekeeping import keep_house
from engine.server.dependencies.service import Service
from engine.settings.servicesettings import DoorName
from engine.settings.settings import Settings
from tests import pdfs
from tests.engine.server.routers.test_openapi import CHECKS, EXCLUDED, can_be_wrong

_EXAMPLES = 12
_EDGES = 40
_OF_DOORS = ("/detect/", "/v1/files", "/v1/ocr", "/file_parse")
"""Begin the other routes of doors that are usually closed, or answer at once."""
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def main() -> int:
    """Returns the exit status: 1 if an answer was a 5xx, or one that the OpenAPI document does not promise."""
    wrong = 0
    with TemporaryDirectory() as name:
        settings = Settings(
            input=Path(name, "in"),
            output=Path(name, "out"),
            ocr="never",
            num_workers=2,
            max_upload=1 << 20,
            doors=tuple(DoorName),
        )
        with Engine(settings) as engine:
            service = Service(engine, lambda now: None)
            keep_house(service)
            generation = GenerationConfig(max_examples=_EXAMPLES, deterministic=True, database="none")
            config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
            document = schemathesis.openapi.from_asgi("/openapi.json", create_api(service), config=config)
            for found in document.get_all_operations():
                operation = found.ok()
                if operation.label in EXCLUDED or operation.path.startswith(_OF_DOORS):
                    statuses, sentences = _ask_all(operation)
                    print(f"{'failed' if sentences else 'passed'}  {operation.label}  {dict(statuses)}", flush=True)
                    print("".join(f"    {sentence}\n" for sentence in sentences), end="", flush=True)
                    wrong += bool(sentences)
    return int(wrong > 0)


def _ask_all(operation: schemathesis.APIOperation) -> tuple[Counter[int], list[str]]:
    """How often a route has given which status, and what was wrong with some of its answers."""
    statuses: Counter[int] = Counter()
    wrong: dict[str, None] = {}
    has_document = cycle((True, False, False))

    def ask(case: schemathesis.Case) -> None:
        if next(has_document):
            _put_document(case)
        try:
            answer = case.call(timeout=300)
            statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)
        except (requests.RequestException, AssertionError) as error:
            wrong[str(error)] = None

    for mode in _MODES:
        edges = operation.schema.iter_coverage_cases(
            operation, generation_modes=[mode], generation_config=operation.schema.config.generation_for()
        )
        for case in islice(edges, _EDGES):
            ask(case)
        if mode is GenerationMode.POSITIVE or can_be_wrong(operation):
            _ask_made_up(operation, mode, ask)
    return statuses, [*wrong]


def _ask_made_up(
    operation: schemathesis.APIOperation, mode: GenerationMode, ask: Callable[[schemathesis.Case], None]
) -> None:
    @hypothesis_settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def made_up(case: schemathesis.Case) -> None:
        ask(case)

    try:
        made_up()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # any bytes will do for some


def _put_document(case: schemathesis.Case) -> None:
    """A real PDF in the place of a made-up one, which would be none by any chance."""
    if isinstance(case.body, Binary | bytes):
        case.body = Binary(pdfs.text_pages(1))
    elif isinstance(case.body, dict):
        for name in case.body.keys() & {"file", "files"}:
            pdf = Binary(pdfs.text_pages(1))
            case.body[name] = pdf if name == "file" else [pdf]


if __name__ == "__main__":
    sys.exit(main())
