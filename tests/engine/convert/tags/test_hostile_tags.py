"""Absurd structure: a page is read by its tags or, with a reason, not; soon, and without losing a word."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from engine.convert.tags.structuretree import NoStructure
from engine.convert.tags.tagreader import TagReader
from engine.convert.write.markdown import MarkdownWriter
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.settings.settings import Settings
from tests.backends import local_backend
from tests.engine.convert.tagged_pdfs import HEIGHT, WIDTH, Kid, NextPage, TaggedPdf, Text, Untagged, item, tag

WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett"]
MOST_SECONDS = 5.0
PASSWORD = "secret"
CIRCLE = "its tags go in a circle"
CONTRADICTION = "its tags contradict each other about what belongs to what"
NO_WAY = "its tags do not lead to its text"
COVER = r"its tags cover only \d+% of the text"

Case = Callable[[], TaggedPdf | bytes]
CASES: dict[str, tuple[Case, str | None]] = {}
"""By name: what makes the document, and why its first page is not read by its tags, or None if it is."""


def case(why: str | None) -> Callable[[Case], Case]:
    def add(make: Case) -> Case:
        CASES[make.__name__] = (make, why)
        return make

    return add


def basic(*more: Kid, role_map: dict[str, str] | None = None) -> TaggedPdf:
    return TaggedPdf(
        tag(
            "Document",
            tag("H1", "alpha bravo"),
            tag("P", "charlie delta echo ", tag("Span", "foxtrot golf")),
            tag("P", "hotel india juliett"),
            *more,
        ),
        role_map=role_map,
    )


def last_paragraph(**entries: str) -> TaggedPdf:
    made = basic()
    made.element("P", 1).entries.update(entries)
    return made


def with_content(before: bytes = b"", after: bytes = b"") -> TaggedPdf:
    made = basic()
    made.contents[0] = before + made.contents[0] + after
    return made


def with_parent(last: str, *more: TaggedPdf) -> TaggedPdf:
    """The last paragraph's entry in the parent tree is another."""
    made = more[0] if more else basic()
    made.parents[0][3] = last
    return made


def with_form(content: bytes, entries: str = "") -> TaggedPdf:
    made = basic()
    resources = f"/Resources <<{made.resources}>> "
    form = made.add_stream(content, f"/Subtype /Form /BBox [0 0 {WIDTH} {HEIGHT}] {resources}{entries} ")
    made.resources += f" /XObject <</F {form} 0 R>>"
    return made


# --- the tree ---


@case(CIRCLE)
def a_circle() -> TaggedPdf:
    made = basic()
    made.element("Span").kids.append(f"{made.element('Document').number} 0 R")
    return made


@case(CIRCLE)
def an_element_in_itself() -> TaggedPdf:
    made = basic()
    made.element("P").kids.append(f"{made.element('P').number} 0 R")
    return made


@case(CIRCLE)
def an_element_used_twice() -> TaggedPdf:
    made = basic()
    made.element("Document").kids.append(f"{made.element('P').number} 0 R")
    return made


@case(CONTRADICTION)
def an_element_that_is_its_own_parent() -> TaggedPdf:
    made = basic()
    made.element("P").entries["P"] = f"{made.element('P').number} 0 R"
    return made


@case(CONTRADICTION)
def parents_in_a_circle() -> TaggedPdf:
    made = basic()
    made.element("P").entries["P"] = f"{made.element('Span').number} 0 R"
    return made


@case(CONTRADICTION)
def no_parent() -> TaggedPdf:
    made = basic()
    del made.element("Span").entries["P"]
    return made


@case("its tags are more than 20,000 elements")
def a_hundred_thousand_elements() -> TaggedPdf:
    made = basic()
    document = made.element("Document")
    document.kids += [f"{made.add(f'<</S /P /P {document.number} 0 R>>')} 0 R" for _ in range(100_000)]
    return made


@case("its tags are more than 20,000 elements")
def a_million_pieces() -> TaggedPdf:
    made = basic()
    made.element("P").kids += ["0"] * 1_000_000
    return made


@case("its tags are more than 20,000 elements")
def one_long_list_of_kids_for_many() -> TaggedPdf:
    made = basic()
    kids = made.add(f"[{'0 ' * 20_000}]")
    document = made.element("Document")
    document.kids += [f"{made.add(f'<</S /P /P {document.number} 0 R /K {kids} 0 R>>')} 0 R" for _ in range(3000)]
    return made


@case("its tags are nested more than 200 deep")
def ten_thousand_levels() -> TaggedPdf:
    made = basic()
    span = made.element("Span")
    numbers = [made.add() for _ in range(10_000)]
    kids = [f"{number} 0 R" for number in numbers[1:]] + [" ".join(span.kids)]
    for number, above, kid in zip(numbers, [span.number, *numbers], kids, strict=False):
        made.objects[number] = f"<</S /Span /P {above} 0 R /K [{kid}]>>".encode()
    span.kids = [f"{numbers[0]} 0 R"]
    return with_parent(f"{numbers[-1]} 0 R", made)


@case(COVER)
def ten_thousand_levels_in_one_object() -> TaggedPdf:
    made = basic()
    made.element("Document").kids.append("<</S /Span /K " * 10_000 + "null" + ">>" * 10_000)
    return made


@case(CONTRADICTION)
def kids_that_are_nonsense() -> TaggedPdf:
    made = basic()
    nonsense = "(s) /Name 1.5 true null [] [[1]] <<>> <</S 5>> <</MCID (x)>> -5 99999999"
    made.element("Document").kids += nonsense.split(" ")
    return made


@case(COVER)
def kids_that_are_a_string() -> TaggedPdf:
    return last_paragraph(K="(nonsense)")


@case(NO_WAY)
def a_role_that_is_unknown() -> TaggedPdf:
    return last_paragraph(S="/Unknown")


@case(NO_WAY)
def a_role_that_is_a_string() -> TaggedPdf:
    return last_paragraph(S="(P)")


@case(COVER)
def a_root_with_a_number_for_kids() -> TaggedPdf:
    made = basic()
    made.elements[0].entries["K"] = "5"
    return made


@case("it has no tags")
def a_root_that_is_an_array() -> TaggedPdf:
    made = basic()
    made.objects[made.catalog] = f"<</Type /Catalog /Pages {made.pages} 0 R /StructTreeRoot [1 2]>>".encode()
    return made


@case("its roles are mapped in a circle")
def roles_in_a_circle() -> TaggedPdf:
    return basic(role_map={"P": "Q", "Q": "P"})


@case("its roles are mapped in a circle")
def a_role_mapped_thousands_of_times() -> TaggedPdf:
    return basic(role_map={"P": "P0", **{f"P{n}": f"P{n + 1}" for n in range(5000)}})


@case("its tags have a table of more than 1,000 columns")
def a_row_of_many_empty_cells() -> TaggedPdf:
    made = TaggedPdf(tag("Document", tag("P", "alpha"), tag("Table", tag("TR", tag("TD", "bravo")))))
    row = made.element("TR")
    row.kids += [f"{made.add(f'<</S /TD /P {row.number} 0 R>>')} 0 R" for _ in range(5000)]
    return made


@case(None)
def cells_that_span_a_billion() -> TaggedPdf:
    huge = "<</O /Table /ColSpan 1000000000 /RowSpan 1000000000>>"
    cells = (
        tag("TD", "bravo", A=huge),
        tag("TD", "charlie", A="<</ColSpan -5>>"),
        tag("TD", "delta", A="<</ColSpan (x)>>"),
    )
    return TaggedPdf(tag("Document", tag("P", "alpha"), tag("Table", tag("TR", *cells))))


@case(None)
def deep_lists() -> TaggedPdf:
    inner: Kid = "juliett"
    for _ in range(25):
        inner = tag("L", item("1.", "alpha", inner))
    return TaggedPdf(tag("Document", tag("P", "bravo"), inner))


@case(None)
def deep_tables() -> TaggedPdf:
    inner: Kid = "juliett"
    for _ in range(25):
        inner = tag("Table", tag("TR", tag("TD", "alpha ", inner)))
    return TaggedPdf(tag("Document", tag("P", "bravo"), inner))


@case(None)
def deep_quotations() -> TaggedPdf:
    inner: Kid = tag("P", "juliett")
    for _ in range(190):
        inner = tag("BlockQuote", inner)
    return TaggedPdf(tag("Document", tag("P", "bravo"), inner))


@case(None)
def roles_that_do_not_belong_where_they_are() -> TaggedPdf:
    return TaggedPdf(
        tag(
            "Document",
            tag(
                "L",
                "alpha ",
                tag("P", "bravo"),
                tag("LI", tag("Lbl", "charlie"), tag("P", "delta")),
                tag("Lbl", "echo "),
            ),
            tag("Table", "foxtrot ", tag("P", "golf"), tag("TR", "hotel ", tag("P", "india"), tag("TD", "juliett"))),
            tag("TR", tag("TD", "kilo ")),
            tag("LI", "lima "),
            tag("LBody", tag("LBody", tag("LI", "mike "))),
            tag("Div", tag("Annot", "november "), tag("Form", "oscar "), tag("Ruby", tag("RB", "papa "))),
        )
    )


# --- from the page to the tree ---


@case("its tags are not connected to its pages")
def no_parent_tree() -> TaggedPdf:
    made = basic()
    del made.elements[0].entries["ParentTree"]
    return made


@case(NO_WAY)
def an_empty_parent_tree() -> TaggedPdf:
    made = basic()
    made.objects[made.parent_tree] = b"<</Nums [0 null]>>"
    return made


@case(NO_WAY)
def a_parent_tree_in_a_circle() -> TaggedPdf:
    made = basic()
    made.objects[made.parent_tree] = b"<</Kids [%d 0 R]>>" % made.parent_tree
    return made


@case(NO_WAY)
def a_deep_parent_tree() -> TaggedPdf:
    made = basic()
    last = made.add(f"<</Nums [0 {made.parent_entry(0)}] /Limits [0 0]>>")
    for _ in range(5000):
        last = made.add(f"<</Kids [{last} 0 R] /Limits [0 0]>>")
    made.objects[made.parent_tree] = b"<</Kids [%d 0 R]>>" % last
    return made


@case(NO_WAY)
def a_wide_parent_tree_without_the_page() -> TaggedPdf:
    made = basic()
    made.objects[made.parent_tree] = b"<</Nums [%s]>>" % b" ".join(b"%d null" % key for key in range(1, 200_000))
    return made


@case(NO_WAY)
def a_parent_tree_of_nonsense() -> TaggedPdf:
    made = basic()
    made.parents[0] = ["1", "(x)", "/N", "[]"]
    return made


@case(None)
def a_parent_tree_in_reverse() -> TaggedPdf:
    made = basic()
    made.parents[0].reverse()
    return made


@case(NO_WAY)
def a_way_to_an_element_outside_that_is_its_own_parent() -> TaggedPdf:
    made = basic()
    number = made.add()
    made.objects[number] = f"<</Type /StructElem /S /P /P {number} 0 R>>".encode()
    return with_parent(f"{number} 0 R", made)


@case(NO_WAY)
def a_way_to_a_long_branch_outside() -> TaggedPdf:
    made = basic()
    above = made.element("Document").number
    for _ in range(100_000):
        above = made.add(f"<</Type /StructElem /S /Span /P {above} 0 R>>")
    return with_parent(f"{above} 0 R", made)


@case(NO_WAY)
def no_key_of_the_page() -> TaggedPdf:
    made = basic()
    made.page_entries[0] = {"StructParents": "null"}
    return made


@case(NO_WAY)
def a_negative_key_of_the_page() -> TaggedPdf:
    made = basic()
    made.page_entries[0] = {"StructParents": "-7"}
    return made


@case(NO_WAY)
def a_page_that_is_there_twice() -> TaggedPdf:
    made = basic()
    made.page_numbers.append(made.page_numbers[0])
    made.contents.append(made.contents[0])
    return made


@case(COVER)
def marks_said_to_be_on_another_page() -> TaggedPdf:
    made = basic(tag("P", NextPage(), "kilo lima"))
    here, there = (f"/Pg {number} 0 R" for number in made.page_numbers)
    paragraph = made.element("P", 1)
    paragraph.kids = [kid.replace(here, there) for kid in paragraph.kids]
    return made


@case(COVER)
def marks_said_to_be_on_no_page() -> TaggedPdf:
    made = basic()
    paragraph = made.element("P", 1)
    paragraph.kids = [kid.replace(f"/Pg {made.page_numbers[0]} 0 R", "/Pg 9999 0 R") for kid in paragraph.kids]
    return made


@case(COVER)
def marks_that_nobody_refers_to() -> TaggedPdf:
    made = basic()
    made.element("P", 1).kids = []
    return made


@case(None)
def a_mark_referred_to_twice() -> TaggedPdf:
    made = basic()
    made.element("P", 1).kids += made.element("P").kids[:1]
    return made


# --- content ---


@case(None)
def a_mark_used_twice() -> TaggedPdf:
    made = basic()
    made.contents[0] = made.contents[0].replace(b"MCID 3", b"MCID 1")
    return made


@case(COVER)
def a_mark_with_a_negative_number() -> TaggedPdf:
    made = basic()
    made.contents[0] = made.contents[0].replace(b"MCID 3", b"MCID -3")
    return made


@case(COVER)
def a_mark_with_an_endless_number() -> TaggedPdf:
    made = basic()
    made.contents[0] = made.contents[0].replace(b"MCID 3", b"MCID 99999999999999999999")
    return made


@case(COVER)
def text_outside_the_tree() -> TaggedPdf:
    return basic(Untagged("kilo lima mike november oscar papa"))


@case("its tags are paragraphs only, although it has headings")
def paragraphs_only_where_there_are_headings() -> TaggedPdf:
    return TaggedPdf(tag("P", Text("alpha", size=24)), *(tag("P", "bravo charlie delta echo " * 3) for _ in range(5)))


@case("its tags are in another order than its text")
def all_in_reverse() -> TaggedPdf:
    made = TaggedPdf(tag("Document", *(tag("P", f"{word} is word {n}") for n, word in enumerate(WORDS))))
    made.element("Document").kids.reverse()
    return made


@case("most of its text is tagged as decoration")
def an_artifact_around_everything() -> TaggedPdf:
    return with_content(b"/Artifact BMC ", b" EMC")


@case(None)
def marks_that_do_not_end() -> TaggedPdf:
    return with_content(b"/P <</MCID 0>> BDC " * 50)


@case("its marked content ends before it begins")
def marks_that_end_too_often() -> TaggedPdf:
    return with_content(b"EMC " * 50)


@case(None)
def marks_nested_a_hundred_thousand_deep() -> TaggedPdf:
    return with_content(b"/P BMC " * 100_000, b" EMC" * 100_000)


@case(COVER)
def strings_with_parentheses() -> TaggedPdf:
    return with_content(after=b"/Span BMC BT /helv 11 Tf 72 100 Td (kilo \\( (lima (EMC) mike)\\\\) Tj ET EMC")


@case(COVER)
def strings_with_many_parentheses() -> TaggedPdf:
    return with_content(
        after=b"BT /helv 11 Tf 72 100 Td (kilo lima) Tj " + b"(" * 20_000 + b"EMC" + b")" * 20_000 + b" Tj ET"
    )


@case(None)
def strings_without_an_end() -> TaggedPdf:
    return with_content(after=b" (" * 200_000)


@case(None)
def hexadecimal_strings_without_an_end() -> TaggedPdf:
    return with_content(after=b"<a " * 200_000)


@case("a picture in its content has no end")
def pictures_without_an_end() -> TaggedPdf:
    return with_content(after=b" BI " * 200_000)


@case(None)
def a_picture_that_holds_operators() -> TaggedPdf:
    return with_content(b"q 9 0 0 9 100 100 cm BI /W 8 /H 1 /BPC 8 /CS /G ID a EMC (x EI Q\n")


@case("its marked content ends before it begins")
def a_picture_that_holds_its_own_end() -> TaggedPdf:
    return with_content(b"q 9 0 0 9 100 100 cm BI /W 12 /H 1 /BPC 8 /CS /G ID a EI EMC ( x EI Q\n")


@case("the page's content is too long to look through")
def gigantic_content() -> TaggedPdf:
    return with_content(after=b"0 0 m 1 1 l S\n" * 400_000)


@case(None)
def many_marks() -> TaggedPdf:
    return with_content(after=b"/P <</MCID 0>> BDC BT /helv 1 Tf 72 100 Td (a) Tj ET EMC\n" * 20_000)


@case(None)
def many_named_marks() -> TaggedPdf:
    made = with_content(after=b"".join(b"/P /M%d BDC EMC " % number for number in range(10_000)))
    made.resources += f" /Properties <<{' '.join(f'/M{n} <</MCID {n}>>' for n in range(10_000))}>>"
    return made


@case(None)
def a_long_listing() -> TaggedPdf:
    lines = "\n".join(["kilo"] * 5000)
    return TaggedPdf(
        tag("Document", tag("P", "alpha"), tag("Preformatted", Text(lines, font="cour", size=0.1))),
        role_map={"Preformatted": "P"},
    )


# --- forms ---


@case(COVER)
def unmarked_text_in_a_form() -> TaggedPdf:
    made = with_form(b"BT /helv 11 Tf 72 100 Td (kilo lima mike november) Tj ET")
    made.contents[0] += b"/F Do"
    return made


@case(COVER)
def text_with_marks_of_its_own_in_a_form() -> TaggedPdf:
    made = with_form(b"/P <</MCID 0>> BDC BT /helv 11 Tf 72 100 Td (kilo lima mike) Tj ET EMC", "/StructParents 7")
    made.contents[0] += b"/F Do"
    number = made.add(f"<</Type /StructElem /S /P /P {made.element('Document').number} 0 R /K [0]>>")
    made.element("Document").kids.append(f"{number} 0 R")
    made.parents[7] = [f"{number} 0 R"]
    return made


@case(COVER)
def all_text_in_a_form() -> TaggedPdf:
    made = with_form(basic().contents[0], "/StructParents 0")
    made.contents[0] = b"/F Do"
    return made


@case(None)
def marked_text_in_a_form() -> TaggedPdf:
    made = with_form(b"BT /helv 11 Tf 72 100 Td (kilo lima mike november) Tj ET")
    made.contents[0] = made.contents[0].replace(b"<</MCID 3>> BDC", b"<</MCID 3>> BDC /F Do")
    return made


@case(None)
def a_form_in_itself() -> TaggedPdf:
    made = basic()
    form = made.add()
    inner = f"/Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</F {form} 0 R>>>> /Length 5"
    made.objects[form] = f"<<{inner}>>stream\n/F Do\nendstream".encode()
    made.resources += f" /XObject <</F {form} 0 R>>"
    made.contents[0] += b"/F Do"
    return made


# --- the document ---


@case(None)
def an_encrypted_document() -> bytes:
    document = pymupdf.open("pdf", basic().data())
    return bytes(document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=PASSWORD, owner_pw="owner"))


@case(None)
def a_page_turned_on_its_side() -> TaggedPdf:
    made = basic()
    made.page_entries[0] = {"Rotate": "90"}
    return made


def data_of(name: str) -> bytes:
    made = CASES[name][0]()
    return made if isinstance(made, bytes) else made.data()


def opened(data: bytes) -> pymupdf.Document:
    document = pymupdf.open("pdf", data)
    if document.needs_pass:
        document.authenticate(PASSWORD)
    return document


def words_of(data: bytes) -> set[str]:
    return {word for page in opened(data) for word in page.get_text().split()}


@pytest.mark.parametrize("name", CASES)
def test_hostile_tags_are_read_or_refused_with_a_reason(name: str) -> None:
    data, why = data_of(name), CASES[name][1]
    document = opened(data)
    started = time.process_time()  # not the clock on the wall, since other tests may run at the same time
    if why is not None:
        with pytest.raises(NoStructure, match=why):
            TagReader(document).read(1)
    else:
        page = TagReader(document).read(1)
    assert time.process_time() - started < MOST_SECONDS
    if why is None:
        written = MarkdownWriter(page_header=True, page_footer=True).page(page).replace("\\", "")
        assert [word for word in words_of(data) if word in WORDS and word not in written] == []


# The layout model takes most of the time here; these are cases that MuPDF might stumble over by itself.
IN_THE_ENGINE = (
    "a_circle",
    "a_hundred_thousand_elements",
    "ten_thousand_levels",
    "ten_thousand_levels_in_one_object",
    "parents_in_a_circle",
    "a_parent_tree_in_a_circle",
    "a_way_to_an_element_outside_that_is_its_own_parent",
    "a_way_to_a_long_branch_outside",
    "roles_in_a_circle",
    "marks_that_end_too_often",
    "all_text_in_a_form",
    "an_encrypted_document",
    "marks_said_to_be_on_another_page",
    "a_picture_that_holds_operators",
)


def test_the_engine_converts_all_of_them_and_says_how(tmp_path: Path) -> None:
    sources = [tmp_path / f"{name}.pdf" for name in IN_THE_ENGINE]
    for source in sources:
        source.write_bytes(data_of(source.stem))
    with Engine(
        Settings(output=tmp_path / "out", num_workers=2, ocr="never"), watch=False, backend=local_backend
    ) as engine:
        jobs = engine.submit_many(sources)
        assert engine.wait_until_idle(100)
        engine.unlock([jobs[IN_THE_ENGINE.index("an_encrypted_document")].id], PASSWORD)
        assert engine.wait_until_idle(30)
        for job in jobs:
            view = engine.job(job.id)
            assert view.job.state is JobState.DONE, f"{job.name}: {view.job.reason}"
            made = Path(os.fsdecode(view.job.output or b""))
            pages = json.loads((made / "manifest.json").read_text())["pages"]
            name, (_, why) = Path(job.name).stem, CASES[Path(job.name).stem]
            assert all(page["state"] == "ok" for page in pages), name
            assert pages[0]["via"] == ("tags" if why is None else "layout"), name
            if why is None:
                assert "why" not in pages[0], name
            else:
                assert pages[0]["why"], name
            text = (made / f"{made.name}.md").read_text().replace("\\", "")
            assert [word for word in WORDS if word not in text] == [], name
