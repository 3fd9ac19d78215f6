"""hark311: the product. Console, command line, worker and simulator; imports the others, imported by none."""

__version__ = "0.1.0"
