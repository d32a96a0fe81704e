"""Messages are read and written field by field."""

import pytest

from engine.convert.layoutmodel.onnxwire import field, fields, read, text, without

MESSAGE = field(1, "first") + field(2, 300) + field(3, 0.5) + field(1, b"second") + field(200, 1 << 40)


def test_fields_are_read_as_they_were_written() -> None:
    assert [*fields(MESSAGE)] == [(1, b"first"), (2, 300), (3, b"\x00\x00\x00\x3f"), (1, b"second"), (200, 1 << 40)]
    assert read(MESSAGE, 1) == [b"first", b"second"]
    assert (text(MESSAGE, 1), text(MESSAGE, 9)) == ("second", "")
    assert [*fields(b"\x09" + bytes(8))] == [(1, bytes(8))]


def test_what_is_left_out_is_gone_and_the_rest_as_it_was() -> None:
    assert without(field(1, "a") + field(2, 7) + field(3, "b"), [2]) == field(1, "a") + field(3, "b")


@pytest.mark.parametrize("bad", [b"\x0a\x05abc", b"\x80", b"\x0b", b"\x08" + b"\xff" * 11, b"\x0d\x00"])
def test_what_is_no_message_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"field|number"):
        [*fields(bad)]
