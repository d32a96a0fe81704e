"""The door of Mistral's OCR: a file is sent, asked for by its id or its URL, and comes back page by page."""
