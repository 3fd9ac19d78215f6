"""X: replies and direct messages through tweepy, one attempt at a time."""

from responders.x.responder import XResponder
from responders.x.words import comparable, composer, length

__all__ = ["XResponder", "comparable", "composer", "length"]
