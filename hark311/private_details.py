"""What is private in a text, for the desk: every kind that is found but the city's own numbers."""

from classifier.redaction import REPLACEMENT, find_private
from hark311.product import PrivateDetail


class FindKinds:
    """Callable: text -> kinds of private details ("phone", "email", "plate")."""

    def __init__(self, ours: frozenset[str]) -> None:
        self._ours = {_digits(number) for number in ours}

    def __call__(self, text: str) -> list[str]:
        return [found.kind for found in self.details(text)]

    def details(self, text: str) -> list[PrivateDetail]:
        """The same with where each stands, and what may stand there instead."""
        return [
            PrivateDetail(found.start, found.end, found.kind, REPLACEMENT[found.kind])
            for found in find_private(text)
            if _digits(text[found.start : found.end]) not in self._ours
        ]


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
