"""The files a city starts with: every service, and every wording in every language, fit to be sent."""

import re
from datetime import date, timedelta

import pytest
from twitter_text import parse_tweet

from classifier.lexicons import read_lexicon
from hark311.console.said_when import OUTCOME, SAID_WHEN
from hark311.starter import (
    StarterError,
    load_key_rules,
    load_referrals,
    load_services,
    load_templates,
    parse_referrals,
    parse_services,
    parse_templates,
)
from models import CHANNELS, Need, ReplyTemplate, Service
from responders.drafting import NAMES, SLOTS, Key
from responders.registry import length_of
from responders.wording import (
    LEFT_TO_RIGHT_MARK,
    RIGHT_TO_LEFT,
    date_words,
    fill,
    filled,
    freeze,
    placeholders,
    sentences,
    slots,
    widest,
    without_date_sentence,
)
from responders.wordings import OUTCOMES, SHORTER, SIGN_OFF_ROOM, WIDEST_PLACE, Outcome, filled_widest, fits_of

LANGUAGES = ("en", "es", "zh-Hans", "zh-Hant", "vi", "ru", "uk", "ar", "ht", "fr", "pt", "ko", "km", "ps", "fa", "bn")
SERVICES = load_services()
TEMPLATES = load_templates()


def weight(text: str) -> int:
    """The length as X counts it."""
    length: int = parse_tweet(text).weightedLength
    return length


def texts_in(language: str) -> list[ReplyTemplate]:
    return [one for one in TEMPLATES if one.language == language]


def test_the_longest_place_is_as_long_as_promised() -> None:
    assert len(WIDEST_PLACE) == 60


def test_all_services_are_there_once() -> None:
    codes = [service.service_code for service in SERVICES]
    assert len(codes) == len(set(codes)) == 32
    assert {"POTHOLE", "MISSED_TRASH", "UTILITY", "OTHER"} <= set(codes)


def test_a_crew_is_told_a_point_for_a_pothole_and_an_address_for_a_missed_collection() -> None:
    needs = {service.service_code: service.needs for service in SERVICES}
    assert needs["POTHOLE"] is needs["STREET_LIGHT"] is needs["TRAFFIC_SIGNAL"] is Need.POINT
    assert needs["MISSED_TRASH"] is needs["PROPERTY_CODE"] is Need.ADDRESS
    assert needs["OTHER"] is Need.NOTHING


@pytest.mark.parametrize("service", SERVICES, ids=[service.service_code for service in SERVICES])
def test_a_service_has_a_plain_name_in_every_language_and_words_about_itself(service: Service) -> None:
    assert set(service.plain_names) == set(LANGUAGES)
    assert service.service_name
    assert service.description.endswith(".")
    assert service.group
    assert len(service.keywords.split(", ")) >= 3
    assert service.service_name != service.service_code


def test_no_two_services_have_the_same_name_in_a_language() -> None:
    for language in LANGUAGES:
        names = [service.plain_names[language] for service in SERVICES]
        assert len(set(names)) == len(names), language


def test_every_language_has_every_wording_once() -> None:
    assert {(template.language, template.key) for template in TEMPLATES} == {
        (language, key.value) for language in LANGUAGES for key in Key
    }
    assert len(TEMPLATES) == len(LANGUAGES) * len(Key)
    assert all(template.version == 1 and template.active for template in TEMPLATES)


def test_only_english_counts_as_checked_by_a_speaker() -> None:
    assert {template.language for template in TEMPLATES if template.checked_by_speaker} == {"en"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wording_is_plain_and_holds_only_what_its_key_allows(language: str) -> None:
    for one in texts_in(language):
        assert slots(one.body) == SLOTS[Key(one.key)], one.key
        assert placeholders(one.body) == NAMES[Key(one.key)], one.key
        assert not re.search(r"[!！]|oops|http|www\.|\w@|@\w", one.body, re.IGNORECASE), one.key
        assert not re.search(r"[\U0001F000-\U0001FAFF\u2600-\u27BF]", one.body), f"emoji: {one.key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_wording_fits_every_channel_at_its_widest_with_a_sign_off(language: str) -> None:
    for one in texts_in(language):
        fits = fits_of(one.body, language, SERVICES, length_of)
        assert [fit.channel for fit in fits] == [one for one, facts in CHANNELS.items() if facts.speaks]
        assert [fit for fit in fits if not fit.fits] == [], one.key
        widest_on_x = filled_widest(one.body, language, SERVICES, weight)
        assert fits[0].length == weight(widest_on_x) + SIGN_OFF_ROOM
        assert not re.search(r"\[[a-z]+\]|[{}]", widest_on_x), one.key


def test_what_is_said_instead_of_a_long_wording_is_shorter_in_every_language() -> None:
    bodies = {(one.key, one.language): one for one in TEMPLATES}
    for longer, shorter in SHORTER.items():
        for language in LANGUAGES:
            long, short = (bodies[key.value, language].body for key in (longer, shorter))
            measured = [weight(filled_widest(body, language, SERVICES, weight)) for body in (long, short)]
            assert measured[1] < measured[0], (longer, language)


def test_every_wording_has_one_place_on_the_desk_and_a_sentence_when_it_is_said() -> None:
    assert sorted(key for keys in OUTCOMES.values() for key in keys) == sorted(Key)
    assert set(SAID_WHEN) == set(Key)
    assert set(OUTCOME) == set(Outcome)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wording_reads_on_when_the_city_gives_no_answer(language: str) -> None:
    for one in texts_in(language):
        text = filled(one.body, dict.fromkeys(NAMES[Key(one.key)], "X"))
        frozen = freeze(text, language, "H-7QK4M2XD")
        assert ("H-7QK4M2XD" in frozen.without_answer) == ("number" in SLOTS[Key(one.key)]), one.key
        if "date" in SLOTS[Key(one.key)]:
            dated = [sentence for sentence in sentences(text) if "{date}" in sentence]
            assert len(dated) == 1
            assert len(dated[0]) < len(text) * 2 / 3, f"the date sentence has swallowed its neighbours: {one.key}"
            assert without_date_sentence(text) == text.replace(dated[0], "").strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_filled_is_heavier_on_x_than_the_widest(language: str) -> None:
    filed = next(one for one in TEMPLATES if (one.language, one.key) == (language, "filed"))
    text = filled(filed.body, {"problem": "p", "place": "q"})
    heaviest = weight(widest(text, language))
    for day in range(0, 366, 5):
        said = date(2027, 1, 1) + timedelta(days=day)
        sent = fill(text, language, "H-7QK4M2XD", said)
        assert date_words(said, language) in sent
        assert weight(sent) <= heaviest


@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_a_command_keeps_its_slash_in_front_inside_a_text_from_right_to_left(language: str) -> None:
    found = [sign for one in texts_in(language) for sign in re.findall(r"(.)/[a-z]", one.body)]
    assert len(found) == 6
    assert set(found) == {LEFT_TO_RIGHT_MARK}


def test_911_comes_before_988_in_every_language() -> None:
    for template in TEMPLATES:
        if template.key == Key.EMERGENCY_911:
            assert 0 < template.body.index("911") < template.body.index("988")


GOOD_SERVICE = """
[[service]]
service_code = "POTHOLE"
service_name = "Pothole"
group = "Streets"
needs = "point"
description = "A hole."
keywords = "hole"
plain_names = {en = "the pothole"}
"""


def test_a_good_service_file_is_read() -> None:
    (service,) = parse_services(GOOD_SERVICE, "ours.toml")
    assert (service.service_code, service.needs, service.plain_names) == ("POTHOLE", Need.POINT, {"en": "the pothole"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"ours\.toml: there is no \[\[service\]\]"),
        ("service = 3", r"ours\.toml: there is no \[\[service\]\]"),
        ("service = [", r"ours\.toml: this is not TOML"),
        (GOOD_SERVICE * 2, r"ours\.toml: service 2 \(POTHOLE\): the code is listed twice"),
        (GOOD_SERVICE.replace('"point"', '"spot"'), r"ours\.toml: service 1 \(POTHOLE\): needs: "),
        (GOOD_SERVICE.replace("keywords", "keyword"), r"ours\.toml: service 1 \(POTHOLE\): .*keyword: Extra inputs"),
        (GOOD_SERVICE.replace("en =", "es ="), r"ours\.toml: service 1 \(POTHOLE\): plain_names: .*no English name"),
        (GOOD_SERVICE.replace("the pothole", "{number}"), r"ours\.toml: service 1 .*plain_names: .*brackets"),
        (GOOD_SERVICE.replace("POTHOLE", "pot hole"), r"ours\.toml: service 1 \(pot hole\): service_code: "),
        (GOOD_SERVICE.replace('"A hole."', '" "'), r"ours\.toml: service 1 \(POTHOLE\): description: "),
        ("[[service]]\nneeds = 'point'", r"ours\.toml: service 1 \(no code\): service_code: Field required"),
    ],
)
def test_a_broken_service_file_names_file_and_entry(text: str, complaint: str) -> None:
    with pytest.raises(StarterError, match=complaint):
        parse_services(text, "ours.toml")


def template_file(**changed: str) -> str:
    bodies = {one.key: one.body for one in TEMPLATES if one.language == "en"} | changed
    texts = "\n".join(f'{key} = "{body}"' for key, body in bodies.items() if body)
    return f'language = "en"\nchecked_by_speaker = false\n[texts]\n{texts}\n'


def test_a_good_template_file_is_read() -> None:
    read = parse_templates(template_file(ask_service="What is it?"), "en.toml")
    assert {one.key: one.body for one in read}["ask_service"] == "What is it?"
    assert not any(one.checked_by_speaker for one in read)


@pytest.mark.parametrize(
    ("text", "file_name", "complaint"),
    [
        (template_file(), "es.toml", r"es\.toml: language is 'en'"),
        (template_file(stop_done=""), "en.toml", r"en\.toml: no wording for stop_done"),
        (template_file(new_key="Hello."), "en.toml", r"en\.toml: the file: texts\.new_key"),
        (template_file(ask_service="Say {what}."), "en.toml", r"en\.toml: ask_service: \{what\} is no slot"),
        (template_file(ask_service="By {date}."), "en.toml", r"en\.toml: ask_service: Leave out \{date\}"),
        (template_file(filed_short="Thanks. It is {number}."), "en.toml", r"en\.toml: filed_short: has no \{date\}"),
        (template_file(greeting="Hi."), "en.toml", r"en\.toml: greeting: Keep \[name\]"),
        (template_file(ask_service="What [now]?"), "en.toml", r"en\.toml: ask_service: A square bracket"),
        (
            template_file(filed="[problem] at [place]: {number} by {date}."),
            "en.toml",
            r"en\.toml: filed: .*sentence of its own",
        ),
        ("language = 3", "en.toml", r"en\.toml: the file: language"),
        ("language", "en.toml", r"en\.toml: this is not TOML"),
    ],
)
def test_a_broken_template_file_names_file_and_entry(text: str, file_name: str, complaint: str) -> None:
    with pytest.raises(StarterError, match=complaint):
        parse_templates(text, file_name)


def test_every_kind_of_danger_has_a_number_that_nobody_claims_to_have_checked() -> None:
    referrals = load_referrals()
    kinds = {kind for kind in read_lexicon("danger_en") if kind not in ("harmless", "not_now")}
    assert {one.danger for one in referrals} >= kinds
    assert len({one.danger for one in referrals}) == len(referrals) == 17
    for one in referrals:
        assert re.fullmatch(r"911|988|\d{3}-\d{3}-\d{4}", one.number), one.danger
        assert one.call
        assert one.checked_on is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no \\[\\[referral"),
        ('[[referral]]\ndanger = "gas"\ncall = "A"', "referral 1 \\(gas\\): number"),
        ('[[referral]]\ndanger = "Gas leak"\ncall = "A"\nnumber = "1"', "danger"),
        ('[[referral]]\ndanger = "gas"\ncall = "A"\nnumber = "1"\n' * 2, "listed twice"),
    ],
)
def test_a_referral_that_cannot_be_used_is_named(text: str, why: str) -> None:
    with pytest.raises(StarterError, match=why):
        parse_referrals(text, "referrals.toml")


def test_the_rules_for_two_keys_ask_for_two_and_leave_emergencies_to_one() -> None:
    rules = {rule.starter: rule for rule in load_key_rules()}
    assert {name: rule.active for name, rule in rules.items()} == {
        "risk_words": True,
        "unread_language": True,
        "emergency": False,
    }
    assert all(rule.keys == 2 for rule in rules.values())
    assert len(rules["risk_words"].wanted) == len(set(rules["risk_words"].wanted))
