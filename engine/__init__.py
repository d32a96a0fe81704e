"""The conversion engine: a library that turns PDFs into Markdown and more, durably and page-parallel.

One PDF's way reads down the rooms: `intake`, `queue`, `work`, `sandbox`, `convert`, `publish`, `hooks`. Nothing in here
imports `tui`, Textual or Rich, and only `engine.convert` imports PyMuPDF: it runs in conversion processes alone.
"""
