"""Measurements: `python -m benchmarks.NAME --json`. Each prints a table for people and JSON for scripts."""
