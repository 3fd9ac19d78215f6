"""Private details: found in every spelling, nothing else touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.redaction import REPLACEMENT, find_private, redact

PRIVATE = [
    ("phone", "215-555-0142", "call me at 215-555-0142"),
    ("phone", "(215) 555-0142", "my cell (215) 555-0142 thanks"),
    ("phone", "215.555.0142", "215.555.0142"),
    ("phone", "2155550142", "text 2155550142"),
    ("phone", "+1 215 555 0142", "+1 215 555 0142"),
    ("phone", "1-267-555-0142", "1-267-555-0142"),
    ("phone", "215–555–0142", "215–555–0142"),
    ("phone", "+52 55 1234 5678", "mi número es +52 55 1234 5678"),
    ("phone", "+44 20 7946 0958", "+44 20 7946 0958"),
    ("phone", "555-0142", "call 555-0142 after six"),
    ("phone", "555-0142", "llámame al 555-0142"),
    ("phone", "555 0142", "电话 555 0142"),
    ("phone", "555-0142", "телефон 555-0142"),
    ("phone", "٢١٥٥٥٥٠١٤٢", "اتصل ٢١٥٥٥٥٠١٤٢"),
    ("email", "jane.doe@example.org", "write to jane.doe@example.org please"),
    ("email", "jane+311@mail.example.co.uk", "jane+311@mail.example.co.uk"),
    ("email", "jane at gmail dot com", "reach me: jane at gmail dot com"),
    ("email", "jane (at) example (dot) org", "jane (at) example (dot) org"),
    ("email", "jane[at]example[dot]org", "jane[at]example[dot]org"),
    ("email", "jane at gmail.com", "jane at gmail.com"),
    ("plate", "KVX 4821", "PA plate KVX 4821 parked for weeks"),
    ("plate", "KVX 4821", "PA plate KVX 4821 was here all day"),
    ("plate", "ABC-1234", "tag #ABC-1234"),
    ("plate", "LXR-2210", "license plate LXR-2210"),
    ("plate", "LXR2210", "plate number is LXR2210"),
    ("plate", "abc 1234", "plate: abc 1234"),
    ("plate", "D12-ABC", "NJ D12-ABC blocks the hydrant"),
    ("plate", "KVX-4821", "KVX-4821 is the plate"),
    ("plate", "KVX4821", "white Ford KVX4821 on the sidewalk"),
    ("plate", "GOBIRDS", "plate: GOBIRDS"),
    ("plate", "ABC123", "license ABC123"),
    ("plate", "KVX 4821", "placa KVX 4821"),
    ("plate", "KVX4821", "车牌KVX4821"),
    ("plate", "1HGCM82633A004352", "VIN 1HGCM82633A004352"),
]

PUBLIC = [
    "311, 911 and 988 are the numbers to know",
    "request 12345678 is still open",
    "case number 12345678, opened 2026-11-21",
    "case 2026123456 was closed",
    "on 11/21/2026 at 10:30",
    "1234 Market St, 19104",
    "19104-2345",
    "the 1200 block of Pine",
    "it costs $1,200.00 or 2155 dollars",
    "39.9525839123, -75.1652215123",
    "no plates for 3 weeks",
    "tags expired in 2019",
    "tagged 22 days ago",
    "Route 611 and I-95",
    "meet at phila.gov or look at example.org",
    "@jane@social.example says hi",
    "the plate on the road is loose",
    "metal plate 3 feet wide",
    "PA 19104",
    "pole number 118215",
    "555-0142 is on the sign of the shop",
    "seen 3 cars, 2 vans and 14 people",
]


@pytest.mark.parametrize(("kind", "detail", "text"), PRIVATE)
def test_a_private_detail_is_found_exactly(kind: str, detail: str, text: str) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find_private(text)] == [(kind, detail)]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_numbers_are_left_alone(text: str) -> None:
    assert find_private(text) == []
    assert redact(text) == text


def test_each_detail_is_replaced_by_what_it_was() -> None:
    text = "PA plate KVX 4821, call 215-555-0142 or mail jane@example.org"
    assert redact(text) == "PA plate [plate removed], call [phone removed] or mail [email removed]"


@pytest.mark.parametrize("kept", ["215-686-8686", "(215) 686 8686", "+12156868686"])
def test_the_citys_own_number_stays_however_it_is_written(kept: str) -> None:
    text = f"call {kept} or 215-555-0142"
    assert redact(text, frozenset({"215-686-8686"})) == f"call {kept} or [phone removed]"


def test_the_citys_own_address_stays() -> None:
    keep = frozenset({"Help@Example.org"})
    assert redact("help@example.org or jane@example.org", keep) == "help@example.org or [email removed]"


def test_a_hundred_thousand_numbers_are_found_in_a_bounded_time() -> None:
    assert "555" not in redact("215-555-0142 " * 8_000)


TEXTS = st.text(max_size=200) | st.text(
    alphabet=st.sampled_from(list("0123456789 -.()+@atdoplecmABKV[]#\x00\u0662")), max_size=120
)
PIECES = st.lists(st.sampled_from([text for _, _, text in PRIVATE] + PUBLIC + list(REPLACEMENT.values())), max_size=4)


@given(TEXTS | PIECES.map(" ".join) | PIECES.map("".join))
def test_spans_lie_in_the_text_and_apart(text: str) -> None:
    last = 0
    for one in find_private(text):
        assert last <= one.start < one.end <= len(text)
        last = one.end


@given(TEXTS | PIECES.map(" ".join) | PIECES.map("".join))
def test_a_redacted_text_holds_nothing_more_to_redact(text: str) -> None:
    redacted = redact(text)
    assert find_private(redacted) == []
    assert redact(redacted) == redacted
