"""Which blocks are headings, and of what level: by what the document states, by numbers, and by how they look."""
