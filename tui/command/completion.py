"""Completion of what is typed in a shell, which Typer makes; in zsh at the first Tab too.

Typer's script for zsh (0.26) defines the function that completes, and does not call it. Found in `fpath`, the file is
the body of the function that the first Tab calls: nothing comes of that Tab, and something of the second.
"""

from typing import Final

_ZSH: Final = """
#compdef %(prog_name)s

%(complete_func)s() {
  eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" %(autocomplete_var)s=complete_zsh %(prog_name)s)
}

compdef %(complete_func)s %(prog_name)s
# Loaded from fpath, all of this is the function of the first Tab; sourced, it is not.
if [[ $funcstack[1] == _%(prog_name)s ]]; then
  %(complete_func)s "$@"
fi
"""


def mend_zsh() -> None:
    """Have Typer print and install this script instead of its own, as far as it keeps it where it did."""
    from typer import _completion_shared

    scripts = getattr(_completion_shared, "_completion_scripts", {})
    if "zsh" in scripts:
        scripts["zsh"] = _ZSH
