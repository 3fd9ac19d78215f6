"""python -m hark311: the same as the `hark` command."""

from hark311.cli import app

app()
