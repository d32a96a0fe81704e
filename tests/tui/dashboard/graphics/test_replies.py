"""Answers of a terminal are no keys, wherever in what is typed they come, and in whatever pieces."""

import pytest
from textual.events import Key

from tui.dashboard.graphics.replies import ReplyParser, TerminalReplied

ANSWERS = ["\x1bP>|kitty(0.39.1)\x1b\\", "\x1b[6;20;10t", "\x1b_Gi=4712;OK\x1b\\", "\x1b[?64;1;2;4;22c"]


def told(parser: ReplyParser, *pieces: str) -> list[str]:
    messages = [message for piece in pieces for message in parser.feed(piece)]
    return [
        message.answer if isinstance(message, TerminalReplied) else message.key
        for message in messages
        if isinstance(message, (TerminalReplied, Key))
    ]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_in_any_two_pieces_is_told_whole_between_the_keys(answer: str) -> None:
    for at in range(3, len(answer)):
        assert told(ReplyParser(), "j" + answer[:at], answer[at:] + "k\x1b[A") == ["j", answer, "k", "up"]
    assert told(ReplyParser(), f"j{answer}k", answer) == ["j", answer, "k", answer]


def test_what_only_begins_like_an_answer_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1.0
    monkeypatch.setattr("textual._parser.get_time", lambda: now)
    parser = ReplyParser()
    assert told(parser, "\x1b[?6") == []
    keys: list[str] = []
    for _ in range(8):
        now += 0.11
        keys += [message.key for message in parser.tick() if isinstance(message, Key)]
    assert keys[-2:] == ["question_mark", "6"]
    assert told(parser, "j") == ["j"]


def test_escape_is_not_held() -> None:
    parser = ReplyParser()
    assert told(parser, "\x1b") == []
    assert told(parser, "[A") == ["up"]
