"""A city with our Open311 endpoint, asked over real HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as Xml

import httpx
from sqlmodel import Session, select

from hark311.partnering import Wanted, make_partner
from hark311.product import Product
from models import (
    Datatype,
    Mention,
    Need,
    Partner,
    PartnerReport,
    RequestState,
    Service,
    ServiceAttribute,
    ServiceRequest,
    ServiceType,
    advance,
)

HERE = {"lat": "39.95", "long": "-75.16"}


@dataclass
class City:
    """What the tests ask, and what they look at from the inside."""

    url: str
    product: Product
    nudges: list[tuple[object, ...]] = field(default_factory=list)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=60))

    def partner(self, name: str = "Police liaison", **wanted: Any) -> str:
        """A partner; their key."""
        with self.product.database.write() as session:
            _, key = make_partner(session, Wanted(name, **wanted), "operator", None, self.product.desk.clock())
        return key

    def revoke(self, name: str = "Police liaison") -> None:
        with self.product.database.write() as session:
            partner = session.exec(select(Partner).where(Partner.name == name)).one()
            partner.revoked_at = self.product.desk.clock()
            session.add(partner)

    def get(self, path: str, key: str = "", **query: object) -> httpx.Response:
        """GET below /open311."""
        headers = {"x-api-key": key} if key else {}
        return self.client.get(f"{self.url}/open311{path}", params=dict(query), headers=headers)  # type: ignore[arg-type]

    def post(
        self,
        path: str,
        key: str = "",
        fields: Mapping[str, str] | None = None,
        *,
        files: Any = None,
        pairs: Sequence[tuple[str, str]] = (),
    ) -> httpx.Response:
        """POST a form below /open311; `pairs` may hold a field several times."""
        form: dict[str, Any] = {**({"api_key": key} if key else {}), **(fields or {})}
        for name, value in pairs:
            form.setdefault(name, []).append(value)
        return self.client.post(f"{self.url}/open311{path}", data=form, files=files)

    def report(self, key: str, **fields: str) -> str:
        """A good report about a hole in the road, with fields changed; the number or token it is given."""
        said = {"service_code": "POTHOLE", "description": "A hole as deep as a bucket", **HERE, **fields}
        answer = self.post("/v2/requests.json", key, said)
        assert answer.status_code == 201, answer.text
        told = answer.json()[0]
        return str(told.get("service_request_id") or told["token"])

    def one(self, number: str, key: str = "") -> dict[str, Any]:
        """GET one request."""
        answer = self.get(f"/v2/requests/{number}.json", key)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()[0]
        return found

    def numbers(self, key: str = "", **query: object) -> list[str]:
        """The numbers that GET requests lists."""
        answer = self.get("/v2/requests.json", key, **query)
        assert answer.status_code == 200, answer.text
        return [one["service_request_id"] for one in answer.json()]

    def reported(self, number: str) -> tuple[Mention, ServiceRequest]:
        """The mention and the newest request behind a report."""
        with self.product.database.read() as session:
            report = session.exec(
                select(PartnerReport).where((PartnerReport.reference == number) | (PartnerReport.token == number))
            ).one()
            request = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == report.mention_id)).all()[
                -1
            ]
            return session.get_one(Mention, report.mention_id), request

    def file(self, number: str, city_number: str, **facts: object) -> None:
        """What happens to a report that a person approves and the city takes."""
        with self.product.database.write() as session:
            _, known = self.reported(number)
            request = session.get_one(ServiceRequest, known.id)
            file(session, request, city_number, **facts)


def read_xml(answer: httpx.Response) -> Xml.Element:
    """The root of an answer in XML."""
    return Xml.fromstring(answer.content)  # noqa: S314 - what our own server wrote


def file(session: Session, request: ServiceRequest, city_number: str, **facts: object) -> None:
    """Take a drafted request through to the city."""
    steps = (RequestState.IN_REVIEW, RequestState.APPROVED, RequestState.SUBMITTING, RequestState.SUBMITTED)
    for state in steps[steps.index(request.state) + 1 if request.state in steps else 0 :]:
        advance(session, request, state, "test", "so that it is filed")
    request.service_request_id, request.status = city_number, "open"
    request.sqlmodel_update(facts)
    session.add(request)


def make_city_services(session: Session) -> None:
    """A service of each kind, one with a question of each datatype."""
    session.add_all(
        [
            Service(service_code="POTHOLE", service_name="Hole in the road", keywords="road,hole", group="Streets"),
            Service(service_code="007", service_name="Missed trash", needs=Need.ADDRESS),
            Service(service_code="TREE", service_name="Fallen tree", type=ServiceType.BATCH, needs=Need.POINT),
            Service(service_code="LAMP", service_name="Street lamp", has_definition=True),
            Service(service_code="GONE", service_name="No more", active=False),
        ]
    )
    session.flush()
    values = [{"key": "OUT", "name": "Dark"}, {"key": "DAY", "name": "On all day"}]
    asked: list[tuple[str, Datatype, dict[str, Any]]] = [
        ("KIND", Datatype.SINGLE_VALUE_LIST, {"values": values, "required": True, "description": "What is wrong?"}),
        ("SIGNS", Datatype.MULTI_VALUE_LIST, {"values": values}),
        ("POLE", Datatype.STRING, {"description": "Number on the pole"}),
        ("COUNT", Datatype.NUMBER, {}),
        ("SINCE", Datatype.DATETIME, {}),
        ("MORE", Datatype.TEXT, {}),
        ("READ", Datatype.TEXT, {"variable": False, "description": "Keep away from open wires."}),
    ]
    for order, (code, datatype, rest) in enumerate(asked, start=1):
        session.add(ServiceAttribute(service_code="LAMP", code=code, datatype=datatype, order=order, **rest))
