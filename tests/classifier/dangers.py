"""The posts of `dangers.toml`: what is danger, what only sounds like it, and what is daily business."""

import tomllib
from pathlib import Path

_POSTS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _by_family(section: str) -> list[tuple[str, str]]:
    return [(family, post) for family, posts in _POSTS[section].items() for post in posts]


DANGER_BY_FAMILY = _by_family("danger_by_family")
PAST_OR_DENIED = _by_family("past_or_denied")
DANGER: list[str] = _POSTS["any_danger"]["posts"]
HARMLESS: list[str] = _POSTS["harmless"]["posts"]
DAILY_BUSINESS: list[str] = _POSTS["daily_business"]["posts"]
