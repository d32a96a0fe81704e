"""The `hotfolio` command: its options, what runs in the foreground, the start of engines. Loads no Textual."""
