"""The door of MinerU's API: documents in a form in, their Markdown, blocks and pictures out."""
