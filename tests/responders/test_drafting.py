"""Which reply is suggested, and what of a resident's words it repeats."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Channel, Intent, Need, Purpose, ReplyTemplate, Service
from responders.drafting import (
    Key,
    KnownRequest,
    Missing,
    ReplyContext,
    TemplateBook,
    draft_reply,
    language_of_reply,
)
from responders.quoting import block_of, first_name
from responders.wording import LEFT_TO_RIGHT_MARK, WordingError, freeze, slots, widest

POTHOLE = Service(
    service_code="POTHOLE",
    service_name="Pothole",
    plain_names={"en": "the pothole", "es": "el bache"},
    needs=Need.POINT,
)
MISSED_TRASH = Service(
    service_code="MISSED_TRASH",
    service_name="Missed collection",
    plain_names={"en": "the missed collection"},
    needs=Need.ADDRESS,
)

ENGLISH = {
    Key.GREETING: "Hi [name].",
    Key.FILED: "Thank you for telling us about [problem] at [place]. Your number is {number}. It is due by {date}.",
    Key.FILED_NO_PLACE: "Thank you for telling us about [problem]. Your number is {number}. It is due by {date}.",
    Key.FILED_SHORT: "Thank you. Your number is {number}. It is due by {date}.",
    Key.ASK_PLACE: "We heard about [problem]. Where is it?",
    Key.ASK_BLOCK: "We heard about [problem]. Which block is it on?",
    Key.ASK_ADDRESS: "We heard about [problem]. What is the address?",
    Key.ASK_ADDRESS_PRIVATE: "We heard about [problem]. What is the address? Send it in a private message.",
    Key.ASK_CROSS_STREET: "You wrote: [place]. Which cross street?",
    Key.ASK_WHICH: "We heard about [problem]. Which one is it: [first] or [second]?",
    Key.ASK_SERVICE: "What is the problem?",
    Key.STATUS_KNOWN: "[problem] is open. Its number is {number}. It is due by {date}.",
    Key.STATUS_CLOSED: "[problem] is closed. Its number is {number}. Is it fixed?",
    Key.STATUS_UNKNOWN: "What is your number?",
    Key.QUESTION_RECEIVED: "Thank you for the question.",
    Key.PRAISE_THANKS: "Thank you for writing.",
    Key.COMPLAINT_HEARD: "We are sorry.",
    Key.EMERGENCY_911: "Call 911 now.",
}


def find_phone(text: str) -> Sequence[object]:
    return re.findall(r"\d{3}-\d{4}", text)


def templates() -> list[ReplyTemplate]:
    english = [
        ReplyTemplate(key=key.value, language="en", body=body, checked_by_speaker=True) for key, body in ENGLISH.items()
    ]
    spanish = {Key.FILED: "Anotamos [problem] en [place]. Su número es {number}.", Key.EMERGENCY_911: "Llame al 911."}
    persian = {Key.FILED: "یادداشت کردیم: [problem]، [place]. شماره: {number}."}
    chinese = {Key.FILED: "已记下：[problem]（[place]）。编号：{number}。", Key.GREETING: "[name]，您好。"}
    return english + [
        ReplyTemplate(key=key.value, language=language, body=body)
        for language, bodies in (("es", spanish), ("fa", persian), ("zh-Hans", chinese))
        for key, body in bodies.items()
    ]


REPORT = ReplyContext(
    intent=Intent.SERVICE_REQUEST,
    language="en",
    channel=Channel.X,
    templates=TemplateBook(templates()),
    length=len,
    limit=280,
    find_private=find_phone,
    service=POTHOLE,
    place="S 9th St & Cambria St",
)


def drafted(context: ReplyContext) -> str:
    draft = draft_reply(context)
    assert draft is not None
    return draft.text


def key_of(context: ReplyContext) -> str:
    draft = draft_reply(context)
    assert draft is not None
    return draft.template_key


def test_a_full_report_is_answered_with_problem_place_and_open_slots() -> None:
    draft = draft_reply(REPORT)
    assert draft is not None
    assert draft.text == (
        "Thank you for telling us about the pothole at S 9th St & Cambria St. "
        "Your number is {number}. It is due by {date}."
    )
    assert (draft.language, draft.template_key, draft.template_version) == ("en", "filed", 1)
    assert draft.purpose is Purpose.ACKNOWLEDGE


def test_chatter_gets_no_reply() -> None:
    assert draft_reply(replace(REPORT, intent=Intent.CHATTER)) is None


@pytest.mark.parametrize(
    ("intent", "key"),
    [
        (Intent.QUESTION, Key.QUESTION_RECEIVED),
        (Intent.PRAISE, Key.PRAISE_THANKS),
        (Intent.COMPLAINT, Key.COMPLAINT_HEARD),
        (Intent.STATUS_ENQUIRY, Key.STATUS_UNKNOWN),
        (Intent.EMERGENCY, Key.EMERGENCY_911),
        (None, Key.ASK_SERVICE),
    ],
)
def test_every_intent_has_its_wording(intent: Intent | None, key: Key) -> None:
    assert key_of(replace(REPORT, intent=intent)) == key


@pytest.mark.parametrize("intent", list(Intent))
def test_danger_comes_before_every_intent(intent: Intent) -> None:
    assert drafted(replace(REPORT, intent=intent, danger=True, name="Rosa")) == "Call 911 now."


def test_911_is_said_in_english_where_no_speaker_has_checked_the_language() -> None:
    draft = draft_reply(replace(REPORT, language="es", danger=True))
    assert draft is not None
    assert (draft.language, draft.text) == ("en", "Call 911 now.")


def test_911_is_said_in_the_residents_language_once_a_speaker_has_checked_it() -> None:
    checked = ReplyTemplate(key="emergency_911", language="es", version=2, body="Llame ya.", checked_by_speaker=True)
    draft = draft_reply(replace(REPORT, language="es", danger=True, templates=TemplateBook([*templates(), checked])))
    assert draft is not None
    assert (draft.language, draft.text, draft.template_version) == ("es", "Llame ya.", 2)


def test_one_question_at_a_time_and_the_problem_first() -> None:
    everything = [Missing.CROSS_STREET, Missing.PLACE, Missing.SERVICE]
    assert key_of(replace(REPORT, missing=everything)) == Key.ASK_SERVICE
    assert key_of(replace(REPORT, missing=everything[:2])) == Key.ASK_PLACE
    assert key_of(replace(REPORT, missing=everything[:1])) == Key.ASK_CROSS_STREET


def test_an_unsure_service_is_asked_for() -> None:
    assert key_of(replace(REPORT, service=None)) == Key.ASK_SERVICE


def test_a_home_address_is_never_asked_for_in_public() -> None:
    trash = replace(REPORT, service=MISSED_TRASH, place="", missing=["place"])
    assert key_of(trash) == Key.ASK_BLOCK
    assert key_of(replace(trash, hears_private=True)) == Key.ASK_ADDRESS_PRIVATE
    assert key_of(replace(trash, channel=Channel.TELEGRAM)) == Key.ASK_ADDRESS


def test_a_block_is_enough_in_public_where_the_house_number_could_only_be_asked_for_in_private() -> None:
    trash = replace(REPORT, service=MISSED_TRASH, place="1200 block of Arch St", missing=["house_number"])
    assert key_of(trash) == Key.FILED
    assert key_of(replace(trash, hears_private=True)) == Key.ASK_ADDRESS_PRIVATE
    assert key_of(replace(trash, channel=Channel.TELEGRAM)) == Key.ASK_ADDRESS


def test_a_street_without_a_corner_is_asked_about_by_corner_in_public_even_for_an_address() -> None:
    trash = replace(REPORT, service=MISSED_TRASH, place="Arch St", missing=["cross_street"])
    assert key_of(trash) == Key.ASK_CROSS_STREET
    assert key_of(replace(trash, place="")) == Key.ASK_BLOCK
    assert key_of(replace(trash, channel=Channel.TELEGRAM)) == Key.ASK_ADDRESS


def test_a_cross_street_is_asked_for_by_naming_the_street_we_understood() -> None:
    context = replace(REPORT, place="S 9th St", missing=["cross_street"])
    assert drafted(context) == "You wrote: S 9th St. Which cross street?"
    assert key_of(replace(context, place="")) == Key.ASK_PLACE


def test_of_two_places_it_may_be_the_resident_is_asked_which() -> None:
    context = replace(REPORT, place="5th St", missing=["which_place"], choices=("500 N 5th St", "500 S 5th St"))
    assert drafted(context) == "We heard about the pothole. Which one is it: 500 N 5th St or 500 S 5th St?"


def test_of_more_than_two_places_none_is_named_and_the_corner_is_asked_for() -> None:
    names = [f"Washington St, {area}" for area in ("Downtown", "Dorchester", "Brighton")]
    context = replace(REPORT, place="Washington St", missing=["which_place"], choices=names)
    assert drafted(context) == "You wrote: Washington St. Which cross street?"


def test_two_homes_are_never_named_to_choose_from_in_public() -> None:
    homes = ("512 N 5th St", "512 S 5th St")
    trash = replace(REPORT, service=MISSED_TRASH, place="5th St", missing=["which_place"], choices=homes)
    assert "512" not in drafted(trash)
    assert drafted(trash) == (
        "We heard about the missed collection. Which one is it: the 500 block of N 5th St or the 500 block of S 5th St?"
    )
    assert "512 N 5th St or 512 S 5th St" in drafted(replace(trash, channel=Channel.TELEGRAM))


def test_an_enquiry_about_a_known_request_says_where_it_stands() -> None:
    enquiry = replace(REPORT, intent=Intent.STATUS_ENQUIRY, service=None, known_request=KnownRequest(POTHOLE))
    draft = draft_reply(enquiry)
    assert draft is not None
    assert draft.text == "the pothole is open. Its number is {number}. It is due by {date}."
    assert draft.purpose is Purpose.STATUS


def test_a_date_that_is_over_is_not_said_again() -> None:
    known = KnownRequest(POTHOLE, date_passed=True)
    enquiry = replace(REPORT, intent=Intent.STATUS_ENQUIRY, known_request=known)
    assert drafted(enquiry) == "the pothole is open. Its number is {number}."


def test_a_closed_request_is_asked_about() -> None:
    known = KnownRequest(POTHOLE, closed=True)
    assert key_of(replace(REPORT, intent=Intent.STATUS_ENQUIRY, known_request=known)) == Key.STATUS_CLOSED


def test_a_new_report_is_not_mixed_up_with_an_earlier_request() -> None:
    assert "the missed collection" in drafted(
        replace(REPORT, service=MISSED_TRASH, known_request=KnownRequest(POTHOLE), channel=Channel.TELEGRAM)
    )


@pytest.mark.parametrize(
    ("language", "answered"),
    [("en", "en"), ("es", "es"), ("es-MX", "es"), ("zh-CN", "zh-Hans"), ("zh", "zh-Hans"), ("de", "en"), ("und", "en")],
)
def test_the_reply_is_in_the_residents_language_or_else_in_english(language: str, answered: str) -> None:
    draft = draft_reply(replace(REPORT, language=language))
    assert draft is not None
    assert draft.language == answered


@pytest.mark.parametrize(("tag", "script"), [("zh-TW", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hant-US", "zh-Hant")])
def test_a_chinese_region_names_its_script(tag: str, script: str) -> None:
    assert language_of_reply(tag, ["en", "zh-Hans", "zh-Hant"]) == script


def test_a_wording_a_language_lacks_is_said_in_english() -> None:
    draft = draft_reply(replace(REPORT, language="es", missing=["place"]))
    assert draft is not None
    assert (draft.language, draft.text) == ("en", "We heard about the pothole. Where is it?")


def test_a_problem_without_a_name_in_the_language_is_named_in_english() -> None:
    assert "the missed collection" in drafted(replace(REPORT, language="es", service=MISSED_TRASH))


def test_the_newest_active_version_of_a_wording_is_used() -> None:
    newer = ReplyTemplate(key="praise_thanks", language="en", version=3, body="Kind of you.")
    off = ReplyTemplate(key="praise_thanks", language="en", version=4, body="Gone.", active=False)
    draft = draft_reply(replace(REPORT, intent=Intent.PRAISE, templates=TemplateBook([off, newer, *templates()])))
    assert draft is not None
    assert (draft.text, draft.template_version) == ("Kind of you.", 3)


def test_a_desk_without_the_wording_is_told_which_one() -> None:
    with pytest.raises(WordingError, match="'filed'"):
        draft_reply(replace(REPORT, templates=TemplateBook([])))


def test_a_wording_that_asks_for_words_we_do_not_have_is_named() -> None:
    odd = ReplyTemplate(key="praise_thanks", language="en", version=2, body="Thank you at [place].")
    with pytest.raises(WordingError, match="'praise_thanks'"):
        draft_reply(replace(REPORT, intent=Intent.PRAISE, place="", templates=TemplateBook([odd])))


def test_a_reply_that_is_too_long_loses_the_place_then_the_name_then_the_problem() -> None:
    said, limit = [], 280
    for _ in range(4):
        said.append(drafted(replace(REPORT, name="Rosa", limit=limit)))
        limit = len(widest(said[-1], "en")) - 1
    thanks, number = "Thank you for telling us about the pothole", "Your number is {number}. It is due by {date}."
    assert said == [
        f"Hi Rosa. {thanks} at S 9th St & Cambria St. {number}",
        f"Hi Rosa. {thanks}. {number}",
        f"{thanks}. {number}",
        f"Thank you. {number}",
    ]


def test_the_length_is_judged_with_the_slots_at_their_widest() -> None:
    text = drafted(REPORT)
    exact = len(text) - len("{number}{date}") + 16 + len("Wednesday, Mar 22")
    assert key_of(replace(REPORT, limit=exact)) == Key.FILED
    assert key_of(replace(REPORT, limit=exact - 1)) == Key.FILED_NO_PLACE


def test_where_nothing_fits_the_shortest_is_left_for_a_person_to_cut() -> None:
    assert key_of(replace(REPORT, limit=5)) == Key.FILED_SHORT


def test_a_place_with_a_private_detail_is_not_repeated_in_public() -> None:
    context = replace(REPORT, place="9th St, call 555-0134")
    assert key_of(context) == Key.FILED_NO_PLACE
    assert "555-0134" in drafted(replace(context, channel=Channel.TELEGRAM))


def test_a_home_is_named_by_its_block_in_public_and_in_full_in_private() -> None:
    trash = replace(REPORT, service=MISSED_TRASH, place="1234 S 9th St")
    assert "at the 1200 block of S 9th St." in drafted(trash)
    assert "at 1234 S 9th St." in drafted(replace(trash, channel=Channel.TELEGRAM))


def test_the_house_in_front_of_a_pothole_may_be_named() -> None:
    assert "at 1234 S 9th St." in drafted(replace(REPORT, place="1234 S 9th St"))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("1234 S 9th St", "1200 block of S 9th St"),
        ("1234B 9th St", "1200 block of 9th St"),
        ("1234-36 Arch St", "1200 block of Arch St"),
        ("1234 1/2 Arch St", "1200 block of Arch St"),
        ("1234 Arch St, Apt 5", "1200 block of Arch St"),
        ("1234 Arch St apt 5", "1200 block of Arch St"),
        ("1234 Arch St #5", "1200 block of Arch St"),
        ("1234 Arch St 2nd floor", "1200 block of Arch St"),
        ("42 Arch St", "Arch St"),
        ("1200 block of Arch St", "1200 block of Arch St"),
        ("1200-1299 block of Arch St", "1200-1299 block of Arch St"),
        ("S 9th St & Cambria St", "S 9th St & Cambria St"),
        ("City Hall", "City Hall"),
        ("behind 1234 Arch St", ""),
        ("Arch St 1234", ""),
        ("1234 block of Arch St", ""),
        ("1234", ""),
    ],
)
def test_a_house_number_never_survives(place: str, said: str) -> None:
    assert block_of(place) == said


@given(st.text(alphabet="0123456789 -#&,aptAPTbNSW½/", max_size=30))
def test_no_number_of_a_home_survives_but_a_block_or_a_numbered_street(place: str) -> None:
    said = block_of(place)
    known = re.sub(r"\d+(?:st|nd|rd|th)\b|\d+00(?:\s*-\s*\d+)?\s+(?:block|blk)\b", "", said, flags=re.IGNORECASE)
    assert not re.search(r"\d", known)


@pytest.mark.parametrize(
    "place", ["5th @PhillyMayor", "see http://example.org", "www.example.org", "my shop.com", "#CleanUp corner"]
)
def test_a_place_that_reaches_out_to_others_is_not_repeated(place: str) -> None:
    assert key_of(replace(REPORT, place=place, channel=Channel.TELEGRAM)) == Key.FILED_NO_PLACE


def test_a_place_keeps_no_line_breaks_outcry_or_stray_full_stop() -> None:
    assert "at K & A by the El. Your" in drafted(replace(REPORT, place=" K & A\nby the El!!! ."))


def test_a_latin_address_keeps_its_order_inside_persian() -> None:
    mark = LEFT_TO_RIGHT_MARK
    assert f"{mark}1200 block of Arch St{mark}" in drafted(
        replace(REPORT, language="fa", place="1200 block of Arch St")
    )


def test_a_chinese_greeting_takes_no_space() -> None:
    assert drafted(replace(REPORT, language="zh-Hans", name="Rosa")).startswith("Rosa，您好。已记下")


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        ("Rosa", "Rosa"),
        ("Rosa Martínez", "Rosa"),
        ("Jean-Luc P", "Jean-Luc"),
        ("D’Angelo", "D’Angelo"),
        ("রহিম", "রহিম"),
        ("", ""),
        ("dee_fromthe215", ""),
        ("dee", ""),
        ("ANGRY TAXPAYER", ""),
        ("The Real Philly", ""),
        ("Mr. Kim", ""),
        ("B", ""),
        ("{number}", ""),
        ("Bob!", ""),
        ("A" + "b" * 20, ""),
    ],
)
def test_only_what_looks_like_a_first_name_is_greeted(name: str, greeted: str) -> None:
    assert first_name(name, "en", public=True, find_private=find_phone) == greeted


def test_a_full_name_is_not_cut_where_the_family_name_comes_first() -> None:
    assert first_name("Nguyễn An", "vi", public=False, find_private=find_phone) == ""
    assert first_name("An", "vi", public=False, find_private=find_phone) == "An"


def test_a_name_beside_a_private_detail_is_not_greeted_in_public() -> None:
    assert first_name("Rosa 555-0134", "en", public=True, find_private=find_phone) == ""
    assert first_name("Rosa 555-0134", "en", public=False, find_private=find_phone) == "Rosa"


@given(
    place=st.text(max_size=70) | st.sampled_from(["{date}", "[place] {number}", "a } b", "{{x}}", "]["]),
    name=st.text(max_size=30),
    language=st.sampled_from(["en", "es", "fa", "zh-Hans", "xx"]),
    channel=st.sampled_from(list(Channel)),
    service=st.sampled_from([POTHOLE, MISSED_TRASH]),
)
def test_whatever_a_resident_wrote_the_draft_can_be_approved(
    place: str, name: str, language: str, channel: Channel, service: Service
) -> None:
    context = replace(REPORT, place=place, name=name, language=language, channel=channel, service=service)
    draft = draft_reply(context)
    assert draft is not None
    assert "number" in slots(draft.text)
    assert "{" not in freeze(draft.text, draft.language, "H-2").without_answer
