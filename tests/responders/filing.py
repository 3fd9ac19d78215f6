"""A request to file, the attempt to file it, and the client of a simulated city."""

from datetime import UTC, datetime
from typing import Any

from hark311.simulator import RunningSimulator
from models import SendAttempt, ServiceRequest
from responders.open311 import Open311City


def city_of(simulator: RunningSimulator, **more: Any) -> Open311City:
    given: dict[str, Any] = {"base_url": simulator.open311_url, "api_key": simulator.settings.open311_api_key}
    return Open311City(**(given | more))


_numbers = iter(range(1, 10_000))


def a_request(**more: Any) -> ServiceRequest:
    given: dict[str, Any] = {
        "mention_id": 1,
        "reference": f"H-TEST{next(_numbers):04d}",
        "changed_at": datetime.now(UTC),
        "service_code": "SIDEWALK",
        "description": "a broken curb",
        "address_string": "1200 Market St",
    }
    return ServiceRequest(**(given | more))


def an_attempt() -> SendAttempt:
    return SendAttempt(request_id=1, idempotency_key="request-1-1", started_at=datetime.now(UTC))
