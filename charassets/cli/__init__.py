"""The command line: flags, help, exit codes, words. Every command calls a function that the rest of the project calls too.

What belongs here: a module a group of commands (``entry`` puts them together), and how results look. Not here: any work. Data
goes to stdout and talk to stderr; heavy modules are imported inside the commands, so that help is quick.
"""

from charassets.cli.entry import app, main

__all__ = ["app", "main"]
