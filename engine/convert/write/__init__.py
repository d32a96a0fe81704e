"""Blocks written as Markdown, text, HTML and chunks. Reads no PDF."""
