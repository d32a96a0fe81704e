"""Which file a name from outside means, and what a new file may be called."""

import os
from pathlib import Path

import pytest
from fastapi import HTTPException

from engine.job.options import DocumentKind
from engine.server.security.names import find_input, names_for


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A hot folder with files, links and a neighbour whose name begins like its own."""
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "@eaDir").mkdir()
    (tmp_path / "in-private").mkdir()
    for place in ("in/a.pdf", "in/sub/b.pdf", "in/.hidden.pdf", "in/c.pdf.part", "in/@eaDir/d.pdf", "in-private/s.pdf"):
        (tmp_path / place).write_bytes(b"%PDF")
    (root / "inside.pdf").symlink_to(root / "sub" / "b.pdf")
    (root / "outside.pdf").symlink_to(tmp_path / "in-private" / "s.pdf")
    (root / "broken.pdf").symlink_to(tmp_path / "in" / "nothing.pdf")
    os.mkfifo(root / "pipe.pdf")
    return root


@pytest.mark.parametrize(
    ("name", "found"),
    [(b"a.pdf", "a.pdf"), (b"./a.pdf", "a.pdf"), (b"sub//b.pdf", "sub/b.pdf"), (b"inside.pdf", "sub/b.pdf")],
)
def test_a_file_inside_is_found_by_the_path_that_the_hot_folder_knows(root: Path, name: bytes, found: str) -> None:
    assert find_input(root, name) == root / found


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        (b"", 400, "not a path inside"),
        (b"/etc/passwd", 400, "not a path inside"),
        (b"sub/../a.pdf", 400, "not a path inside"),
        (b"a.pdf\0", 400, "not a path inside"),
        (b".", 400, "not inside"),
        (b"outside.pdf", 400, "not inside"),
        (b".hidden.pdf", 400, "hidden or a temporary file"),
        (b"c.pdf.part", 400, "hidden or a temporary file"),
        (b"@eaDir/d.pdf", 400, "hidden or a temporary file"),
        (b"sub", 400, "not a regular file"),
        (b"pipe.pdf", 400, "not a regular file"),
        (b"none.pdf", 404, "No such file"),
        (b"broken.pdf", 404, "No such file"),
        (b"a.pdf/b.pdf", 404, "Not a directory"),
        (b"x" * 300, 404, "File name too long"),
    ],
)
def test_what_is_not_a_file_inside_is_refused_with_a_reason(root: Path, name: bytes, status: int, why: str) -> None:
    with pytest.raises(HTTPException, match=why) as caught:
        find_input(root, name)
    assert caught.value.status_code == status


def test_the_root_of_the_disk_is_a_folder_like_others(root: Path) -> None:
    inside = os.fsencode(root).lstrip(b"/")
    assert find_input(Path("/"), inside + b"/a.pdf") == root / "a.pdf"


@pytest.mark.parametrize(
    ("sent", "accept", "first"),
    [
        (b"a.PDF", (DocumentKind.PDF,), "a.pdf"),
        (b"a.png", (DocumentKind.PDF,), "a.png.pdf"),
        (b"a.png", (DocumentKind.PDF, DocumentKind.PNG), "a.png"),
        (b"~$a.pdf", (DocumentKind.PDF,), "$a.pdf"),
    ],
)
def test_a_suffix_is_kept_if_its_kind_is_accepted(sent: bytes, accept: tuple[DocumentKind, ...], first: str) -> None:
    assert next(names_for(sent, accept)) == first


def test_the_names_after_the_first_are_numbered_and_then_random() -> None:
    names = list(names_for(b"a.pdf"))
    assert names[:3] == ["a.pdf", "a~2.pdf", "a~3.pdf"]
    assert names[98] == "a~99.pdf"
    assert len(names[99]) == len("a~123456789012.pdf")
    assert len(set(names)) == len(names) == 199
