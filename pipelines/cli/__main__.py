"""``python -m pipelines.cli`` is ``wirewatch``."""

from pipelines.cli import main

main()
