"""The City of Philadelphia's own address parser, where the extra `philadelphia` is installed.

It knows the City's streets and house numbers, and reads a line that is an address and nothing else: it finds none in a
post. On import it asks GitHub for a newer version: that call is refused here, nothing leaves the house.
"""

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

from classifier.places.names import normal_street

LONGEST_LINE = 120
"""Code points; a longer text is a post, not an address."""


class AddressParser(Protocol):
    """What is used of `passyunk.parser.PassyunkParser`."""

    def parse(self, line: str) -> Mapping[str, Any]:
        """`type` and `components` of an address line."""


def normal_by_passyunk(text: str) -> str | None:
    """The normal form of an address line, None where passyunk is missing or the City has no such street.

    "1336 Chestnut St", "1200 block of S 9th St", "N 5th St & W Cambria St", "Chestnut St".
    """
    parser = _parser()
    if parser is None or not text.strip() or len(text) > LONGEST_LINE:
        return None
    read = parser.parse(text)
    parts = read["components"]
    street, number = parts["street"], parts["address"]["low_num"]
    if not street["is_centerline_match"]:
        return None
    name = normal_street(street["full"])
    if read["type"] == "street":
        return name
    if read["type"] == "intersection_addr":
        other = parts["street_2"]
        return f"{name} & {normal_street(other['full'])}" if other["is_centerline_match"] else None
    if number is None:
        return None
    return f"{number} block of {name}" if read["type"] == "block" else f"{number} {name}"


@cache
def _parser() -> AddressParser | None:
    if find_spec("passyunk") is None:
        return None
    with _alone():
        made: AddressParser = import_module("passyunk.parser").PassyunkParser()
    return made


@contextmanager
def _alone() -> Iterator[None]:
    """While passyunk is imported: no network, and not its complaint about that."""

    def refuse(*_: object) -> None:
        raise ConnectionError("passyunk may not call home")

    offline = ModuleType("requests")
    vars(offline)["get"] = refuse
    real, muted = sys.modules.get("requests"), logging.root.manager.disable
    silent = logging.NullHandler()
    logging.root.addHandler(silent)  # else its complaint sets up logging for the whole process
    logging.disable(logging.WARNING)
    sys.modules["requests"] = offline
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(muted)
        logging.root.removeHandler(silent)
        if real is None:
            del sys.modules["requests"]
        else:
            sys.modules["requests"] = real
