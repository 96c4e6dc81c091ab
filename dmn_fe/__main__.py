"""``python -m dmn_fe`` is the command ``dmn-fe``."""

from dmn_fe.cli import main

main()
