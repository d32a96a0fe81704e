"""The reader of a result: its Markdown taken apart, laid out, searched, compared with an earlier one."""
