"""Profiles and folders: what holds for a document, and what is said of rules that cannot be used."""

from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.job.formats import Format
from engine.job.job import Source
from engine.job.options import OcrMode
from engine.remote.wire import decode, encode
from engine.settings.loading import load_settings
from engine.settings.profiles import OnSuccess, Polling
from engine.settings.settings import Settings
from engine.settings.statefolder import check_folders

RULES = """
formats = ["md"]
settle = 4.0
ignore = ["*.draft.pdf"]

[profiles.scans]
formats = ["pdf", "md"]
ocr = "force"
dpi = 300
pages = "1-10,15"
priority = 5
max_running = 2

[profiles.plain]
formats = "txt"

[[folders]]
path = "scans"
output = "scanned"
profile = "scans"
on_success = "archive"
settle = 0.5
poll = "always"
ignore = ["old/*"]

[[folders]]
path = "more"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> Settings:
    (folder / "hotfolio.toml").write_text(text, encoding="utf-8")
    return load_settings().settings


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(folder, text)
    return str(caught.value)


def test_a_folder_has_its_own_rules_and_the_settings_for_the_rest(folder: Path) -> None:
    main, scans, more = load(folder, RULES).hot_folders
    assert (main.path, main.output, main.profile, main.priority) == (folder / "input", folder / "output", "", 0)
    assert (main.settle, main.poll, main.ignore) == (4.0, Polling.AUTO, ("*.draft.pdf",))
    assert (scans.path, scans.output, scans.archive) == (folder / "scans", folder / "scanned", folder / "archive")
    assert (scans.profile, scans.priority, scans.on_success) == ("scans", 5, OnSuccess.ARCHIVE)
    assert (scans.settle, scans.poll, scans.ignore) == (0.5, Polling.ALWAYS, ("*.draft.pdf", "old/*"))
    assert (scans.options.formats, scans.options.ocr, scans.options.dpi) == (
        (Format.PDF, Format.MD),
        OcrMode.FORCE,
        300,
    )
    assert scans.options.pages == "1-10,15"
    assert (more.output, more.options, more.on_success) == (folder / "output", main.options, OnSuccess.KEEP)


def test_a_rule_for_the_input_folder_holds_for_it(folder: Path) -> None:
    settings = load(folder, RULES + '\n[[folders]]\npath = "input"\nprofile = "plain"\n')
    main, *others = settings.hot_folders
    assert (main.path, main.options.formats) == (folder / "input", (Format.TXT,))
    assert [rule.path.name for rule in others] == ["scans", "more"]


def test_a_profile_leaves_alone_what_it_does_not_say(folder: Path) -> None:
    settings = load(folder, "images = false\n" + RULES)
    assert settings.options_of("scans").images is False
    assert settings.options_of("plain").dpi == settings.dpi
    assert settings.options_of("") == settings.options_of(None) == settings.convert_options


def test_what_the_command_line_says_counts_more_than_the_profile(folder: Path) -> None:
    load(folder, "dpi = 100\n" + RULES)
    options = load_settings({"formats": "json"}).options_of("scans")
    assert (options.formats, options.dpi, options.ocr) == ((Format.JSON,), 300, OcrMode.FORCE)
    elsewhere = load_settings({"dpi": 72}).options_of("", Settings(formats=("txt",)))
    assert (elsewhere.formats, elsewhere.dpi) == ((Format.TXT,), 72)


def test_profiles_limit_what_runs(folder: Path) -> None:
    assert load(folder, RULES).running_limits.per_profile == {"scans": 2}


def test_a_source_is_known_by_the_folder_it_was_found_in(folder: Path) -> None:
    settings = load(folder, RULES)
    found = settings.folder_of(Source(bytes(folder / "scans"), b"a.pdf", 1, 1, 1))
    assert found is not None
    assert found.profile == "scans"
    assert settings.folder_of(Source(bytes(folder), b"a.pdf", 1, 1, 1)) is None


def test_rules_reach_another_process_unchanged(folder: Path) -> None:
    settings = load(folder, RULES)
    assert decode(encode(settings), Settings) == settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[profiles.scans]\ndip = 300", ("profiles.scans.dip", "Did you mean dpi?")),
        ("[profiles.scans]\ndpi = 3", ("profiles.scans", "dpi: input should be greater than or equal to 18", "got 3")),
        ('[profiles.scans]\npages = "5-2"', ("profiles.scans", "pages", "'5-2' runs backwards")),
        ("[profiles.scans]\nmax_running = 0", ("profiles.scans.max_running", "greater than or equal to 1")),
        ("[profiles.scans]\nchunk_size = 32", ("profiles.scans", "chunk_overlap (64) must be smaller than chunk_size")),
        ('[profiles."a b"]\ndpi = 100', ("profiles.a b",)),
        ('[profiles.scans]\ndpi = 100\n[[folders]]\npath = "a"\nprofile = "scan"', ("profile scan", "mean scans?")),
        ("[[folders]]\nprofile = 'x'", ("folders[1].path", "field required")),
        ('[[folders]]\npath = "a"\n[[folders]]\npath = "b"\nsetle = 3', ("folders[2].setle", "Did you mean settle?")),
        ('[[folders]]\npath = "a"\n[[folders]]\npath = "./a"', ("is there twice",)),
    ],
)
def test_what_is_wrong_with_a_rule_is_one_sentence_with_its_place(
    folder: Path, text: str, words: tuple[str, ...]
) -> None:
    sentence = complaint(folder, text)
    assert sentence.startswith("hotfolio.toml" if "/" not in sentence.partition(":")[0] else str(folder)), sentence
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


def test_no_such_profile_is_said_with_the_one_that_may_be_meant(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"no profile scan\. Did you mean scans\?"):
        load(folder, RULES).options_of("scan")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[folders]]\npath = "input/below"', "is inside the hot folder"),
        ('[[folders]]\npath = "more"\noutput = "more/out"', "is inside the input folder"),
        ('[[folders]]\npath = "more"\noutput = "input/out"', "is inside the input folder"),
        ('[[folders]]\npath = "output/more"', "is inside the output folder"),
        ('[[folders]]\npath = "more"\non_success = "archive"\narchive = "input/a"', "The archive folder"),
        ('state = "more/state"\n[[folders]]\npath = "more"', "The state folder"),
    ],
)
def test_folders_must_lie_apart(folder: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check_folders(load(folder, text), watch=True)
