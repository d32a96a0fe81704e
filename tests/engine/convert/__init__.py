"""Steps and readers, on blocks and small PDFs."""
