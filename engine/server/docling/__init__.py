"""The door other programs already know: the part of docling-serve's API that document-extraction clients use."""
