"""What residents do on the simulated X besides posting: direct messages; and what X itself withholds."""

import json
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field, TypeAdapter
from starlette.requests import Request

from hark311.simulator.spoken import Json, MessageOnX, Spoken
from hark311.simulator.store import iso_z
from hark311.simulator.x_messages import XMessages
from hark311.simulator.x_network import XNetwork

_MESSAGES: TypeAdapter[list[MessageOnX]] = TypeAdapter(
    Annotated[list[MessageOnX], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]
)


class Withheld(Spoken):
    """Where X shows a post to nobody: two-letter countries; XX is everywhere."""

    countries: list[Annotated[str, Field(pattern=r"^[A-Z]{2}$")]]


class XControl:
    """The routes below /control/x that are not about posts."""

    def __init__(self, network: XNetwork) -> None:
        self._network = network
        self._messages = XMessages(network)

    def routes(self) -> list[tuple[str, str, Callable[[Request, bytes], object]]]:
        """Verb, path and what it does."""
        return [
            ("POST", "/x/messages", self.say),
            ("GET", "/x/messages", self.messages),
            ("POST", "/x/posts/{id:int}/withhold", self.withhold),
        ]

    def say(self, _: Request, body: bytes) -> object:
        """Residents write to us: one object or a list, one transaction."""
        done = self._messages.say(_MESSAGES.validate_python(json.loads(body)))
        return {"messages": [{"id": str(one.id), "key": one.key, "new": one.new} for one in done]}

    def messages(self, request: Request, _: bytes) -> object:
        """Direct messages in order. Filters: by=us|residents, keys."""
        query = request.query_params
        rows = self._network.store.rows("SELECT * FROM x_messages ORDER BY id")
        shapes: list[Json] = [
            {
                "id": str(row["id"]),
                "key": row["key"],
                "room": row["room"],
                "by_us": row["sender"] == self._network.us,
                "text": row["text"],
                "created_at": iso_z(row["created_ms"]),
            }
            for row in rows
        ]
        if "by" in query:
            shapes = [one for one in shapes if one["by_us"] == (query["by"] == "us")]
        if "keys" in query:
            shapes = [one for one in shapes if one["key"] in query["keys"].split(",")]
        return {"messages": shapes}

    def withhold(self, request: Request, body: bytes) -> object:
        """X withholds a post in some countries; none: nowhere."""
        countries = Withheld.model_validate_json(body).countries
        self._network.withhold(request.path_params["id"], countries)
        return {"countries": countries}
