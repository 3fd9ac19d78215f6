"""What an answer to a question about an attribute means, in any script, and what is left to a person."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Datatype, ServiceAttribute
from models.said_plainly import UNKNOWN, Meant, read_said, says_unknown

SUNDAY = date(2026, 11, 22)
COLOURS: list[dict[str, Any]] = [
    {"key": "b", "name": "Blue", "names": {"es": "Azul", "ar": "أزرق"}},
    {"key": "db", "name": "Dark blue"},
    {"key": "r", "name": "Red"},
]
YES_NO: list[dict[str, Any]] = [{"key": "Y", "name": "Yes"}, {"key": "N", "name": "No"}]
SCRIPTS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "০১২৩৪৫৬৭৮৯", "០១២៣៤៥៦៧៨៩")


def asked(datatype: Datatype, values: list[dict[str, Any]] | None = None) -> ServiceAttribute:
    return ServiceAttribute(service_code="DOG", code="x", datatype=datatype, values=values or [])


def meant(datatype: Datatype, text: str, values: list[dict[str, Any]] | None = None, language: str = "en") -> object:
    found = read_said(asked(datatype, values), text, SUNDAY, language)
    return found.value if found else "unread"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2", "db"),
        ("#3)", "r"),
        ("২", "db"),
        ("@City311 blue", "b"),
        ("It is red, thanks", "r"),
        ("azul", "b"),
        ("أزرق", "b"),
        ("green", "unread"),
        ("7", "unread"),
        ("blue or red", "unread"),
        ("No idea!", None),
        ("我不知道", None),
        ("nenhum", None),
    ],
)
def test_a_choice_is_read_by_its_number_or_its_name(text: str, key: str | None) -> None:
    assert meant(Datatype.SINGLE_VALUE_LIST, text, COLOURS) == key


@pytest.mark.parametrize(
    "yes", ["yes", "Sí", "是的", "vâng", "да", "так", "نعم", "wi", "oui", "sim", "네", "បាទ", "هو", "بله", "হ্যাঁ"]
)
def test_yes_is_understood_in_every_language(yes: str) -> None:
    assert meant(Datatype.SINGLE_VALUE_LIST, yes, YES_NO) == "Y"


def test_several_of_a_list_are_all_read_or_none() -> None:
    assert meant(Datatype.MULTI_VALUE_LIST, "1 and 3", COLOURS) == ["b", "r"]
    assert meant(Datatype.MULTI_VALUE_LIST, "blue, red", COLOURS) == ["b", "r"]
    assert meant(Datatype.MULTI_VALUE_LIST, "1 and 9", COLOURS) == "unread"


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("yesterday", "en", "2026-11-21"),
        ("hoy", "es", "2026-11-22"),
        ("11/3/2026", "en", "2026-11-03"),
        ("3/11/2026", "fr", "2026-11-03"),
        ("2026年11月3日", "zh-Hans", "2026-11-03"),
        ("31/31/2026", "en", "unread"),
        ("soon", "en", "unread"),
    ],
)
def test_a_day_is_read_where_it_is_said_plainly(text: str, language: str, day: str) -> None:
    assert meant(Datatype.DATETIME, text, language=language) == day


def test_two_numbers_are_no_number() -> None:
    assert meant(Datatype.NUMBER, "about 12 feet") == "12"
    assert meant(Datatype.NUMBER, "2 or 3") == "unread"


@given(st.integers(min_value=0, max_value=999_999), st.sampled_from(SCRIPTS))
def test_a_number_is_the_same_in_the_digits_of_every_script(number: int, digits: str) -> None:
    said = "".join(digits[int(one)] for one in str(number))
    assert meant(Datatype.NUMBER, said) == str(number)
    assert meant(Datatype.SINGLE_VALUE_LIST, said, COLOURS) == (
        COLOURS[number - 1]["key"] if 1 <= number <= 3 else "unread"
    )


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31)))
def test_a_day_written_the_international_way_is_that_day(day: date) -> None:
    assert meant(Datatype.DATETIME, f"on {day.isoformat()}.") == day.isoformat()


@given(st.text(max_size=600), st.sampled_from(list(Datatype)))
def test_whatever_is_written_a_list_gives_its_own_keys_or_nothing(text: str, datatype: Datatype) -> None:
    found = read_said(asked(datatype, COLOURS), text, SUNDAY)
    assert found is None or isinstance(found, Meant)
    if found and datatype is Datatype.SINGLE_VALUE_LIST:
        assert found.value in ("b", "db", "r", None)
    if found and isinstance(found.value, list):
        assert found.value
        assert set(found.value) <= {"b", "db", "r"}


def test_not_knowing_is_an_answer() -> None:
    assert says_unknown("@City311 I don’t know.")
    assert not says_unknown("I know")
    assert read_said(asked(Datatype.TEXT), "no sé", SUNDAY - timedelta(days=1)) == UNKNOWN
    assert meant(Datatype.TEXT, "@City311 a brown dog") == "a brown dog"
