"""Everything a person sees in a terminal: the `hotfolio` command and the dashboard.

Talks to the engine through `engine.facade.engine.Engine` alone, and never imports PyMuPDF.
"""
