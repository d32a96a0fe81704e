"""What turns the pages of a document into files. Runs in a conversion process only; the one home of PyMuPDF.

Reading a page (`read`) gives a `PageModel` (`page`); steps (`refine`) improve it; a `Converter` (`formats`) makes one
family of files of it, the texts by writers (`write`). Nothing here knows about jobs, queues or workers.
"""
