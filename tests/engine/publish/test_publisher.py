"""Results appear whole, in a place of their own, and take nothing away from anybody."""

import errno
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.base.disk import exchange, fsync_tree
from engine.base.errors import CannotGoOn, OutputUnwritable
from engine.job.formats import Format
from engine.job.job import JobState, PageState
from engine.job.options import ConvertOptions
from engine.publish import publisher as publish_module
from engine.publish.publisher import MANIFEST, Publisher, build_manifest, origin_of, read_manifest, safe_name
from engine.queue.store import JobStore
from tests.clock import Clock
from tests.engine.making import job, result, source


class Press:
    """A publisher with an output folder, and private folders to publish from."""

    def __init__(self, folder: Path, store: JobStore) -> None:
        self.output = folder / "output"
        self.output.mkdir()
        self.private = folder / "state" / "jobs"
        self.publisher = Publisher(store.claim_output, self.output)
        self.jobs = 0

    def made(self, *files: str, text: str = "new") -> Path:
        """A private folder with such files in it."""
        self.jobs += 1
        made = self.private / str(self.jobs) / "out"
        made.mkdir(parents=True)
        for file in files:
            (made / file).parent.mkdir(parents=True, exist_ok=True)
            (made / file).write_text(text)
        return made

    def publish(self, path: str | bytes, *files: str, text: str = "new") -> Path:
        """Publish files for the source with this path; returns their place."""
        made = self.made(*files, text=text)
        place = self.publisher.choose_place(source(path), made)
        self.publisher.publish(self.jobs, made, place, {"schema": 1, "state": "done"})
        return place

    def place(self, path: str | bytes, *files: str) -> str:
        """Where the source's result would go, inside the output."""
        made = self.made(*(files or ("x.md",)))
        return str(self.publisher.choose_place(source(path), made).relative_to(self.output))

    def tree(self) -> dict[str, str]:
        """Every file of the output, manifests aside."""
        return {
            str(file.relative_to(self.output)): file.read_text()
            for file in sorted(self.output.rglob("*"))
            if file.is_file() and file.name != MANIFEST
        }


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "state", clock)
    yield store
    store.close()


@pytest.fixture
def press(tmp_path: Path, store: JobStore) -> Press:
    return Press(tmp_path, store)


# --- appearing ---


def test_a_result_appears_with_its_manifest_where_the_source_was(press: Press) -> None:
    place = press.publish("sub/deep/a.pdf", "a.md", "images/1.png")
    assert place == press.output / "sub" / "deep" / "a"
    assert press.tree() == {"sub/deep/a/a.md": "new", "sub/deep/a/images/1.png": "new"}
    manifest = read_manifest(place)
    assert manifest is not None
    assert manifest["files"] == ["a.md", "images/1.png"]
    assert not (press.private / "1" / "out").exists()


def test_nothing_is_in_the_place_before_everything_is(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []

    def watched(folder: Path) -> None:
        seen.append(press.tree())
        fsync_tree(folder)

    monkeypatch.setattr(publish_module, "fsync_tree", watched)
    press.publish("a.pdf", "a.md", "pages/0001.png")
    assert seen == [{}]


def test_a_new_result_takes_the_place_of_the_old_in_one_step(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    press.publish("a.pdf", "a.md", "a.txt", text="old")
    swapped: list[tuple[Path, Path]] = []

    def watched(one: Path, other: Path) -> bool:
        swapped.append((one, other))
        return exchange(one, other)

    monkeypatch.setattr(publish_module, "exchange", watched)
    place = press.publish("a.pdf", "a.md")
    assert swapped == [(press.private / "2" / "out", place)]
    assert press.tree() == {"a/a.md": "new"}
    assert not (press.private / "2" / "out").exists()


def test_where_folders_cannot_be_swapped_a_new_result_replaces_the_old_all_the_same(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "exchange", lambda one, other: False)
    press.publish("a.pdf", "a.md", "a.txt", text="old")
    (press.output / "a" / "notes").mkdir()
    (press.output / "a" / "notes" / "mine.txt").write_text("mine")
    press.publish("a.pdf", "a.md")
    assert press.tree() == {"a/a.md": "new", "a/notes/mine.txt": "mine"}
    assert list((press.private / "2").iterdir()) == []


def test_what_others_have_put_in_the_place_stays(press: Press) -> None:
    press.publish("a.pdf", "a.md", "a.txt", text="old")
    press.publish("a/b.pdf", "b.md", text="other")
    (press.output / "a" / "mine.txt").write_text("mine")
    press.publish("a.pdf", "a.md")
    assert press.tree() == {"a/a.md": "new", "a/b/b.md": "other", "a/mine.txt": "mine"}


def test_a_result_may_be_published_into_a_folder_that_holds_others(press: Press) -> None:
    press.publish("a/b.pdf", "b.md", text="other")
    press.publish("a.pdf", "a.md")
    assert press.tree() == {"a/a.md": "new", "a/b/b.md": "other"}


@pytest.mark.parametrize("swaps", [True, False])
def test_a_result_that_cannot_be_put_in_place_leaves_the_place_as_it_was(
    press: Press, monkeypatch: pytest.MonkeyPatch, swaps: bool
) -> None:
    press.publish("a.pdf", "a.md", text="old")
    (press.output / "a" / "mine").mkdir()
    (press.output / "a" / "mine" / "notes.txt").write_text("mine")
    before = press.tree()
    made = press.made("a.md")
    place = press.publisher.choose_place(source("a.pdf"), made)
    with monkeypatch.context() as patch:
        rename = Path.rename

        def full(self: Path, target: Path) -> Path:
            if Path(target) == place and self == made:
                raise OSError(errno.ENOSPC, "No space left on device")
            return rename(self, target)

        def no_exchange(one: Path, other: Path) -> bool:
            if swaps:
                raise OSError(errno.ENOSPC, "No space left on device")
            return False

        patch.setattr(Path, "rename", full)
        patch.setattr(publish_module, "exchange", no_exchange)
        with pytest.raises(OutputUnwritable, match="the disk is full"):
            press.publisher.publish(2, made, place, {"schema": 1})
    assert press.tree() == before
    press.publisher.publish(2, made, place, {"schema": 1})
    assert press.tree() == {"a/a.md": "new", "a/mine/notes.txt": "mine"}
    manifest = read_manifest(place)
    assert manifest is not None
    assert manifest["files"] == ["a.md"]


def test_a_result_made_on_another_mount_of_the_same_disk_is_published(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def mounted(self: Path, target: Path) -> Path:
        # Two bind mounts have one device number, and no rename goes from one to the other.
        if self.is_relative_to(press.output) != Path(target).is_relative_to(press.output):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(self))
        return rename(self, target)

    def mounted_exchange(one: Path, other: Path) -> bool:
        if one.is_relative_to(press.output) != other.is_relative_to(press.output):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(one))
        return exchange(one, other)

    monkeypatch.setattr(Path, "rename", mounted)
    monkeypatch.setattr(publish_module, "exchange", mounted_exchange)
    press.publish("a.pdf", "a.md", text="old")
    (press.output / "a" / "mine.txt").write_text("mine")
    press.publish("a.pdf", "a.md", "a.txt")
    assert press.tree() == {"a/a.md": "new", "a/a.txt": "new", "a/mine.txt": "mine"}


def test_a_result_made_on_another_disk_is_copied_first(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def elsewhere(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        status = stat(self, follow_symlinks=follow_symlinks)
        if not self.is_relative_to(press.private):
            return status
        values = list(status)
        values[2] += 1  # st_dev
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", elsewhere)
    for text in ("old", "new"):
        press.publish("a.pdf", "a.md", "images/1.png", text=text)
        assert press.tree() == {"a/a.md": text, "a/images/1.png": text}


def test_an_output_that_cannot_be_written_is_said_so(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    made = press.made("a.md")

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(OutputUnwritable, match="read-only"):
        press.publisher.publish(1, made, press.output / "sub" / "a", {"schema": 1})


def test_what_lies_in_the_place_of_a_result_that_was_half_replaced_stays(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "exchange", lambda one, other: False)
    press.publish("a.pdf", "a.md", text="old")
    (press.output / "a" / "new.txt").write_text("mine")
    made = press.made("a.md")
    old = made.with_name("out.old")  # as the engine leaves it when it dies between two renames
    old.mkdir()
    (old / "older.txt").write_text("mine, too")
    press.publisher.publish(2, made, press.output / "a", {"schema": 1})
    assert press.tree() == {"a/a.md": "new", "a/new.txt": "mine", "a/older.txt": "mine, too"}


@pytest.mark.parametrize("left", ["out", "out.old", ".hotfolio-publish"])
def test_what_others_had_put_in_the_place_stays_when_an_interrupted_publication_is_finished(
    press: Press, left: str
) -> None:
    place = press.publish("a.pdf", "a.md")
    (place / "both.txt").write_text("the newer")
    made = press.private / "1" / "out"
    folder = press.output / left / "1" if left.startswith(".") else made.with_name(left)
    folder.mkdir(parents=True)
    (folder / "a.md").write_text("old")
    (folder / "gone.txt").write_text("no longer made")
    (folder / MANIFEST).write_text(json.dumps({"schema": 1, "files": ["a.md", "gone.txt"]}))
    (folder / "mine.txt").write_text("mine")
    (folder / "both.txt").write_text("the older")
    press.publisher.complete(1, made, place)
    assert not folder.exists()
    assert press.tree() == {"a/a.md": "new", "a/both.txt": "the newer", "a/mine.txt": "mine"}


def test_nothing_but_files_and_folders_is_published(press: Press) -> None:
    made = press.made("a.md", "images/1.png")
    (press.output.parent / "secret").write_text("not for the output")
    (press.output.parent / "secrets").mkdir()
    for folder in (made, made / "images"):
        (folder / "link").symlink_to(press.output.parent / "secret")
        (folder / "folder").symlink_to(press.output.parent / "secrets")
        os.mkfifo(folder / "fifo")
    press.publisher.publish(1, made, press.output / "a", {"schema": 1})
    assert {str(path.relative_to(press.output)) for path in press.output.rglob("*")} == {
        "a",
        "a/a.md",
        "a/images",
        "a/images/1.png",
        f"a/{MANIFEST}",
    }
    assert (press.output.parent / "secret").exists()
    assert (press.output.parent / "secrets").is_dir()


def test_what_an_earlier_try_has_left_does_not_keep_a_result_from_appearing(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = press.made("a.md")
    (made / f".{MANIFEST}.part").write_text("half")
    (made / MANIFEST).write_text("{}")
    copy = press.output / ".hotfolio-publish" / "1"
    copy.mkdir(parents=True)
    (copy / "half.md").write_text("half")
    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if self.is_relative_to(press.output) != Path(target).is_relative_to(press.output):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)
    press.publisher.publish(1, made, press.output / "a", {"schema": 1, "state": "done"})
    assert press.tree() == {"a/a.md": "new"}
    assert sorted(file.name for file in (press.output / "a").iterdir()) == ["a.md", MANIFEST]
    assert (read_manifest(press.output / "a") or {})["files"] == ["a.md"]


def test_a_manifest_is_readable_text_whatever_is_in_it(press: Press) -> None:
    made = press.made("a.md")
    press.publisher.publish(1, made, press.output / "a", {"schema": 1, "warnings": ["caf\u00e9 \ud800"]})
    text = (press.output / "a" / MANIFEST).read_text(encoding="utf-8")
    assert text.splitlines()[:5] == ["{", '  "schema": 1,', '  "warnings": [', '    "caf\u00e9 ?"', "  ],"]
    assert text.endswith("}\n")


def failing(monkeypatch: pytest.MonkeyPatch, code: int, name: Path | None) -> None:
    """Have every folder that is made fail like this."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code), *([] if name is None else [str(name)]))

    monkeypatch.setattr(Path, "mkdir", fail)


def test_a_manifest_has_a_line_for_each_field_and_for_each_page(press: Press) -> None:
    made = press.made("a.md")
    place = press.publisher.choose_place(source("a.pdf"), made)
    pages = [{"page": 1, "error": None}, {"page": 2, "error": 'a "b"\n'}]
    press.publisher.publish(press.jobs, made, place, {"schema": 1, "pages": pages, "kinds": {"a": 1}, "warnings": []})
    assert (place / MANIFEST).read_text().splitlines() == [
        "{",
        '  "schema": 1,',
        '  "pages": [',
        '    {"page": 1, "error": null},',
        '    {"page": 2, "error": "a \\"b\\"\\n"}',
        "  ],",
        '  "kinds": {"a": 1},',
        '  "warnings": [],',
        '  "files": [',
        '    "a.md"',
        "  ]",
        "}",
    ]
    assert read_manifest(place) == {
        "schema": 1, "pages": pages, "kinds": {"a": 1}, "warnings": [], "files": ["a.md"]
    }  # fmt: skip


def test_what_only_one_place_has_is_no_trouble_of_all(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    made = press.made("a.md")
    place = press.output / "sub\x1b" / "a"
    failing(monkeypatch, errno.EACCES, place.parent)
    with pytest.raises(CannotGoOn) as caught:
        press.publisher.publish(1, made, place, {"schema": 1})
    assert str(caught.value) == f"Cannot write to {press.output}/sub\\x1b: Permission denied."


@pytest.mark.parametrize("is_main", [True, False])
def test_a_full_disk_stops_all_only_if_it_is_the_main_output(
    press: Press, monkeypatch: pytest.MonkeyPatch, is_main: bool
) -> None:
    made = press.made("a.md")
    main = press.output if is_main else press.output.parent / "main"
    publisher = Publisher(press.publisher._claim_output, press.output, main)
    failing(monkeypatch, errno.ENOSPC, None)
    with pytest.raises(OutputUnwritable if is_main else CannotGoOn) as caught:
        publisher.publish(1, made, press.output / "sub" / "a", {"schema": 1})
    why = "the disk is full" if is_main else "No space left on device"
    assert str(caught.value) == f"Cannot write to {press.output}: {why}."


def test_a_place_that_cannot_be_looked_at_is_trouble_of_that_job(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    made = press.made("a.md")
    scandir = os.scandir

    def refused(path: Any) -> Any:
        if str(path) == str(press.output / "a"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(CannotGoOn, match="Permission denied"):
        press.publisher.choose_place(source("a.pdf"), made)


# --- places ---


def test_the_same_source_always_goes_to_the_same_place(press: Press) -> None:
    assert [press.place("sub/a.pdf") for _ in range(3)] == ["sub/a"] * 3
    newer = replace(source("sub/a.pdf"), size=999, mtime_ns=7)
    assert press.publisher.choose_place(newer, press.made("a.md")) == press.output / "sub" / "a"


def test_names_that_some_file_system_takes_for_the_same_get_places_of_their_own(press: Press) -> None:
    composed, decomposed = "caf\u00e9.pdf", "cafe\u0301.pdf"
    assert [press.place(path) for path in (composed, decomposed, "CAF\u00c9.pdf", "cafe.pdf")] == [
        "caf\u00e9",
        "caf\u00e9~2",
        "CAF\u00c9~3",
        "cafe",
    ]


def test_sources_that_differ_in_their_suffix_or_folder_get_places_of_their_own(press: Press) -> None:
    assert [press.place(path) for path in ("a.pdf", "a.PDF", "a", "A/a.pdf", "a/A.pdf")] == [
        "a",
        "a~2",
        "a~3",
        "A/a",
        "a/A~2",
    ]


def test_a_name_that_looks_like_a_second_one_is_not_taken_twice(press: Press) -> None:
    assert [press.place(path) for path in ("a~2.pdf", "a.pdf", "A.pdf")] == ["a~2", "a", "A~3"]


def test_a_file_of_somebody_elses_is_not_overwritten(press: Press) -> None:
    (press.output / "a").mkdir()
    (press.output / "a" / "a.md").write_text("mine")
    assert press.publish("a.pdf", "a.md") == press.output / "a~2"
    assert press.tree() == {"a/a.md": "mine", "a~2/a.md": "new"}


@pytest.mark.parametrize("other", ["a file", "a link to nowhere"])
def test_something_that_is_no_folder_in_the_place_makes_a_second_name(press: Press, other: str) -> None:
    if other == "a file":
        (press.output / "a").write_text("mine")
    else:
        (press.output / "a").symlink_to("nowhere")
    assert press.publish("a.pdf", "a.md") == press.output / "a~2"
    assert (press.output / "a~2" / "a.md").read_text() == "new"
    assert (press.output / "a").is_symlink() or (press.output / "a").read_text() == "mine"


def test_a_source_named_like_a_file_of_another_result_gets_a_second_name(press: Press) -> None:
    press.publish("a.pdf", "a.md", text="first")
    place = press.publish("a/a.md.pdf", "a.md.md")
    assert place == press.output / "a" / "a.md~2"
    assert press.tree() == {"a/a.md": "first", "a/a.md~2/a.md.md": "new"}


def test_a_source_named_like_a_folder_of_another_result_is_not_lost_with_it(press: Press) -> None:
    press.publish("a.pdf", "a.md", "images/1.png", text="first")
    place = press.publish("a/images.pdf", "images.md", text="other")
    press.publish("a.pdf", "a.md", "images/1.png", text="second")
    assert (place / "images.md").read_text() == "other"
    assert read_manifest(place) is not None
    assert press.tree()["a/images/1.png"] == "second"


@pytest.mark.parametrize(
    "path",
    [
        "x" * 251 + ".pdf",
        "\u00e9" * 125 + ".pdf",
        b"\xff" * 251 + b".pdf",
        "sub/" * 20 + "y" * 251 + ".pdf",
        "[/]x.pdf",
        "a\x1b[31m.pdf",
        ".. .pdf",
        'a:b*c?"<>|\\.pdf',
        "\u202eevil.pdf",
    ],
)
def test_any_name_a_file_can_have_gets_a_place_that_can_be_made(press: Press, path: str | bytes) -> None:
    first, second = press.publish(path, "a.md"), press.publish(os.fsencode(path) + b"x", "a.md")
    for place in (first, second):
        assert place.is_relative_to(press.output)
        assert (place / "a.md").read_text() == "new"
        for part in place.relative_to(press.output).parts:
            assert part.isprintable()
            assert len(part.encode()) <= 255


def test_a_result_of_another_source_is_not_replaced_though_the_queue_knows_nothing_of_it(
    press: Press,
) -> None:
    for name, root in (("a", b"/elsewhere"), ("b", b"/in")):
        place = press.output / name
        place.mkdir()
        manifest = {"schema": 1, "origin": origin_of(root, f"{name}.pdf".encode()), "files": ["x.md"]}
        (place / MANIFEST).write_text(json.dumps(manifest))
        (place / "x.md").write_text("old")
    assert press.place("a.pdf") == "a~2"
    assert press.place("b.pdf") == "b"


def test_a_folder_without_a_manifest_is_shared_unless_a_name_in_it_is_needed(press: Press) -> None:
    (press.output / "a").mkdir()
    (press.output / "a" / "mine.txt").write_text("mine")
    assert press.place("a.pdf", "a.md") == "a"
    (press.output / "b").mkdir()
    (press.output / "b" / MANIFEST).write_text("not of hotfolio")
    assert press.place("b.pdf", "b.md") == "b~2"


def test_something_that_is_no_folder_in_the_way_of_a_subfolder_gives_that_another_name(press: Press) -> None:
    (press.output / "sub").write_text("mine")
    assert press.place("sub/deep/a.pdf") == "sub~2/deep/a"
    (press.output / "linked").symlink_to(press.output.parent)
    assert press.place("linked/a.pdf") == "linked~2/a"


def test_places_are_numbered_as_far_as_it_takes(press: Press) -> None:
    for number in range(1, 12):
        place = press.publisher.choose_place(source("a.pdf", root=f"/{number}".encode()), press.made("a.md"))
        assert place.name == ("a" if number == 1 else f"a~{number}")


# --- names ---


@given(st.binary(min_size=1, max_size=300))
@example(b".")
@example(b"..")
@example(b". .")
@example(b"...hidden")
@example(b"\xcc\x81accent")
@example("\u212bngstr\u00f6m\ufb01".encode())
@example(b"\xff" * 255)
def test_a_safe_name_is_one_every_file_system_takes(name: bytes) -> None:
    safe = safe_name(os.fsdecode(name))
    assert 0 < len(safe.encode("utf-8")) <= 240
    assert not set(safe) & set('<>:"/\\|?*\0')
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not safe.startswith(".")
    assert not safe.endswith((".", " "))
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_name(safe) == safe


@given(st.text(alphabet=st.characters(whitelist_categories=("L", "N"), max_codepoint=0xFF), min_size=1, max_size=60))
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert safe_name(name) == unicodedata.normalize("NFC", name)


def test_both_unicode_forms_of_a_name_are_one_safe_name() -> None:
    assert safe_name("cafe\u0301") == safe_name("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("x" * 300, "x" * 240),
        ("\u20ac" * 100, "\u20ac" * 80),
        ("x" + "\u20ac" * 100, "x" + "\u20ac" * 79),
        (".hidden", "_hidden"),
        ("...", "document"),
        ("", "document"),
        ("a. . ", "a"),
        (" a", " a"),
        ('<>:"/\\|?*', "_" * 9),
        ("a\tb\u200bc\u2028d\u2029e\ud800f", "a_b_c_d_e_f"),
        ("a.b~2 c", "a.b~2 c"),
    ],
)
def test_what_becomes_of_a_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


# --- the manifest ---


def test_the_manifest_says_what_was_converted_how_and_with_what_result(press: Press) -> None:
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    options = ConvertOptions(formats=(Format.MD, Format.PNG), dpi=72)
    converted = job(
        7,
        source=source(b"sub/caf\xe9.pdf", size=1234, mtime_ns=1_700_000_000_500_000_000),
        options=options,
        sha256="ab" * 32,
        started=started,
    )
    pages = [result(1), result(2, PageState.OCR, 4.25), result(3, PageState.FAILED, 0.0, "crashed")]
    manifest = build_manifest(
        converted,
        JobState.PARTIAL,
        "run-id",
        pages,
        ["a warning"],
        {"pymupdf": "2.0"},
        started.timestamp() + 5,
        {1: 120, 2: 0, 3: 44},
        {1: "it has no tags"},
    )
    made = press.made("caf\u00e9.md")
    press.publisher.publish(1, made, press.output / "x", manifest)
    found = json.loads((press.output / "x" / MANIFEST).read_text(encoding="utf-8"))
    assert found.pop("options") == {**options.model_dump(mode="json", exclude={"formats"})}
    assert len(found.pop("origin")) == 16
    assert found == {
        "schema": 1,
        "state": "partial",
        "conversion_id": converted.conversion_id,
        "run": "run-id",
        "source": {
            "path": "sub/caf\\xe9.pdf",
            "size": 1234,
            "sha256": "ab" * 32,
            "mtime": "2023-11-14T22:13:20.500000+00:00",
        },
        "formats": ["md", "png"],
        "versions": {"pymupdf": "2.0"},
        "pages": [
            {
                "page": 1,
                "state": "ok",
                "seconds": 0.5,
                "via": "layout",
                "why": "it has no tags",
                "error": None,
                "markdown_bytes": 120,
            },
            {"page": 2, "state": "ocr", "seconds": 4.25, "via": "layout", "error": None, "markdown_bytes": 0},
            {"page": 3, "state": "failed", "seconds": 0.0, "via": "none", "error": "crashed", "markdown_bytes": 44},
        ],
        "warnings": ["a warning"],
        "warning_kinds": {},
        "started": "2026-01-02T03:04:05+00:00",
        "finished": "2026-01-02T03:04:10+00:00",
        "files": ["caf\u00e9.md"],
    }


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"not json", b'{"schema": 99}', b"\xff\xfe", b"[" * 100_000, b'{"schema": 1', b"null"],
)
def test_a_manifest_that_is_none_is_not_read(tmp_path: Path, content: bytes) -> None:
    assert read_manifest(tmp_path) is None
    (tmp_path / MANIFEST).write_bytes(content)
    assert read_manifest(tmp_path) is None


@pytest.mark.parametrize("files", ["a.md", None, 7, [], ["."], [""], ["/"], [7, None, {}], ["../../x", "a.md"]])
def test_a_manifest_that_somebody_has_edited_harms_nobody(press: Press, files: Any) -> None:
    place = press.publish("a.pdf", "a.md", text="old")
    (place / "mine.txt").write_text("mine")
    (press.output.parent / "x").write_text("outside")
    manifest = json.loads((place / MANIFEST).read_text())
    (place / MANIFEST).write_text(json.dumps({**manifest, "files": files}))
    later = press.publish("a.pdf", "a.md")
    assert (later / "a.md").read_text() == "new"
    assert (place / "mine.txt").read_text() == "mine"
    assert (press.output.parent / "x").read_text() == "outside"


def test_a_manifest_without_markdown_says_nothing_of_its_bytes_nor_when_it_began_if_nobody_knows() -> None:
    manifest = build_manifest(job(7), JobState.DONE, "run", [result(1)], [], {}, 0.0, {}, {})
    assert "markdown_bytes" not in manifest["pages"][0]
    assert manifest["started"] is None
    assert manifest["finished"] == "1970-01-01T00:00:00+00:00"
    assert json.loads(json.dumps(manifest["options"])) == manifest["options"]
    assert (
        build_manifest(job(7), JobState.DONE, "run", [result(1)], [], {}, 0.0, {2: 5}, {})["pages"][0]["markdown_bytes"]
        == 0
    )


def test_a_manifest_says_that_its_source_has_been_replaced_and_nothing_of_it_else() -> None:
    older, newest = (
        build_manifest(job(7), JobState.DONE, "run", [result(1)], [], {}, 0.0, {}, {}, superseded=superseded)
        for superseded in (True, False)
    )
    assert older == {**newest, "superseded": True}
    assert "superseded" not in newest


def test_a_manifest_is_no_more_exact_than_a_tenth_of_a_millisecond() -> None:
    manifest = build_manifest(job(7), JobState.DONE, "run", [result(1, seconds=0.123456)], [], {}, 0.0, {}, {})
    assert manifest["pages"][0]["seconds"] == 0.1235


def test_the_origin_tells_a_path_from_any_other_and_shows_none() -> None:
    origins = [origin_of(root, path) for root, path in ((b"/a", b"b"), (b"/a/b", b""), (b"/", b"a/b"))]
    assert len({*origins}) == 3
    assert all(len(origin) == 16 and set(origin) <= set("0123456789abcdef") for origin in origins)


def test_an_origin_is_the_same_from_version_to_version() -> None:
    # Or a queue that is built anew would take every result for another source's.
    assert origin_of(b"/tmp/hotfolio-fixture/input/sub", b"partial.pdf") == "2584d9a8a8dab7fc"


def test_a_place_is_the_same_from_wherever_the_engine_is_started(
    press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert press.place("a.pdf") == "a"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert press.place("A.pdf") == "A~2"


def test_outputs_that_lie_in_each_other_give_no_place_twice(press: Press) -> None:
    inner = Publisher(press.publisher._claim_output, press.output / "team", press.output)
    assert press.place("team/report.pdf") == "team/report"
    assert inner.choose_place(source("report.pdf"), press.made("x.md")) == press.output / "team" / "report~2"


def test_an_output_whose_name_is_no_text_does_as_well(press: Press) -> None:
    odd = press.output.parent / os.fsdecode(b"caf\xe9")
    publisher = Publisher(press.publisher._claim_output, odd, press.output)
    assert publisher.choose_place(source("a.pdf"), press.made("x.md")) == odd / "a"
