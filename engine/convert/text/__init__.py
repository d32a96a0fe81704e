"""The characters of a page put together: words, lines, listings, tables, links."""
