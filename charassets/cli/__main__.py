"""``python -m charassets.cli``."""

from charassets.cli.entry import main

main()
