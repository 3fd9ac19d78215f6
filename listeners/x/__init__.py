"""X through tweepy: mentions, quotes, what rules search for, direct messages, threads, and what is gone.

Only this package and responders' adapter know tweepy. Source of every rule: X API v2 documentation (August 2026).
"""

from listeners.x.catch_up import Cursor
from listeners.x.listener import XListener
from listeners.x.reading import may_reply, read_page, read_post

__all__ = ["Cursor", "XListener", "may_reply", "read_page", "read_post"]
