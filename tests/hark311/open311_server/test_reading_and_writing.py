"""Forms, queries and answers whatever somebody sends or writes: read or refused, and always well-formed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from xml.etree import ElementTree as Xml
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.open311_server.reading import (
    LONGEST_DESCRIPTION,
    LONGEST_PAGE,
    LONGEST_SPAN,
    asked_list,
    read_report,
    read_update,
)
from hark311.open311_server.wire import REQUESTS, Refused, answer, cleaned, moment
from models import Datatype, Service, ServiceAttribute

NOW = datetime(2026, 3, 10, 16, tzinfo=UTC)
SERVICE = Service(service_code="LAMP", service_name="Street lamp")
ASKED = [
    ServiceAttribute(
        service_code="LAMP",
        code=str(datatype),
        datatype=datatype,
        required=datatype == Datatype.NUMBER,
        values=[{"key": "A", "name": "One"}, {"key": "B", "name": "Two"}],
    )
    for datatype in Datatype
]
NAMES = st.sampled_from(
    ["service_code", "description", "lat", "long", "address_string", "address_id", "media_url", "device_id", "status"]
    + ["update_id", "service_request_id", "updated_datetime", "attribute[", "attribute[]", "attribute[a][b]"]
    + [f"attribute[{one}]{more}" for one in Datatype for more in ("", "[]")]
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.floats().map(str),
    st.sampled_from(
        ["A", "B", "39.95", "-75.1", "1e400", "nan", "https://a.example/1", "https://u@a.example", "http://["]
    )
    | st.datetimes().map(str),
)
GOOD = [("lat", "39.95"), ("long", "-75.16"), ("attribute[number]", "2"), ("update_id", "1")]
GOOD += [("service_request_id", "H-1"), ("status", "OPEN"), ("updated_datetime", "2026-03-09T00:00:00Z")]
PAIRS = st.builds(
    lambda good, more: [*good, *more], st.sampled_from([[], GOOD]), st.lists(st.tuples(NAMES, VALUES), max_size=10)
)
Read = TypeVar("Read")


def _or_refused(read: Callable[[], Read]) -> Read | Refused:
    try:
        return read()
    except Refused as error:
        return error


def test_a_good_form_is_read() -> None:
    assert read_report(GOOD, SERVICE, ASKED).answers == {"number": "2"}
    assert read_update(GOOD, NOW).state == "open"


@settings(deadline=None)
@given(PAIRS)
def test_any_form_is_a_report_or_is_refused_with_every_reason(pairs: list[tuple[str, str]]) -> None:
    report = _or_refused(lambda: read_report(pairs, SERVICE, ASKED))
    if isinstance(report, Refused):
        assert {one.code for one in report.faults} == {400}
        return
    assert report.address or report.lat is not None
    assert (report.lat is None) == (report.long is None)
    assert abs(report.lat or 0) <= 90
    assert abs(report.long or 0) <= 180
    assert len(report.description) <= LONGEST_DESCRIPTION
    assert report.media_url == "" or report.media_url.startswith("https://")
    assert set(report.answers) <= {str(one) for one in Datatype}
    assert isinstance(report.answers[Datatype.NUMBER], str)
    assert set(report.answers.get(Datatype.MULTI_VALUE_LIST, ())) <= {"A", "B"}
    assert report.answers.get(Datatype.SINGLE_VALUE_LIST, "A") in ("A", "B")


@settings(deadline=None)
@given(PAIRS)
def test_any_form_is_an_update_or_is_refused(pairs: list[tuple[str, str]]) -> None:
    told = _or_refused(lambda: read_update(pairs, NOW))
    if isinstance(told, Refused):
        assert {one.code for one in told.faults} == {400}
        return
    assert told.update_id
    assert told.service_request_id
    assert told.happened_at <= NOW


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["service_request_id", "service_code", "status", "start_date", "end_date", "page", "page_size"]
        ),
        st.one_of(st.text(max_size=30), st.datetimes().map(str), st.integers().map(str), st.just("open,closed")),
    )
)
def test_any_query_asks_for_ninety_days_and_a_thousand_at_most_or_is_refused(query: dict[str, str]) -> None:
    asked = _or_refused(lambda: asked_list(query, NOW))
    if isinstance(asked, Refused):
        assert {one.code for one in asked.faults} == {400}
        return
    assert asked.end - asked.start <= LONGEST_SPAN
    assert asked.statuses <= {"open", "closed"}
    assert asked.page >= 1
    assert 1 <= asked.page_size <= LONGEST_PAGE


def test_times_are_read_as_clients_write_them() -> None:
    asked = asked_list({"start_date": "2026-03-01T00:00:00 05:00", "end_date": "2026-03-02T00:00:00Z"}, NOW)
    assert asked.start == datetime(2026, 2, 28, 19, tzinfo=UTC)
    assert asked_list({}, NOW).start == NOW - timedelta(days=90)
    assert asked_list({"start_date": "2026-03-01"}, NOW).end == NOW
    assert moment(NOW, ZoneInfo("America/New_York")) == "2026-03-10T12:00:00-04:00"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=80))
@pytest.mark.parametrize("form", ["xml", "json"])
def test_any_text_is_written_so_that_it_is_read_again(form: str, text: str) -> None:
    written = answer(form, REQUESTS, [{"description": text, "status": None, "metadata": True}]).body
    if form == "json":
        assert json.loads(bytes(written))[0]["description"] == cleaned(text)
        return
    root = Xml.fromstring(bytes(written))  # noqa: S314 - what our own server wrote
    told = root.findtext("request/description") or ""
    assert told == cleaned(text).replace("\r\n", "\n").replace("\r", "\n")
    assert root.findtext("request/metadata") == "true"


@pytest.mark.parametrize("harm", ["]]><x>", "<!ENTITY a 'b'>&a;", "\x00\x1b[31m\ufffe", "\ud800 half", "</request>"])
def test_hostile_words_stay_words(harm: str) -> None:
    root = Xml.fromstring(bytes(answer("xml", REQUESTS, [{"description": harm}]).body))  # noqa: S314 - our own
    assert [[field.tag for field in one] for one in root] == [["description"]]
    assert root.findtext("request/description") == cleaned(harm)
