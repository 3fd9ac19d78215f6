"""GeoReport's XML is read into what its JSON holds; hostile XML is refused before it can do anything."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.simulator.open311 import to_xml
from models.open311 import AttributeShape, RequestShape, ServiceShape, UpdateShape, entries_of
from responders.open311_calls import Answer
from responders.open311_xml import DEEPEST, NotReadable, read_xml

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
PLAIN = WORDS.map(str.strip)
REQUESTS = st.fixed_dictionaries(
    {
        "service_request_id": st.integers(1, 10**9).map(str),
        "status": st.sampled_from(["open", "closed"]),
        "status_notes": st.none() | PLAIN,
        "description": PLAIN,
        "updated_datetime": st.none() | st.datetimes().map(lambda at: at.isoformat() + "-05:00"),
        "lat": st.none() | st.floats(-90, 90),
        "notes": st.lists(st.fixed_dictionaries({"datetime": PLAIN, "description": PLAIN}), max_size=3),
    }
)
SERVICES = st.fixed_dictionaries(
    {"service_code": PLAIN.filter(bool), "service_name": PLAIN, "metadata": st.booleans(), "keywords": PLAIN}
)
UPDATES = st.fixed_dictionaries({"update_id": PLAIN.filter(bool), "service_request_id": PLAIN, "status": PLAIN})
CHOICES = st.lists(st.fixed_dictionaries({"key": PLAIN.filter(bool), "name": PLAIN}), max_size=3)
ATTRIBUTES = st.fixed_dictionaries(
    {"code": PLAIN.filter(bool), "variable": st.booleans(), "required": st.booleans(), "values": CHOICES}
)


def read(root: str, content: Any) -> tuple[list[Any], list[Any]]:
    """The entries of an answer as its JSON and as its XML holds them."""
    in_json = Answer(200, {}, json.dumps(content).encode()).content()
    return entries_of(in_json), entries_of(Answer(200, {}, to_xml(root, content)).content())


@given(st.lists(REQUESTS, max_size=3))
def test_requests_read_the_same_from_json_and_xml(content: list[Any]) -> None:
    ours, theirs = read("service_requests", content)
    told = [[RequestShape.model_validate(one) for one in entries] for entries in (ours, theirs)]
    first, second = [[(one.model_dump(exclude={"notes"}), one.said) for one in entries] for entries in told]
    assert first == second


@given(st.lists(SERVICES, max_size=3), st.lists(UPDATES, max_size=3), st.lists(ATTRIBUTES, max_size=3))
def test_services_updates_and_questions_read_the_same_from_json_and_xml(
    services: list[Any], updates: list[Any], attributes: list[Any]
) -> None:
    for root, content, shape in (
        ("services", services, ServiceShape),
        ("service_request_updates", updates, UpdateShape),
        ("attributes", attributes, AttributeShape),
    ):
        ours, theirs = read(root, content)
        assert [shape.model_validate(one) for one in ours] == [shape.model_validate(one) for one in theirs]


def test_a_list_of_one_and_an_empty_list_are_lists_in_xml() -> None:
    assert read_xml(b"<services><service><service_code>001</service_code></service></services>") == [
        {"service_code": "001"}
    ]
    assert read_xml(b"<services/>") == []
    assert read_xml(b'<a:x xmlns:a="urn:a"><a:y> 1 </a:y><a:y/></a:x>') == {"y": ["1", None]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<!DOCTYPE html><html></html>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><l>&c;</l>',
        b"<a>&b;</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1),
        b"\xff\xfe\x00",
    ],
)
def test_hostile_and_broken_xml_is_refused(body: bytes) -> None:
    with pytest.raises(NotReadable):
        read_xml(body)


@given(st.binary(max_size=60) | st.text("<>/&;!ab \"'=[]", max_size=40).map(str.encode))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    try:
        Answer(200, {}, body).content()
    except ValueError:
        return


def test_json_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        Answer(200, {}, b"[" * 200_000).content()
