"""Opens documents of any kind as PDFs, and says in one sentence why one cannot be."""
