"""Forms that a test fills in, with appearance streams or without."""

import pymupdf

KINDS = {
    "check": pymupdf.PDF_WIDGET_TYPE_CHECKBOX,
    "radio": pymupdf.PDF_WIDGET_TYPE_RADIOBUTTON,
    "list": pymupdf.PDF_WIDGET_TYPE_LISTBOX,
    "text": pymupdf.PDF_WIDGET_TYPE_TEXT,
}

XFA = (
    '<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/"><template xmlns="http://www.xfa.org/schema/xfa-template/3.0/">'
    '<subform name="form1"><field name="Applicant"/><field name="Amount"><caption><value><text>Amount requested</text>'
    '</value></caption></field></subform></template><xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/">'
    "<xfa:data><form1><Applicant>Tove Holm</Applicant><Amount>12400</Amount></form1></xfa:data></xfa:datasets>"
    "</xdp:xdp>"
)
"""A form that a viewer builds, filled in."""


def add_xfa(pdf: pymupdf.Document, parts: dict[str, str], fields: str = "", *, is_built: bool = True) -> None:
    """A form of XML, all in one stream or by its parts; `fields` are objects on the pages."""
    streams = []
    for name, text in parts.items():
        stream = pdf.get_new_xref()
        pdf.update_object(stream, "<<>>")
        pdf.update_stream(stream, text.encode())
        streams.append(f"({name}) {stream} 0 R" if len(parts) > 1 else f"{stream} 0 R")
    entry = pdf.get_new_xref()
    xfa = f"[{' '.join(streams)}]" if len(parts) > 1 else streams[0]
    pdf.update_object(entry, f"<</Fields [{fields}]/XFA {xfa}>>")
    pdf.xref_set_key(pdf.pdf_catalog(), "AcroForm", f"{entry} 0 R")
    if is_built:
        pdf.xref_set_key(pdf.pdf_catalog(), "NeedsRendering", "true")


def add_field(page: pymupdf.Page, kind: str, name: str, box: tuple[float, float, float, float], value: object) -> int:
    """A field, filled in; of a list, `value` are the options, the first of which is chosen. Its object's number."""
    widget = pymupdf.Widget()
    widget.field_type = KINDS[kind]
    widget.field_name = name
    widget.rect = pymupdf.Rect(box)
    widget.text_fontsize = 10
    if kind == "list":
        assert isinstance(value, list)
        widget.choice_values = value
        widget.field_value = value[0]
    else:
        widget.field_value = value
    page.add_widget(widget)
    return int(widget.xref)


def without_appearances(data: bytes) -> bytes:
    """The same as a program leaves it that fills in values and draws nothing."""
    pdf = pymupdf.open(stream=data, filetype="pdf")
    for page in pdf:
        for xref in [widget.xref for widget in page.widgets()]:
            pdf.xref_set_key(xref, "AP", "null")
    return bytes(pdf.tobytes())
