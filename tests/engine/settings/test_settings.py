"""Where settings come from, which one counts, and what is said about one that cannot be used."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from pydantic import ValidationError

from engine.base.errors import SandboxUnavailable, SettingsError
from engine.job.formats import Format
from engine.job.options import ConvertOptions, OcrMode
from engine.sandbox import forkserver
from engine.sandbox.backend import Limits
from engine.sandbox.local import LocalBackend
from engine.settings import settings as settings_module
from engine.settings.live import LiveSettings
from engine.settings.loading import LoadedSettings, load_settings
from engine.settings.profiles import OnSuccess
from engine.settings.settings import Settings
from engine.settings.statefolder import check_folders, start_logging, stop_logging
from engine.settings.workplace import workplace_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and nothing in the user's settings."""
    monkeypatch.setattr(platformdirs, "user_config_path", lambda _: tmp_path / "home-config")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def toml(folder: Path, text: str, name: str = "hotfolio.toml") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def complaint(overrides: Mapping[str, Any] | None = None, config: Path | None = None) -> str:
    """The sentence that loading ends with."""
    with pytest.raises(SettingsError) as caught:
        load_settings(overrides, config)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


# --- which one counts ---


def test_everything_has_a_default() -> None:
    loaded = load_settings()
    assert loaded.settings == Settings()
    assert loaded.origins == {}
    assert (loaded.settings.num_workers, loaded.settings.formats) == (4, (Format.MD,))
    assert (loaded.settings.input, loaded.settings.output) == (Path("input"), Path("output"))


def test_what_is_wrong_is_said_in_one_line_that_shows_what_it_quotes(folder: Path) -> None:
    toml(folder, 'pages = "\\u202e\\n"')
    with pytest.raises(SettingsError, match=r"pages: give pages as in .*, not .*\\u202e") as refused:
        load_settings()
    assert str(refused.value).isprintable()


def test_command_line_beats_environment_beats_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = toml(folder, "dpi = 100\nsettle = 1.0\naging = 60\n")
    monkeypatch.setenv("HOTFOLIO_DPI", "200")
    monkeypatch.setenv("HOTFOLIO_SETTLE", "3")
    loaded = load_settings({"dpi": 300, "ocr": None})
    assert (loaded.settings.dpi, loaded.settings.settle, loaded.settings.aging) == (300, 3.0, 60.0)
    assert loaded.settings.ocr is OcrMode.AUTO
    assert loaded.origins == {"dpi": "command line", "settle": "HOTFOLIO_SETTLE", "aging": file.name}


@pytest.mark.parametrize(
    ("variables", "overrides", "count", "origin"),
    [
        ({"NUM_WORKERS": "3"}, {}, 3, "NUM_WORKERS"),
        ({"HOTFOLIO_NUM_WORKERS": "3"}, {}, 3, "HOTFOLIO_NUM_WORKERS"),
        ({"HOTFOLIO_NUM_WORKERS": "3", "NUM_WORKERS": "5"}, {}, 3, "HOTFOLIO_NUM_WORKERS"),
        ({"HOTFOLIO_NUM_WORKERS": "3"}, {"num_workers": 7}, 7, "command line"),
        ({"NUM_WORKERS": "3"}, {"num_workers": 7}, 7, "command line"),
        ({"NUM_WORKERS": "auto"}, {}, "auto", "NUM_WORKERS"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True])
def test_the_number_of_workers_comes_from_its_variable(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    overrides: dict[str, Any],
    count: int | str,
    origin: str,
    in_file: bool,
) -> None:
    if in_file:
        toml(folder, "num_workers = 2")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    loaded = load_settings(overrides)
    assert loaded.settings.num_workers == count
    assert loaded.origins["num_workers"] == origin


def test_auto_is_a_worker_for_each_usable_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "usable_cores", lambda: 6)
    assert load_settings({"num_workers": "auto"}).settings.worker_count == 6
    assert load_settings({"num_workers": 2}).settings.worker_count == 2


def test_lists_paths_sizes_and_switches_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "FORMATS": "md, png,md",
        "INPUT": "/somewhere/in put",
        "MEMORY_LIMIT": "3GiB",
        "IMAGES": "false",
        "OCR": "never",
        "ON_SUCCESS": "archive",
    }.items():
        monkeypatch.setenv(f"HOTFOLIO_{name}", value)
    settings = load_settings().settings
    assert settings.convert_options.formats == (Format.MD, Format.PNG)
    assert settings.input == Path("/somewhere/in put")
    assert settings.memory_limit == 3 << 30
    assert not settings.images
    assert settings.ocr is OcrMode.NEVER
    assert settings.on_success is OnSuccess.ARCHIVE


@pytest.mark.parametrize("formats", ['"md,txt"', '["md", "txt"]'])
def test_formats_may_be_a_list_or_a_line(folder: Path, formats: str) -> None:
    toml(folder, f"formats = {formats}")
    assert load_settings().settings.formats == (Format.MD, Format.TXT)


def test_the_options_of_a_job_are_those_of_the_settings() -> None:
    settings = load_settings({"formats": "json,webp", "dpi": 72, "images": False, "page_header": True}).settings
    assert settings.convert_options == ConvertOptions(
        formats=(Format.JSON, Format.WEBP), dpi=72, images=False, page_header=True
    )


# --- which file ---


def test_a_named_file_is_used_instead_of_the_one_in_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml(folder, "dpi = 100")
    named = toml(folder, "dpi = 200", "other/mine.toml")
    by_variable = toml(folder, "dpi = 300", "variable.toml")
    assert load_settings().settings.dpi == 100
    monkeypatch.setenv("HOTFOLIO_CONFIG", str(by_variable))
    assert load_settings().settings.dpi == 300
    assert load_settings(config=named).settings.dpi == 200


def test_without_a_file_in_the_folder_the_users_own_is_used(folder: Path, tmp_path: Path) -> None:
    own = toml(tmp_path / "home-config", "dpi = 100")
    loaded = load_settings()
    assert loaded.settings.dpi == 100
    assert loaded.origins == {"dpi": str(own)}
    toml(folder, "settle = 1")
    assert load_settings().settings.dpi == 150


def test_paths_in_a_file_count_from_the_files_folder(folder: Path) -> None:
    file = toml(folder, 'input = "in"\noutput = "/abs/out"\narchive = "../old"\nstate = "s"\n', "etc/hotfolio.toml")
    settings = load_settings(config=file).settings
    assert settings.input == folder / "etc" / "in"
    assert settings.output == Path("/abs/out")
    assert settings.state == folder / "etc" / "s"
    assert settings.archive is not None
    assert settings.archive.resolve() == folder / "old"


# --- what cannot be used ---


def test_a_wrong_key_in_a_file_is_named_with_the_file_and_what_was_meant(folder: Path) -> None:
    file = toml(folder, "num_worker = 3")
    sentence = complaint(config=file)
    assert str(file) in sentence
    assert "num_worker: there is no such setting" in sentence
    assert "Did you mean num_workers?" in sentence


def test_a_wrong_variable_is_named_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTFOLIO_FORMAT", "md")
    sentence = complaint()
    assert "HOTFOLIO_FORMAT" in sentence
    assert "Did you mean HOTFOLIO_FORMATS?" in sentence


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("dpi", "5", "greater than or equal to 18"),
        ("dpi", "many", "valid integer"),
        ("formats", "md,docx", "there is no format docx; there is md, txt, json"),
        ("ocr", "sometimes", "'auto', 'never' or 'force'"),
        ("settle", "-1", "greater than or equal to 0"),
        ("page_timeout", "0", "greater than 0"),
        ("page_timeout", "nan", "less than or equal to"),
        ("settle", "inf", "less than or equal to 3600"),
        ("memory_limit", "lots", "byte"),
        ("images", "perhaps", "boolean"),
        ("on_success", "burn", "'keep', 'archive' or 'delete'"),
    ],
)
def test_a_wrong_value_is_named_with_its_origin_and_what_would_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, words: str
) -> None:
    file = toml(folder, f'{key} = "{value}"')
    in_file = complaint(config=file)
    assert str(file) in in_file
    monkeypatch.setenv(f"HOTFOLIO_{key.upper()}", value)
    in_environment = complaint(config=file)
    assert f"HOTFOLIO_{key.upper()}" in in_environment
    on_command_line = complaint({key: value})
    assert "command line" in on_command_line
    for sentence in (in_file, in_environment, on_command_line):
        assert f"{key}: " in sentence
        assert words in sentence


@pytest.mark.parametrize("variable", ["NUM_WORKERS", "HOTFOLIO_NUM_WORKERS"])
@pytest.mark.parametrize("value", ["0", "257", "-1", "2.5", "three", ""])
def test_a_wrong_number_of_workers_is_named_with_its_variable_and_what_would_do(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    sentence = complaint()
    assert sentence.startswith(f"{variable}: num_workers: ")
    assert "give 'auto' or a number from 1 to 256" in sentence


def test_no_formats_at_all_are_refused_in_one_sentence(folder: Path) -> None:
    file = toml(folder, "formats = []")
    sentence = complaint(config=file)
    assert str(file) in sentence
    assert "formats" in sentence
    assert "md, txt" in sentence


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing.toml"
    assert str(missing) in complaint(config=missing)
    monkeypatch.setenv("HOTFOLIO_CONFIG", str(missing))
    assert str(missing) in complaint()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"dpi = ", "not valid TOML"), (b"\xff\xfe = 1", "cannot be read"), (b"[section]\ndpi = 1", "no such setting")],
)
def test_a_file_that_cannot_be_understood_is_named(folder: Path, content: bytes, words: str) -> None:
    file = folder / "bad.toml"
    file.write_bytes(content)
    sentence = complaint(config=file)
    assert str(file) in sentence
    assert words in sentence


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.dpi = 300  # type: ignore[misc]


# --- after a job ---


def test_a_command_is_a_list_in_the_file_and_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml(folder, 'on_done = ["./bin/done", "./x"]\non_failed = ["notify-send", "failed; $(x)"]')
    settings = load_settings().settings
    assert settings.on_done == (str(folder / "bin" / "done"), "./x")
    assert settings.on_failed == ("notify-send", "failed; $(x)")
    monkeypatch.setenv("HOTFOLIO_ON_DONE", '["curl", "-d", "a, b"]')
    monkeypatch.setenv("HOTFOLIO_ON_FAILED", "")
    settings = load_settings().settings
    assert (settings.on_done, settings.on_failed) == (("curl", "-d", "a, b"), ())


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"notify-send done"', "on_done: give a list, the program and its arguments"),
        ("'{\"a\": 1}'", "on_done: give a list"),
        ('[""]', "on_done: the first in the list must be a program."),
        ('["  ", "x"]', "on_done: the first in the list must be a program."),
        ("[1]", "on_done: each argument must be text."),
        ('["a\\u0000b"]', "on_done: each argument must be text."),
        ("true", "on_done: "),
    ],
)
def test_a_command_that_is_none_is_refused_in_one_sentence(folder: Path, value: str, words: str) -> None:
    toml(folder, f"on_done = {value}")
    assert words in complaint()


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://example.org/hook?key=x", ""),
        ("https://me:secret@example.org:8443/", ""),
        ("http://example.org/hook", "example.org"),
        ("http://EXAMPLE.org:9000/hook", "other, Example.Org"),
        ("http://example.org:9000/hook", "example.org:9000"),
        ("http://[::1]:9000/hook", "::1"),
        ("http://[::1]:9000/hook", "[::1]"),
        ("", ""),
    ],
)
def test_a_webhook_is_called_with_tls_or_at_a_host_that_is_named(url: str, hosts: str) -> None:
    assert load_settings({"webhook": url, "webhook_hosts": hosts}).settings.webhook == (url or None)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://example.org/hook", ""),
        ("http://127.0.0.1:9000/hook", ""),
        ("http://example.org.evil.net/hook", "example.org"),
        ("http://example.org:9000/hook", "example.org:9001"),
        ("http://example.org@evil.net/hook", "example.org"),
    ],
)
def test_a_webhook_without_tls_at_a_host_that_is_not_named_is_refused(url: str, hosts: str) -> None:
    sentence = complaint({"webhook": url, "webhook_hosts": hosts})
    assert sentence.startswith("command line: webhook: what is sent to http://")
    assert "webhook_hosts = [" in sentence


@pytest.mark.parametrize(
    "url",
    ["example.org", "ftp://example.org", "https://", "http://[::1", "https://x:99999/", "https://a b/", "https://a/\n"],
)
def test_a_webhook_that_is_no_url_is_refused_without_telling_it(url: str) -> None:
    assert complaint({"webhook": url}) == ("command line: webhook: give a URL that begins with https:// or http://.")
    assert "P4SS" not in complaint({"webhook": f"ftp://me:P4SS@{url}"})
    assert "P4SS" not in complaint({"webhook": "http://me:P4SS@example.org/P4SS?P4SS"})


@pytest.mark.parametrize(
    "text",
    [
        'vlm_url = "ftp://example.org/?key=P4SS"',
        'vlm_url = ["P4SS"]',
        'webhook = ["P4SS"]',
        'webhook = { url = "P4SS" }',
        '[profiles.scans]\nvlm_url = "ftp://example.org/?key=P4SS"',
        '[profiles.scans]\nvlm_url = ["P4SS"]',
        '[profiles.scans]\nwebhook = "https://example.org/P4SS"',
        '[profiles]\nvlm_url = "https://example.org/P4SS"',
        '[profiles.scans]\nvlm_url = "https://example.org/P4SS"\nchunk_size = 20\nchunk_overlap = 30',
        '[profiles.scans]\nvlm_url = "https://example.org/P4SS"\nchunk_size = 32',
        '[[folders]]\nwebhook = "https://example.org/P4SS"',
    ],
)
def test_a_url_with_a_secret_in_it_is_never_told(folder: Path, text: str) -> None:
    toml(folder, text)
    assert "P4SS" not in complaint()


def test_settings_that_do_not_go_together_later_are_one_sentence_without_their_values() -> None:
    old = Settings()
    new = Settings.model_construct(**{**vars(Settings()), "webhook": "http://example.org/P4SS"})
    with pytest.raises(SettingsError) as caught:
        LiveSettings(old).changed_by(LoadedSettings(new, {}))
    sentence = str(caught.value)
    assert sentence.startswith("The settings do not go together: webhook: what is sent to http://example.org can be")
    assert sentence.endswith('webhook_hosts = ["example.org"].')


def test_a_conversion_process_gets_nothing_of_a_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOTFOLIO_WEBHOOK", "hotfolio_webhook", "HOTFOLIO_WEBHOOK_SECRET", "HOTFOLIO_VLM_KEY", "MINE"):
        monkeypatch.setenv(name, "P4SS")
    given: list[dict[str, str]] = []

    def start(*arguments: Any, env: dict[str, str], **others: Any) -> Any:
        given.append(env)
        raise OSError("not now")

    monkeypatch.setattr(forkserver.subprocess, "Popen", start)
    backend = LocalBackend(workplace_of(Settings(output=tmp_path, state=tmp_path)))
    with pytest.raises(SandboxUnavailable):
        backend.open(Limits())
    backend.close()
    (environment,) = given
    assert {name for name, value in environment.items() if value == "P4SS"} == {"HOTFOLIO_VLM_KEY", "MINE"}


def test_what_a_command_is_told_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTFOLIO_JOB_ID", "7")
    monkeypatch.setenv("HOTFOLIO_JOB_STATE", "done")
    assert load_settings().origins == {}


# --- folders ---


def test_the_state_is_in_the_output_unless_set_or_on_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(output=tmp_path / "out").state_folder == tmp_path / "out" / ".hotfolio"
    assert Settings(output=tmp_path / "out", state=tmp_path / "s").state_folder == tmp_path / "s"
    monkeypatch.setattr(settings_module, "is_network", lambda _: True)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda name: tmp_path / "user" / name)
    one, other = (Settings(output=tmp_path / name).state_folder for name in ("out", "other"))
    assert one.is_relative_to(tmp_path / "user" / "hotfolio")
    assert one != other


def test_sources_are_archived_beside_the_input_unless_set(tmp_path: Path) -> None:
    assert Settings(input=tmp_path / "in").archive_folder == tmp_path / "archive"
    assert Settings(input=tmp_path / "in", archive=tmp_path / "old").archive_folder == tmp_path / "old"


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"input": "in", "output": "in"}, "output folder"),
        ({"input": "in", "output": "in/out"}, "output folder"),
        ({"input": "out/in", "output": "out"}, "input folder"),
        ({"input": "in", "output": "out", "state": "in/state"}, "state folder"),
        ({"input": "in", "output": "link-to-in/out"}, "output folder"),
        ({"input": "in", "output": "x/../in/out"}, "output folder"),
        ({"input": "in", "output": "out", "archive": "in/archive", "on_success": "archive"}, "archive"),
        ({"input": "in", "output": "out", "archive": "in", "on_success": "archive"}, "archive"),
    ],
)
def test_a_folder_inside_another_it_must_not_be_in_is_refused(
    tmp_path: Path, places: dict[str, str], words: str
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link-to-in").symlink_to("in")
    settings = _settings_below(tmp_path, places)
    with pytest.raises(SettingsError, match=words) as caught:
        check_folders(settings, watch=True)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "places",
    [
        {"input": "in", "output": "out"},
        {"input": "in", "output": "in-out"},
        {"input": "in", "output": "out", "state": "out/deep/state"},
        {"input": "in", "output": "out", "archive": "old", "on_success": "archive"},
    ],
)
def test_folders_that_are_apart_are_accepted(tmp_path: Path, places: dict[str, str]) -> None:
    check_folders(_settings_below(tmp_path, places), watch=True)


def test_without_a_hot_folder_results_may_lie_beside_the_sources(tmp_path: Path) -> None:
    settings = _settings_below(tmp_path, {"input": "in", "output": "in/out"})
    check_folders(settings, watch=False)
    with pytest.raises(SettingsError):
        check_folders(settings, watch=True)


def _settings_below(folder: Path, places: Mapping[str, str]) -> Settings:
    return Settings.model_validate(
        {key: value if key == "on_success" else folder / value for key, value in places.items()}
    )


# --- the log ---


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_a_full_disk_takes_the_log_without_a_word_and_nothing_else_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without pytest's own, which it adds where an engine has run before, and which fails on what cannot be formatted.
    monkeypatch.setattr(logging.getLogger("engine"), "handlers", [])
    (tmp_path / "hotfolio.log").symlink_to("/dev/full")
    handler = start_logging(tmp_path)
    try:
        logging.getLogger("engine.test").warning("said")
        assert capsys.readouterr().err == ""
        logging.getLogger("engine.test").warning("%d", "no number")
        assert "Logging error" in capsys.readouterr().err
    finally:
        stop_logging(handler)
