"""Which documents a node keeps."""

import hashlib
from pathlib import Path

import pytest

from engine.cluster.node.sourcecache import CannotKeep, SourceCache


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(cache: SourceCache, data: bytes) -> str:
    assert cache.expect(sha(data), len(data)) == 0
    assert cache.add(sha(data), 0, data)
    return sha(data)


def test_a_document_comes_in_pieces_and_goes_on_where_it_was(tmp_path: Path) -> None:
    cache = SourceCache(tmp_path, 100)
    key = sha(b"onetwo")
    assert (cache.find(key), cache.expect(key, 6)) == (None, 0)
    assert not cache.add(key, 0, b"one")
    assert not cache.add(key, 0, b"one")  # told again
    assert cache.expect(key, 6) == 3
    assert cache.add(key, 3, b"two")
    found = cache.find(key)
    assert found is not None
    assert found.read_bytes() == b"onetwo"


def test_what_is_not_the_document_is_not_kept(tmp_path: Path) -> None:
    cache = SourceCache(tmp_path, 100)
    key = sha(b"good")
    cache.expect(key, 4)
    with pytest.raises(CannotKeep, match="not the document"):
        cache.add(key, 0, b"evil")
    cache.expect(key, 4)
    with pytest.raises(CannotKeep, match="More"):
        cache.add(key, 0, b"good and more")
    assert (cache.find(key), cache.size, [*tmp_path.iterdir()]) == (None, 0, [])


def test_the_one_that_was_used_longest_ago_makes_room_unless_it_is_in_use(tmp_path: Path) -> None:
    cache = SourceCache(tmp_path, 10)
    first, second = put(cache, b"1111"), put(cache, b"2222")
    cache.find(first)
    third = put(cache, b"3333")
    assert [cache.find(key) is not None for key in (first, second, third)] == [True, False, True]
    cache.pin(first)
    cache.pin(third)
    with pytest.raises(CannotKeep, match="in use"):
        cache.expect(second, 4)
    with pytest.raises(CannotKeep, match="takes"):
        cache.expect(second, 11)
    cache.unpin(third)
    assert cache.expect(second, 4) == 0


def test_a_later_process_takes_over_what_is_whole_and_looks_at_it(tmp_path: Path) -> None:
    first = SourceCache(tmp_path, 100)
    good, bad = put(first, b"good"), put(first, b"fine")
    first.expect(sha(b"never"), 5)
    first.add(sha(b"never"), 0, b"nev")
    (tmp_path / bad).write_bytes(b"evil")
    (tmp_path / "stray").mkdir()
    cache = SourceCache(tmp_path, 100)
    assert cache.find(good) is not None
    assert cache.find(bad) is None
    assert [file.name for file in tmp_path.iterdir()] == [good]
    assert SourceCache(tmp_path, 3).find(good) is None
