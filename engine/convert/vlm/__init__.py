"""Pages read by a vision model behind an API like OpenAI's: asking it, and what its answers come to.

Only threads of `asking` wait for the network, and they touch neither PyMuPDF nor the page.
"""
