"""What the documentation shows of settings is true: every example loads, every setting is there with its default."""

import re
from pathlib import Path

import pytest

from engine.job import formats
from engine.server.app.connections import ConnectionLimits
from engine.server.app.listener import CALL_BYTES
from engine.server.app.uvicorn_protocol import MAX_UPGRADE_BYTES, MAX_UPGRADE_HEADERS
from engine.server.assistants.mcproute import MOST_BYTES
from engine.server.documents.received import MOST_MARKS
from engine.server.security.bounds import AROUND_BYTES, FORM_FIELD_BYTES, FORM_FIELDS, RequestLimits
from engine.server.security.guard import HEALTH_PATHS
from engine.settings.live import AT_START
from engine.settings.loading import load_settings
from engine.settings.settings import Settings
from tests.places import DOCS

FINDINGS = DOCS.parent / "findings"
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = [
    pytest.param(text, id=f"{file.stem}-{number}")
    for file in sorted(DOCS.glob("*.md"))
    if file.stem not in ("vision-model", "extending")  # which show other files too, and have tests of their own
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL), 1)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_settings_file_that_is_shown_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hotfolio.toml"
    file.write_text(text, encoding="utf-8")
    loaded = load_settings(config=file)
    assert loaded.origins
    for folder in loaded.settings.hot_folders:
        assert folder.options


def test_every_setting_is_in_the_table() -> None:
    first_cells = re.findall(r"^\| ([^|]*) \|", CONFIGURATION, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`\[*([a-z_]+)", cell)}
    assert set(Settings.model_fields) - named == set()


def test_every_format_is_named() -> None:
    (row,) = re.findall(r"^\| `formats` \|.*$", CONFIGURATION, re.MULTILINE)
    assert set(re.findall(r"[\w-]+", row)) >= set(formats.names())


def test_what_waits_for_a_start_is_named() -> None:
    (section,) = re.findall(r"## Changes while it runs\n(.*?)\n## ", CONFIGURATION, re.DOTALL)
    for name in AT_START:
        assert f"`{name}`" in section or (name.startswith("api_") and "`api_*`" in section), name


def test_the_limits_of_the_service_are_those_that_the_code_has() -> None:
    text = (DOCS / "security.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\n## Limits\n.*?\|---\|---\|---\|\n(.*?)\n\n", text, re.DOTALL)
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    doors, requests = ConnectionLimits(), RequestLimits()
    assert {what: limit for what, limit, _ in rows} == {
        "connections": f"{doors.total}; over TCP {doors.per_peer} from one address (one /64 of IPv6)",
        "beyond those, for the paths about health alone": (
            f"{doors.spare}; over TCP {doors.spare_per_peer} from one address; one request, {doors.spare_s:g} s"
        ),
        "WebSockets among them": f"{doors.sockets}; over TCP {doors.sockets_per_peer} from one address",
        "headers": (
            f"{_size(requests.header_bytes)} ({_size(MAX_UPGRADE_BYTES)} and {MAX_UPGRADE_HEADERS} lines of a "
            f"WebSocket's), complete within {doors.headers_s:g} s"
        ),
        "before a request": f"{doors.keep_alive_s:g} s without a byte",
        "JSON": f"{_size(requests.plain_bytes)} ({_size(CALL_BYTES)} on the Unix socket)",
        "a document as the body, by `PUT`": "`max_upload`, unzipped or not",
        "JSON with documents, `/v1/convert/source` and the like": (
            f"`max_upload` in base64 and {_size(AROUND_BYTES)}; {_size(requests.document_bytes)}"
        ),
        "a message to `/mcp`": _size(MOST_BYTES),
        "braces, brackets, colons and commas in JSON with documents": f"{MOST_MARKS:,}",
        "the fields of a form": f"{FORM_FIELDS}, with {_size(FORM_FIELD_BYTES)} together",
        "forms with files": f"`max_upload` and {_size(AROUND_BYTES)}",
        "a body that comes in": (
            f"{requests.idle_s:g} s without a byte; less than {_size(requests.bytes_per_s)} a second over "
            f"{requests.window_s:g} s"
        ),
        "the rest of a body that was answered before it was read": f"{doors.leftover_s:g} s",
        "an answer that is not read": f"{doors.unread_s:g} s",
        "a message of a WebSocket's client": _size(doors.message_bytes),
        "a WebSocket's client that does not answer a ping": f"{doors.ping_s:g} s and {doors.ping_s:g} s",
    }
    assert {"/healthz", "/readyz", "/health", "/livez", "/ready"} == HEALTH_PATHS


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def test_every_finding_is_in_the_table_of_findings() -> None:
    table = (FINDINGS / "README.md").read_text(encoding="utf-8")
    found = set(re.findall(r"^\| \[`([\w-]+)`\]\(\1\.sh\)", table, re.MULTILINE))
    assert found == {script.stem for script in FINDINGS.glob("*.sh")}
