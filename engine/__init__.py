"""The conversion engine: a library that turns PDFs into Markdown and more, durably and page-parallel.

Front ends use `engine.engine.Engine` and nothing else. Nothing in here imports `tui`, Textual or Rich, and only
`engine.child` and `engine.convert` import PyMuPDF: they run in child processes alone.
"""
