"""Media types of the kinds of documents that are taken in."""

from engine.job.options import DocumentKind

OTHER = "application/octet-stream"
_TYPES = {
    DocumentKind.PDF: "application/pdf",
    DocumentKind.XPS: "application/vnd.ms-xpsdocument",
    DocumentKind.EPUB: "application/epub+zip",
    DocumentKind.MOBI: "application/x-mobipocket-ebook",
    DocumentKind.FB2: "application/x-fictionbook+xml",
    DocumentKind.CBZ: "application/vnd.comicbook+zip",
    DocumentKind.SVG: "image/svg+xml",
    DocumentKind.PNG: "image/png",
    DocumentKind.JPG: "image/jpeg",
    DocumentKind.TIFF: "image/tiff",
    DocumentKind.GIF: "image/gif",
    DocumentKind.BMP: "image/bmp",
    DocumentKind.WEBP: "image/webp",
    DocumentKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    DocumentKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    DocumentKind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    DocumentKind.ODT: "application/vnd.oasis.opendocument.text",
}


def media_type_of(kind: DocumentKind | None) -> str:
    """What a kind is called on the wire."""
    return _TYPES[kind] if kind is not None else OTHER
