"""What turns the pages of a document into files. Runs in a conversion process only; the one home of PyMuPDF.

A `Converter` (see `base`) serves one family of formats: `markup` makes Markdown, text and JSON from one reading of
the page, `pageimage` makes pictures of it, `searchablepdf` adds what OCR has read to the document itself. Reading a
page, by the layout model (`layout`) or as plain text (`plaintext`), gives a `PageModel`; the steps in `steps` improve
it. Nothing here knows about jobs, queues or workers.
"""
