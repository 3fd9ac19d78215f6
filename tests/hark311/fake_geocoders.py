"""The providers of geocoding, told on loopback: made-up answers in each one's own shape, and its ways to refuse."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from hark311.geocoding.protocol import Geocoder
from hark311.geocoding.providers import geocoder_of
from hark311.settings import Settings

LAT, LON = 40.0123, -75.1045
KEY = "gatekeeper-key-4711"

AIS = {
    "search_type": "address",
    "normalized": ["1336 QUARRY RD"],
    "features": [
        {
            "ais_feature_type": "address",
            "match_type": "exact",
            "properties": {"street_address": "1336 QUARRY RD", "opa_owners": ["SOMEBODY PRIVATE"]},
            "geometry": {"geocode_type": "rooftop", "type": "Point", "coordinates": [LON, LAT]},
        }
    ],
}
CENSUS = {
    "result": {
        "addressMatches": [
            {"matchedAddress": "1336 QUARRY RD, RIVERTON, PA, 19000", "coordinates": {"x": LON, "y": LAT}}
        ]
    }
}
NOMINATIM = [
    {
        "lat": str(LAT),
        "lon": str(LON),
        "class": "place",
        "type": "house",
        "display_name": "1336, Quarry Road, Old Mill, Riverton",
        "address": {"house_number": "1336", "road": "Quarry Road"},
        "boundingbox": ["40.0122", "40.0124", "-75.1046", "-75.1044"],
    },
    {
        "lat": "41.5",
        "lon": str(LON),
        "class": "highway",
        "type": "residential",
        "display_name": "Quarry Road, Elsewhere",
        "address": {"road": "Quarry Road"},
        "boundingbox": ["41.4", "41.6", "-75.2", "-75.0"],
    },
]
PHOTON = {
    "features": [
        {
            "properties": {"osm_key": "building", "osm_value": "yes", "housenumber": "1336", "street": "Quarry Road"},
            "geometry": {"coordinates": [LON, LAT]},
        },
        {
            "properties": {
                "osm_key": "leisure", "osm_value": "park", "name": "Mill Green", "extent": [-75.2, 41, -75.1, 40],
            },
            "geometry": {"coordinates": [LON, LAT]},
        },
    ]
}  # fmt: skip
PELIAS = {
    "features": [
        {
            "properties": {"layer": "venue", "name": "Riverton Baths", "confidence": 0.7},
            "geometry": {"coordinates": [LON, LAT]},
        }
    ]
}
ANSWERS: Mapping[str, Any] = {
    "/search/": AIS,
    "/locations/onelineaddress": CENSUS,
    "/search": NOMINATIM,
    "/api": PHOTON,
    "/v1/search": PELIAS,
}
NOTHING: Mapping[str, Any] = {
    "/search/": {"features": []},
    "/locations/onelineaddress": {"result": {"addressMatches": []}},
    "/search": [],
    "/api": {"features": []},
    "/v1/search": {"features": []},
}


class FakeGeocoders:
    """A server for all of them. `asked`: (path, question, headers) of each call; `status` refuses from then on.

    `root`: the path it stands under.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answers: Mapping[str, Any] = ANSWERS
        self.status, self.body, self.root = 200, b"", ""
        self.headers: dict[str, str] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                question = {name: values[0] for name, values in parse_qs(asked.query).items()}
                fake.asked.append((unquote(asked.path), question, {k.lower(): v for k, v in self.headers.items()}))
                body = fake.body or json.dumps(fake.answer(unquote(asked.path))).encode()
                self.send_response(fake.status)
                for name, value in fake.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> Any:
        """What it says to a call on this path."""
        path = path.removeprefix(self.root)
        known = "/search/" if path.startswith("/search/") else path
        return self.answers[known]

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def a_geocoder(fake: FakeGeocoders, name: str, **settings: Any) -> Geocoder:
    """A provider as the settings make it, asked at the fake."""
    given = {"geocoder_url": fake.url, "geocoder_key": KEY, "geocoder_contact": "311@riverton.example", **settings}
    geocoder = geocoder_of(Settings.model_validate({"geocoder": name, **given}))
    assert geocoder is not None
    return geocoder
