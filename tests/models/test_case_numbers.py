"""Numbers of requests as people type them, and everything with digits that is none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.case_numbers import CITY_FORMS, OURS, numbers_in, same_number, trouble_with
from models.commands import asked
from models.requests import REFERENCE_LETTERS

references = st.text(alphabet=REFERENCE_LETTERS, min_size=8, max_size=8).map(lambda letters: f"H-{letters}")
eight_digits = st.from_regex(r"[0-9]{8}", fullmatch=True).filter(lambda one: len(one) == 8)
scripts = st.sampled_from(
    ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "০১২৩৪৫৬৭৮৯", "០១២៣៤៥៦៧៨៩", "０１２３４５６７８９"]
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13075315", "13075315"),
        ("status #13075315?", "13075315"),
        ("any news on 13075315, please", "13075315"),
        ("case no. 1307-5315", "13075315"),
        ("Number: 130 753 15", "13075315"),
        ("1307 5315", "13075315"),
        ("¿Estado de mi solicitud 13075315?", "13075315"),
        ("আমার ১৩০৭৫৩১৫ এর কী হলো", "13075315"),
        ("ما حالة الطلب رقم \u200e13075315؟", "13075315"),
        ("我的１３０７５３１５怎么样了", "13075315"),
        ("what about h-7qk4m2xd", "H-7QK4M2XD"),
        ("H 7QK4 M2XD", "H-7QK4M2XD"),
        ("h7qk4m2xd.", "H-7QK4M2XD"),
    ],
)
def test_a_number_is_found_however_it_is_typed(text: str, number: str) -> None:
    assert numbers_in(text) == [number]


@pytest.mark.parametrize(
    "text",
    [
        "call me at 215-686-8686",
        "call me at +1 2156 8686",
        "my ZIP is 19107-2604",
        "dark since 11-22-2026",
        "dark since 2026-11-22, every night",
        "from 1200-1298 Market St",
        "1234 5678 Main St",
        "https://x.com/i/status/13075315",
        "@13075315 look at this",
        "the plate is KZX1307531",
        "123456789",
        "it cost $1307531",
        "H Market and 5th",
        "",
    ],
)
def test_other_digits_are_no_number(text: str) -> None:
    assert numbers_in(text) == []


def test_a_city_says_what_its_numbers_look_like() -> None:
    forms = ("SR-##-######", "#####", "##########")
    assert numbers_in("sr24 001234", forms) == ["SR-24-001234"]
    assert numbers_in("24-001234", forms) == ["SR-24-001234"]
    assert numbers_in("at 19107 Broad St", forms) == []
    assert numbers_in("case 19107 on Broad St", forms) == ["19107"]
    assert numbers_in("ring 2156868686 today", forms) == []
    assert numbers_in("request 2156868686 today", forms) == ["2156868686"]
    assert numbers_in("two: 1307531511, 1307531512", forms) == ["1307531511", "1307531512"]


@given(eight_digits, scripts, st.sampled_from(["", "#", "Status ", "case no. ", "\u200f"]))
def test_every_script_writes_the_same_number(number: str, digits: str, before: str) -> None:
    written = number.translate(str.maketrans("0123456789", digits))
    assert numbers_in(before + written) == [number]


@given(references, st.booleans(), st.sampled_from(["-", ""]))
def test_our_own_number_is_found_as_we_gave_it(reference: str, lower: bool, sign: str) -> None:
    written = reference.replace("-", sign)
    found = numbers_in(f"and {written.lower() if lower else written}?")
    assert found == [reference] or (sign == "" and not any(one.isdigit() for one in reference))


@given(st.text(max_size=60))
def test_any_text_can_be_read_and_what_is_found_has_a_known_form(text: str) -> None:
    for number in numbers_in(text):
        assert re.fullmatch(r"[0-9]{8}|H-[2-9A-HJKMNP-TV-Z]{8}", number)
        assert same_number(number, number.lower().replace("-", " "))


def test_a_form_that_no_reply_can_carry_is_refused_with_the_reason() -> None:
    assert trouble_with([OURS, *CITY_FORMS, "SR-########"]) == ""
    assert "longer" in trouble_with(["#" * 17])
    assert "three" in trouble_with(["SR-##"])
    assert "may hold" in trouble_with(["SR ########"])


HOSTILE = {
    "a number without end": "status " + "1-" * 45 + "x y",
    "digits": "status " + "1" * 20_000 + " x",
    "one digit after the other": "status " + "1 " * 10_000 + "x",
    "many numbers": "12345678 " * 2_500,
    "no word at all": "x" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_keeps_us_busy_for_ever(text: str) -> None:
    """Were it read by trying every way to cut it, the first of these would take longer than the city stands."""
    assert asked(text, private=True) is None
    assert len(numbers_in(text)) <= 1
