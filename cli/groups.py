"""Groups of commands; their help pages are written by cli/help_page.py."""

from cyclopts import App, Parameter

FLAG = Parameter(negative="")


def group(name: str, help: str) -> App:
    """Make a group of commands."""
    return App(name=name, help=help, help_flags=[], version_flags=[], default_parameter=FLAG, help_format="plaintext")
