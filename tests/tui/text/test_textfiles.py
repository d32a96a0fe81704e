"""Text files that are read while they grow."""

from pathlib import Path

from tui.text.textfiles import read_on, read_tail


def test_a_log_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    assert read_on(file, None) == ([], 0)
    file.write_bytes(b"one\ntwo\nthr")
    found, place = read_on(file, 0)
    assert found == ["one", "two"]
    with file.open("ab") as stream:
        stream.write(b"ee\x1b\n")
    assert read_on(file, place) == (["three\\x1b"], 15)
    assert read_on(file, None, 9) == (["three\\x1b"], 15)


def test_of_a_long_file_the_end_is_read_from_a_whole_line_on_and_a_missing_one_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    assert read_tail(file) == "Nothing has been logged."
    file.write_bytes(b"first\nsecond \xff\n\tthird\n")
    assert read_tail(file) == "first\nsecond \\xff\n        third\n"
    assert read_tail(file, 18) == "second \\xff\n        third\n"
    assert read_tail(tmp_path).endswith(": Is a directory.")
