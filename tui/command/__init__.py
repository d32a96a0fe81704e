"""The `hotfolio` command: one module a family of subcommands. Loads no Textual."""
