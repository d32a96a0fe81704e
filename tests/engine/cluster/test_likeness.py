"""What two machines have to have in common."""

from engine.cluster.likeness import differences, installed


def test_it_is_told_what_differs_and_no_more_than_can_be_read() -> None:
    here = {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}
    assert differences(here, dict(here)) == ""
    assert differences(here, here | {"b": "9"}) == "b is 9 there and 2 here"
    many = differences(here, {})
    assert many.startswith("a is missing there and 1 here; b is")
    assert many.endswith("; and 2 more")
    assert "\x1b" not in differences(here, here | {"a": "\x1b[31m"})


def test_this_machine_is_told_by_all_that_reads_pages() -> None:
    found = installed()
    assert {"Python", "hotfolio", "pymupdf", "onnxruntime", "rapidocr", "tesseract"} <= set(found)
    assert found["pymupdf"] != "none"
    assert installed() is found
