"""The ways to read a page: by its tags, by the layout model, by OCR, or as plain text; which one, and how."""
