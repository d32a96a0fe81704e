"""PDFs whose fonts do not say what their glyphs mean, written by hand so that nothing mends them on the way."""

import pymupdf

from tests.engine.convert.tagged_pdfs import Kid, TaggedPdf, tag


def with_font(font: str, shown: str, *kids: Kid) -> bytes:
    """A tagged PDF; after its text comes a paragraph of `shown`, a PDF string, in a font by its dictionary."""
    document = TaggedPdf(tag("Document", *kids, tag("P", "@")))
    document.resources = document.resources.replace("/Font <<", f"/Font <</own {document.add(font)} 0 R ")
    content = document.contents[0].replace(b"(@) Tj", shown.encode("latin-1") + b" Tj")
    before, _, after = content.rpartition(b"/helv")
    document.contents[0] = before + b"/own" + after
    return document.data()


def with_embedded_font(shown: str, meanings: dict[int, str], names: dict[int, str], *kids: Kid) -> bytes:
    """The same in a font whose map gives codes these meanings (hexadecimal), and whose file has these names."""
    document = TaggedPdf(tag("Document", *kids, tag("P", "@")))
    program = document.add_stream(pymupdf.Font("tiro").buffer, "/Subtype /Type1C")
    described = document.add(
        f"<</Type /FontDescriptor /FontName /AAAAAA+Own /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800"
        f" /Descent -200 /CapHeight 700 /StemV 80 /FontFile3 {program} 0 R>>"
    )
    entries = "".join(f"<{code:02x}> <{meaning}>\n" for code, meaning in meanings.items())
    mapped = document.add_stream(
        f"begincmap\n1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(meanings)} beginbfchar\n{entries}endbfchar\nendcmap".encode()
    )
    differences = " ".join(f"{code} /{name}" for code, name in names.items())
    font = (
        f"<</Type /Font /Subtype /Type1 /BaseFont /AAAAAA+Own /FirstChar 0 /LastChar 255 /Widths [{'500 ' * 256}]"
        f" /FontDescriptor {described} 0 R /ToUnicode {mapped} 0 R"
        f" /Encoding <</BaseEncoding /WinAnsiEncoding /Differences [{differences}]>>>>"
    )
    document.resources = document.resources.replace("/Font <<", f"/Font <</own {document.add(font)} 0 R ")
    before, _, after = document.contents[0].replace(b"(@) Tj", shown.encode("latin-1") + b" Tj").rpartition(b"/helv")
    document.contents[0] = before + b"/own" + after
    return document.data()
