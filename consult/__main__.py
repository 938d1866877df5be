"""``python -m consult``: the command line without its script."""

from consult.cli import main

main()
