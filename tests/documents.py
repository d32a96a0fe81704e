"""Documents that are no PDFs, made on the spot."""

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

from PIL import Image

FB2 = b"""<?xml version="1.0" encoding="UTF-8"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description><title-info>
<book-title>Quay</book-title></title-info></description><body><section><title><p>Chapter</p></title>
<p>The word to find here is marker-1.</p></section></body></FictionBook>
"""


def zipped(entries: Mapping[str, bytes | str]) -> bytes:
    """A ZIP archive, its entries in this order and stored."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def epub(chapters: int = 2, paragraphs: int = 2, *, body: str = "", encrypted_by: str = "") -> bytes:
    """A book; chapter N says `marker-N` and leads to the next one and elsewhere. `body` is put into each.

    `encrypted_by` is how it says that some file in it is encrypted.
    """
    names = range(1, chapters + 1)
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in names)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in names)
    points = "".join(
        f'<navPoint id="n{n}" playOrder="{n}"><navLabel><text>Chapter {n}</text></navLabel>'
        f'<content src="c{n}.xhtml"/></navPoint>'
        for n in names
    )
    entries = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" '
        'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="content.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>',
        "content.opf": '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" '
        'unique-identifier="u"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Harbour Book</dc:title>'
        '<dc:identifier id="u">x</dc:identifier><dc:language>en</dc:language></metadata><manifest>'
        f'<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>{items}</manifest>'
        f'<spine toc="ncx">{spine}</spine></package>',
        "toc.ncx": '<?xml version="1.0"?><ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
        f"<navMap>{points}</navMap></ncx>",
    }
    if encrypted_by:
        entries["META-INF/encryption.xml"] = (
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">'
            f'<EncryptionMethod Algorithm="{encrypted_by}"/></EncryptedData></encryption>'
        )
    for n in names:
        text = "".join(f"<p>{'Boats at the old quay are counted at dawn. ' * 8}</p>" for _ in range(paragraphs))
        entries[f"c{n}.xhtml"] = (
            f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><h1>Chapter {n}</h1>'
            f"<p>The word to find here is marker-{n}.</p>"
            f'<p>See <a href="c{n % chapters + 1}.xhtml">the next</a> or <a href="https://example.org/">elsewhere</a>.'
            f"</p>{body}{text}</body></html>"
        )
    return zipped(entries)


def docx(body: str = "<w:p><w:r><w:t>The word to find here is marker-1.</w:t></w:r></w:p>", styles: str = "") -> bytes:
    """A document of a word processor, of paragraphs in its own XML."""
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    names = "http://schemas.openxmlformats.org"
    word = f'xmlns:w="{names}/wordprocessingml/2006/main"'
    relations = f'<Relationships xmlns="{names}/package/2006/relationships"><Relationship Id="r1" Type="{names}'
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{names}/package/2006/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
            f'PartName="/word/document.xml" ContentType="{types}.document.main+xml"/><Override '
            f'PartName="/word/styles.xml" ContentType="{types}.styles+xml"/></Types>',
            "word/document.xml": f"<w:document {word}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {word}>{styles}</w:styles>",
            "_rels/.rels": f'{relations}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
            "</Relationships>",
            "word/_rels/document.xml.rels": f'{relations}/officeDocument/2006/relationships/styles" '
            'Target="styles.xml"/></Relationships>',
        }
    )


def mobi(text: str = "<html><body><p>The word to find here is marker-1.</p></body></html>") -> bytes:
    """A Mobipocket book without compression: a PalmDOC database of two records."""
    content = text.encode()
    palmdoc = struct.pack(">HHIHHHH", 1, 0, len(content), 1, 4096, 0, 0)
    header = struct.pack(">4sIIII", b"MOBI", 232, 2, 65001, 1).ljust(232, b"\0")
    first = palmdoc + header
    begin = 78 + 2 * 8 + 2
    base = b"book".ljust(32, b"\0") + struct.pack(">HHIIIIII", 0, 0, 0, 0, 0, 0, 0, 0) + b"BOOKMOBI"
    base += struct.pack(">IIH", 1, 0, 2)
    records = struct.pack(">IIII", begin, 0, begin + len(first), 1) + b"\0\0"
    return base + records + first + content


def xps() -> bytes:
    """A page of 300 by 200 pixels (96 a inch) with a red box."""
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="fdseq" ContentType="application/vnd.ms-package.xps-fixeddocumentsequence+xml"/>'
        '<Default Extension="fdoc" ContentType="application/vnd.ms-package.xps-fixeddocument+xml"/>'
        '<Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/></Types>'
    )
    space = 'xmlns="http://schemas.microsoft.com/xps/2005/06"'
    return zipped(
        {
            "[Content_Types].xml": types,
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="R0" Type="http://schemas.microsoft.com/xps/2005/06/fixedrepresentation" '
            'Target="/a.fdseq"/></Relationships>',
            "a.fdseq": f'<FixedDocumentSequence {space}><DocumentReference Source="/a.fdoc"/></FixedDocumentSequence>',
            "a.fdoc": f'<FixedDocument {space}><PageContent Source="/1.fpage"/></FixedDocument>',
            "1.fpage": f'<FixedPage {space} Width="300" Height="200" xml:lang="en">'
            '<Path Data="M 0,0 L 100,0 L 100,100 L 0,100 Z" Fill="#FF0000"/></FixedPage>',
        }
    )


def svg(body: str = "", width: str = "300", height: str = "200") -> bytes:
    """A drawing that says `marker-1`."""
    return (
        f'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}"><text x="10" y="30">marker-1</text>{body}</svg>\n'
    ).encode()


def picture(
    file_format: str = "PNG",
    size: tuple[int, int] = (400, 200),
    *,
    mode: str = "RGB",
    frames: Sequence[str] = (),
    **saved: object,
) -> bytes:
    """A white picture with a red quarter at the upper left; `frames` are further ones, each of one colour."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    target = io.BytesIO()
    if frames:
        saved |= {"save_all": True, "append_images": [Image.new("RGB", size, colour) for colour in frames]}
    image.convert(mode).save(target, file_format, **saved)
    return target.getvalue()
