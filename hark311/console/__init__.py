"""The desk: the pages on which people at 311 read what residents wrote, and decide."""

from hark311.console.app import create_app
from hark311.console.auth import ensure_first_supervisor, issue_link

__all__ = ["create_app", "ensure_first_supervisor", "issue_link"]
