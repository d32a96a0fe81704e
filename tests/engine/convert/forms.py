"""Forms that a test fills in, with appearance streams or without."""

import pymupdf

KINDS = {
    "check": pymupdf.PDF_WIDGET_TYPE_CHECKBOX,
    "radio": pymupdf.PDF_WIDGET_TYPE_RADIOBUTTON,
    "list": pymupdf.PDF_WIDGET_TYPE_LISTBOX,
    "text": pymupdf.PDF_WIDGET_TYPE_TEXT,
}


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
