"""Whatever JSON a city answers is read, or refused as one of the decisions; none breaks us or proves too much."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hark311.simulator import RunningSimulator
from models.open311 import AnswerShape, ErrorShape, RequestShape, ServiceShape, entries_of
from responders.errors import SendError
from responders.open311 import CityUnreachable
from responders.protocol import ProvedAbsent
from tests.responders.filing import a_request, an_attempt, city_of

ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["", "0012", "open", "N/A", "39.95", "2026-11-20T08:00:00-05:00", "2026-11-20", "null"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["service_request_id", "token", "service_code", "lat", "description", "errors", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
SHAPES: list[type[BaseModel]] = [ServiceShape, AnswerShape, RequestShape, ErrorShape]


@settings(max_examples=300, deadline=None)
@given(ODD, st.sampled_from(SHAPES))
def test_wild_json_is_a_shape_or_a_validation_error(value: Any, shape: type[BaseModel]) -> None:
    for one in entries_of(value):
        try:
            read = shape.model_validate(one)
        except ValidationError:
            continue
        for moment in vars(read).values():
            assert not isinstance(moment, datetime) or moment.tzinfo is not None


@settings(max_examples=60, deadline=None)
@given(ODD, st.sampled_from([200, 201, 400, 403, 404, 429, 500, 503]))
def test_wild_answers_to_a_post_are_one_of_the_decisions(town_hall: RunningSimulator, answer: Any, status: int) -> None:
    async def file() -> None:
        async with city_of(town_hall) as city:
            try:
                filed = await city.file(a_request())
            except SendError:
                return
            assert status < 300
            assert filed.service_request_id or filed.token or filed.service_notice

    town_hall.clear_faults()
    town_hall.fault("open311", "status", "post_request", status=status, body=json.dumps(answer))
    asyncio.run(file())


@settings(max_examples=60, deadline=None)
@given(ODD)
def test_wild_lists_never_break_the_reading_and_prove_nothing_they_should_not(
    town_hall: RunningSimulator, answer: Any
) -> None:
    async def look() -> None:
        async with city_of(town_hall, lists_every_request=True) as city:
            asks: list[Callable[[], Awaitable[object]]] = [
                lambda: city.by_ids(["1"]),
                city.services,
                lambda: city.by_token("t"),
                lambda: city.find_filed(an_attempt(), a_request()),
            ]
            for ask in asks:
                town_hall.clear_faults()
                town_hall.fault("open311", "status", status=200, body=json.dumps(answer), times=None)
                try:
                    found = await ask()
                except CityUnreachable:
                    continue
                if isinstance(found, ProvedAbsent):
                    assert all(isinstance(one, dict) for one in entries_of(answer))

    asyncio.run(look())
