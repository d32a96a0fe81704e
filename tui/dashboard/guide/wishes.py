"""What people call what they want, and which key does it."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

HelpLine = tuple[str, str, str]
"""Keys, what they do, and the id of the binding."""

_WISHES = {
    "app.help": "keys shortcuts manual",
    "app.history": "earlier orders past",
    "app.palette": "commands menu everything theme colours dark light",
    "app.pause": "stop wait everything break resume continue start",
    "app.quit": "exit leave close end background detach",
    "app.engine": "start run engine again alive service gone lost",
    "app.settings": "options configuration preferences config where",
    "changes.next": "difference diff compare",
    "filter.drop": "cancel typing",
    "job.cancel": "stop abort end give up delete kill",
    "job.clear": "clean tidy empty done delete list finished",
    "job.copy": "where folder file output location clipboard yank open find",
    "job.copy_source": "where original input file location clipboard",
    "job.hold": "wait later postpone stop pause continue unpause",
    "job.kill": "stop force abort hang hanging stuck",
    "job.log": "why error reason failed wrong details messages problem happened",
    "job.lower": "slower later less important",
    "job.move_bottom": "last later end order queue",
    "job.move_down": "later order queue",
    "job.move_top": "first next sooner now urgent faster order queue",
    "job.move_up": "sooner earlier faster order queue",
    "job.open": "details more information why reason pages messages",
    "job.output": "see text result preview show open content markdown view",
    "job.peek": "see picture image page preview original compare view",
    "job.raise": "faster sooner important urgent first hurry quick",
    "job.redo": "again forward back",
    "job.remove": "delete hide clean away",
    "job.retry": "again repeat redo reconvert convert anew restart once more",
    "job.retry_all": "again repeat all failed errors anew",
    "job.undo": "back revert mistake oops wrong restore",
    "job.unlock": "password locked encrypted protected open",
    "mark.all": "select everything",
    "mark.none": "select deselect clear",
    "mark.range": "select several many",
    "mark.toggle": "select choose several many pick",
    "move.first": "beginning top",
    "move.last": "end bottom",
    "node.drain": "leave machine shut down maintenance",
    "node.hold": "pause machine stop rest wait release",
    "node.remove": "kick leave machine kill delete",
    "page.next_problem": "error failed wrong",
    "read.changes": "difference diff compare before what changed",
    "read.editor": "edit vim write open program",
    "read.outline": "contents headings chapters toc index jump",
    "read.page": "jump goto number",
    "read.pager": "less more open program",
    "read.search": "find look for words grep",
    "screen.leave": "back close exit return",
    "scroll.first": "beginning top",
    "scroll.last": "end bottom",
    "view.5": "errors broken problems wrong",
    "view.back": "reset everything show all",
    "view.export": "save list csv json spreadsheet excel report",
    "view.filter": "search find look for where name only which hide",
    "view.follow": "watch live current working now",
    "view.freeze": "still stand stop moving jumping",
    "view.next_match": "search find error problem",
    "view.reverse": "order descending ascending",
    "view.sort": "order largest slowest biggest longest column",
    "workers.fewer": "slower less cpu memory load quiet fan parallel cores",
    "workers.nodes": "machines cluster computers remote other hosts network dask",
    "workers.show": "doing memory cpu process busy stuck hang activity slow eta left long why",
    "workers.more": "faster speed quick slow parallel cores cpu performance hurry",
}
"""Binding id to words that are not in its description."""
_SMALL_WORDS = """
a all an and are at be by can could did do does for from get go how i in is it its let like make me my need of on or
please should so that the them then there these this to up want was were what which will with would you
"""
_STOP_WORDS = frozenset(_SMALL_WORDS.split())
_WORD = re.compile(r"\w+")


def granted(lines: Iterable[HelpLine], wish: str) -> list[HelpLine]:
    """What does what is wished for, the likeliest first; all of it if nothing is."""
    lines = list(lines)
    key = wish.strip()
    words = _words(wish)
    if not words:
        return [line for line in lines if not key or key in line[0].split()]
    found = _ranked(lines, key, words)
    if found:
        return found
    known = sorted({word for line in lines for word in _known(line)})
    meant = [close[0] for word in words if (close := get_close_matches(word, known, n=1, cutoff=0.75))]
    return _ranked(lines, key, meant) if meant else []


def _words(text: str) -> list[str]:
    words = [word.casefold() for word in _WORD.findall(text)]
    # Of what is being typed the last word may not be whole: `a` may become `again`.
    return [word for word in words if word not in _STOP_WORDS] or words


def _known(line: HelpLine) -> list[str]:
    _, text, binding_id = line
    return [*_words(text), *_WISHES.get(binding_id, "").split()]


def _ranked(lines: Sequence[HelpLine], key: str, words: Sequence[str]) -> list[HelpLine]:
    scored = [(_score(line, key, words), line) for line in lines]
    best = max((len([part for part in score if part]) for score, _ in scored), default=0)
    if not best:
        return []
    fitting = [(sum(score), line) for score, line in scored if len([part for part in score if part]) == best]
    return [line for _, line in sorted(fitting, key=lambda entry: (-entry[0], _rank(entry[1], words)))]


def _rank(line: HelpLine, words: Sequence[str]) -> int:
    """How far behind the words come among those that its binding is looked for by."""
    wished = _WISHES.get(line[2], "").split()
    return sum(wished.index(word) if word in wished else 0 for word in words)


def _score(line: HelpLine, key: str, words: Sequence[str]) -> list[int]:
    """For each word how well it fits, 0 if it does not."""
    keys, text, binding_id = line
    described, wished = _words(text), _WISHES.get(binding_id, "").split()
    scores = []
    for word in words:
        if key in keys.split():
            scores.append(5)
        elif word in described:
            scores.append(4)
        elif word in wished:
            scores.append(3)
        elif any(other.startswith(word) for other in described):
            scores.append(2)
        elif any(other.startswith(word) for other in wished):
            scores.append(1)
        else:
            scores.append(0)
    return scores
