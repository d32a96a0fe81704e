"""Whether a page is read by OCR, by which engine, and what becomes of the words."""
