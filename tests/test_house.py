"""What docs/architecture.md says of rooms and modules is so: checked from the source alone."""

import ast
import importlib.util
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.places import DOCS, ROOT

MAX_LINES, MAX_MODULES = 400, 22
DECIDES = 12
"""A module with so many branches decides something, and has a test of its own or a place in `SEEN_THROUGH`."""
SEEN_THROUGH = {
    "engine.base.disk": "durable",
    "engine.cluster.clustersandbox": "clusterbackend",
    "engine.cluster.node.nodeslot": "clusterbackend",
    "engine.cluster.ownprocess": "supervisor",
    "engine.cluster.processes.relay": "clusterbackend",
    "engine.cluster.remotesandbox": "clusterbackend",
    "engine.convert.fastlayout.linerows": "textgroups",
    "engine.convert.formulas.bars": "formulatree",
    "engine.convert.formulas.displays": "pageformulas",
    "engine.convert.formulas.fences": "formulatree",
    "engine.convert.formulas.inlineformulas": "pageformulas",
    "engine.convert.formulas.marks": "formulatree",
    "engine.convert.formulas.mathglyphs": "formulatree",
    "engine.convert.formulas.mathlines": "formulatree",
    "engine.convert.formulas.mathrows": "pageformulas",
    "engine.convert.formulas.mathsymbols": "formulatree",
    "engine.convert.formats.pdfpages": "searchablepdf",
    "engine.convert.formats.textlayer": "searchablepdf",
    "engine.convert.formats.tiff": "pictures",
    "engine.convert.ocr.engines.ink": "scan",
    "engine.convert.ocr.engines.rapid": "ocr",
    "engine.convert.ocr.engines.tesseract": "ocr",
    "engine.convert.ocr.engines.words": "ocr",
    "engine.convert.ocr.layer": "searchablepdf",
    "engine.convert.open.document": "passwords",
    "engine.convert.open.frompictures": "otherkinds",
    "engine.convert.page.blocks": "refined",
    "engine.convert.read.formlayout": "filledforms",
    "engine.convert.tags.fieldruns": "filledforms",
    "engine.convert.page.notices": "lastlook",
    "engine.convert.process.checkpoints": "pages",
    "engine.convert.process.child": "faulty_pages",
    "engine.convert.process.forking": "local",
    "engine.convert.read.byocr": "ocr",
    "engine.convert.read.reading": "ocr",
    "engine.convert.read.sheet": "turned_pages",
    "engine.convert.refine.code": "page_steps",
    "engine.convert.refine.inline": "page_steps",
    "engine.convert.refine.lists": "page_steps",
    "engine.convert.tags.pageresources": "hostile_tags",
    "engine.convert.tags.structuretext": "tagreader",
    "engine.convert.tags.structuretree": "hostile_tags",
    "engine.convert.tags.tagblocks": "tagreader",
    "engine.convert.tags.tagtext": "tagreader",
    "engine.convert.text.layouttables": "layoutblocks",
    "engine.convert.text.pagetext": "layoutblocks",
    "engine.convert.sight.paintings": "unseen",
    "engine.convert.vlm.asking": "vlm_pages",
    "engine.convert.vlm.readhtml": "answerblocks",
    "engine.convert.vlm.readmarkdown": "answerblocks",
    "engine.convert.write.captions": "html",
    "engine.convert.write.chunkdraft": "chunks",
    "engine.convert.write.chunker": "chunks",
    "engine.convert.write.chunkparts": "chunks",
    "engine.convert.write.htmltext": "html",
    "engine.facade.keeper": "engine",
    "engine.facade.machinery": "engine",
    "engine.facade.submitting": "submission",
    "engine.hooks.courier": "aftermath",
    "engine.hooks.posting": "webhook",
    "engine.intake.byhand": "engine",
    "engine.job.options": "settings",
    "engine.queue.database": "store",
    "engine.queue.scheduled": "standing_back",
    "engine.sandbox.plainconversion": "inmemory",
    "engine.server.app.listener": "connections",
    "engine.server.app.uvicorn_protocol": "connections",
    "engine.server.docling.answers": "docling",
    "engine.server.docling.doclingoptions": "docling",
    "engine.server.docling.chunkoptions": "docling",
    "engine.server.docling.doclingdoor": "docling",
    "engine.server.docling.statuses": "docling",
    "engine.server.documents.received": "docling",
    "engine.server.documents.published": "docling",
    "engine.server.documents.reception": "docling",
    "engine.server.documents.tasks": "docling",
    "engine.server.mineru.contentlist": "otherdoors",
    "engine.server.mineru.mineruroutes": "otherdoors",
    "engine.server.mistral.mistralroutes": "otherdoors",
    "engine.server.mistral.ocrpages": "otherdoors",
    "engine.server.tika.tikaroutes": "otherdoors",
    "engine.server.routers.forms": "uploads",
    "engine.server.routers.results": "conversions",
    "engine.server.routers.rpc": "contract",
    "engine.server.security.hosts": "guard",
    "engine.settings.live": "settings",
    "engine.settings.loading": "settings",
    "engine.settings.statefolder": "settings",
    "tui.command.flags": "command_line",
    "tui.command.job_text": "commands",
    "tui.dashboard.app": "screen",
    "tui.dashboard.hands": "undo",
    "tui.dashboard.model": "screen",
    "tui.dashboard.reader.reader_lines": "reader_screen",
    "tui.dashboard.screens.help": "tour",
    "tui.dashboard.screens.job_screen": "detail",
    "tui.dashboard.screens.main": "keys",
    "tui.dashboard.widgets.header": "screen",
    "tui.dashboard.widgets.job_sections": "detail",
    "tui.dashboard.widgets.job_view": "detail",
    "tui.dashboard.widgets.key_bar": "mouse",
    "tui.dashboard.widgets.page_list": "detail",
    "tui.dashboard.page.page_picture": "peek",
    "tui.dashboard.widgets.queue_list": "focus",
    "tui.dashboard.widgets.view_tabs": "standing",
    "tui.dashboard.widgets.workers_line": "screen",
    "tui.text.actions": "keys",
}
"""What is decided here shows in what comes of it: the word names the `test_*.py` that looks at that."""
_PROGRAM = "PROGRAM"
"""The one name under which a module may stand as text: what a new process is to load, and this one is not."""
_SPELT_OUT = re.compile(r"(engine|tui|tests|benchmarks)(\.\w+)+")
_QUOTED = re.compile(rf"([\"']){_SPELT_OUT.pattern}\1")
"""What is looked for before a file is parsed, which takes far longer."""


def files(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


MODULES = {name_of(file): file for file in files("engine", "tui")}
PACKAGES = [name for name, file in MODULES.items() if file.name == "__init__.py"]
OWN_CODE = {name: file for name, file in MODULES.items() if not file.name.startswith("__")}


# --- rooms ---


def test_no_room_is_so_full_that_its_listing_says_nothing() -> None:
    counts = Counter(name.rpartition(".")[0] for name in OWN_CODE)
    assert {room: count for room, count in counts.items() if count > MAX_MODULES} == {}


def test_no_module_is_so_long_that_it_does_two_things() -> None:
    lengths = {name: len(file.read_text(encoding="utf-8").splitlines()) for name, file in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_two_modules_have_one_name() -> None:
    found = defaultdict(list)
    for name in OWN_CODE:
        found[name.rpartition(".")[2]].append(name)
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_the_listing_of_the_docs_is_what_each_room_says_of_itself() -> None:
    listed = re.findall(
        r"^ *- `([a-z/]+)/` - (.*)$", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    said = {
        name.replace(".", "/"): (ast.get_docstring(parsed(MODULES[name])) or "").split("\n")[0] for name in PACKAGES
    }
    assert [room for room, count in Counter(room for room, _ in listed).items() if count > 1] == []
    assert dict(listed) == said


# --- tests ---


def branches(tree: ast.Module) -> int:
    """At how many places the code may go one way or another."""
    count = 0
    for node in ast.walk(tree):
        match node:
            case ast.If() | ast.While() | ast.IfExp() | ast.match_case() | ast.ExceptHandler():
                count += 1
            case ast.BoolOp(values=values):
                count += len(values) - 1
            case ast.comprehension(ifs=ifs):
                count += len(ifs)
            case _:
                pass
    return count


def test_what_decides_something_has_a_test_of_its_name_or_one_that_shows_what_comes_of_it() -> None:
    tests = {file.stem.removeprefix("test_") for file in files("tests") if file.stem.startswith("test_")}
    untested = {name: file for name, file in OWN_CODE.items() if name.rpartition(".")[2] not in tests}
    deciding = {name for name, file in untested.items() if branches(parsed(file)) >= DECIDES}
    assert deciding == set(SEEN_THROUGH)
    assert set(SEEN_THROUGH.values()) - tests == set()
    assert set(SEEN_THROUGH) - set(OWN_CODE) == set()


def test_a_branch_is_counted_wherever_the_code_goes_two_ways() -> None:
    assert branches(ast.parse("x = 1")) == 0
    assert branches(ast.parse("if a and b or c:\n    pass\nelif d:\n    pass")) == 4
    assert branches(ast.parse("[x if x else y for x in xs if x if y]")) == 3


# --- imports ---


def imported(node: ast.AST) -> Iterator[str]:
    """What a module imports wherever it does so, but for what only the type checker sees."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=parts):
            pass
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
            return
        case ast.ImportFrom(module=str(module), names=names):
            yield from (f"{module}.{alias.name}" for alias in names)
            return
        case _:
            parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from imported(part)


def module_in(dotted: str) -> str | None:
    while dotted and dotted not in MODULES:
        dotted = dotted.rpartition(".")[0]
    return dotted or None


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Modules each of which needs the one before it; empty if there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_needs_itself_by_way_of_others_not_even_late() -> None:
    imports = {
        name: {found for dotted in imported(parsed(file)) if (found := module_in(dotted)) not in (None, name)}
        for name, file in MODULES.items()
    }
    assert sum(map(len, imports.values())) > 2 * len(MODULES)
    assert circle(imports) == []


def test_a_circle_would_be_found_wherever_the_import_stands() -> None:
    late = ast.parse("def work():\n    from engine.job import job\n")
    seldom = ast.parse("if TYPE_CHECKING:\n    from engine.job import job\nelse:\n    import engine.base.disk\n")
    assert [module_in(dotted) for dotted in imported(late)] == ["engine.job.job"]
    assert list(imported(seldom)) == ["engine.base.disk"]
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == {"a", "b", "c"}


# --- names of modules ---


def spelt_out(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where a text is the dotted name of something of the house: a rename would pass it by."""
    allowed = {
        id(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [_PROGRAM]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
            found = _SPELT_OUT.fullmatch(node.value)
            if found and ((ROOT / found[1] / found[2][1:]).exists() or is_a_module(node.value)):
                yield node.lineno, node.value


def is_a_module(dotted: str) -> bool:
    """Whether the text, or what stands before one of its dots, names a module."""
    parts = dotted.split(".")
    paths = (ROOT.joinpath(*parts[:end]) for end in range(2, len(parts) + 1))
    return any(path.is_dir() or path.with_suffix(".py").is_file() for path in paths)


def test_modules_are_named_by_themselves_and_not_by_text() -> None:
    found = {
        f"{file.relative_to(ROOT)}:{line}": text
        for file in files("engine", "tui", "tests", "benchmarks", "scripts")
        if file != Path(__file__) and _QUOTED.search(file.read_text(encoding="utf-8"))
        for line, text in spelt_out(parsed(file))
    }
    assert found == {}


def test_a_module_named_by_text_would_be_found() -> None:
    tree = ast.parse('PROGRAM = "engine.job.job"\npatch("engine.job.job.MAX", 1)\nlog("engine.nothing")')
    assert list(spelt_out(tree)) == [(2, "engine.job.job.MAX")]


def test_every_program_for_a_process_of_its_own_is_there() -> None:
    programs = {
        name: node.value.value
        for name, file in MODULES.items()
        for node in parsed(file).body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == _PROGRAM
        and isinstance(node.value, ast.Constant)
    }
    assert len(programs) >= 2
    assert {name: program for name, program in programs.items() if importlib.util.find_spec(program) is None} == {}
