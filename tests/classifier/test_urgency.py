"""What is danger and what only sounds like it. `dangers.toml` is the specification (domain.md, section 5.3)."""

import pytest

from classifier.lexicons import lexicon_names, read_lexicon
from classifier.urgency import NOT_NOW_ENDING
from models import EvidenceKind, Intent
from tests.classifier.conftest import Understand
from tests.classifier.dangers import DAILY_BUSINESS, DANGER, DANGER_BY_FAMILY, HARMLESS, PAST_OR_DENIED


@pytest.mark.parametrize(("family", "text"), DANGER_BY_FAMILY)
def test_danger_raises_the_alarm_of_its_family(understand: Understand, family: str, text: str) -> None:
    understood = understand(text)
    rules = {one.rule.split(":")[0] for one in understood.evidence if one.kind is EvidenceKind.DANGER}
    assert understood.danger
    assert family in rules


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_seen_in_any_words(understand: Understand, text: str) -> None:
    assert understand(text).danger


@pytest.mark.parametrize("text", HARMLESS + DAILY_BUSINESS)
def test_what_is_no_danger_raises_no_alarm(understand: Understand, text: str) -> None:
    assert understand(text).danger_rule == ""


@pytest.mark.parametrize(("family", "text"), PAST_OR_DENIED)
def test_past_or_denied_danger_is_still_shown_to_a_person_under_its_own_rule_name(
    understand: Understand, family: str, text: str
) -> None:
    understood = understand(text)
    assert understood.danger
    assert understood.danger_rule == family + NOT_NOW_ENDING


def test_danger_now_outranks_danger_that_is_over(understand: Understand) -> None:
    text = (
        "There was a fire last month. " + "And so on and on and on, we all know that by now. " * 3 + "Now I smell gas."
    )
    assert understand(text).danger_rule == "gas"


def test_a_second_mention_of_the_same_danger_counts_for_itself(understand: Understand) -> None:
    text = "No fire here yesterday. " + "And so on and on and on, we all know that by now. " * 3 + "Now a fire, please!"
    assert understand(text).danger_rule == "fire"


def test_a_laugh_beside_danger_leaves_it_to_a_person(understand: Understand) -> None:
    understood = understand("lol there is a man with a gun outside")
    assert understood.danger
    assert understood.danger_rule == "violence" + NOT_NOW_ENDING


def test_danger_that_is_happening_makes_the_post_an_emergency(understand: Understand) -> None:
    assert understand("my house is on fire").intent is Intent.EMERGENCY


def test_the_words_of_danger_are_underlined(understand: Understand) -> None:
    text = "Hey, I smell gas near 9th and Christian"
    shown = {text[one.start : one.end] for one in understand(text).evidence if one.kind is EvidenceKind.DANGER}
    assert shown == {"smell gas"}


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("fire", "people talk of fire somewhere on Ninth"),
        ("collapse", "that maple behind the library is about to fall"),
        ("help", "emergency on Ninth"),
    ],
)
def test_a_word_that_only_may_mean_danger_is_shown_as_unsure(understand: Understand, family: str, text: str) -> None:
    assert understand(text).danger_rule == family + NOT_NOW_ENDING


@pytest.mark.parametrize(
    "text",
    [
        "a girl is on the wrong side of the bridge railing crying",
        "my uncle swallowed a whole bottle of pills",
        "his lips are blue and I cannot wake him",
        "hombre parado en la orilla del puente, dice que va a saltar",
        "有人站在天台边上要跳",
        "一個阿婆跌咗落沙井，叫唔應",
        "ông bác bị điện giật nằm bất tỉnh",
        "рабочего засыпало в траншее",
        "дитина провалилась під кригу",
        "رجل وقع في البئر ولا يتحرك",
        "yon timoun tonbe nan yon pi",
        "l'eau monte jusqu'à la poitrine dans la cave",
        "meu avô caiu do telhado e não se mexe",
        "작업자가 벽에 깔렸어요",
        "មានម្នាក់ចង់លោតស្ពាន",
        "هلک د جهیل پر یخ ولوېد",
        "یه خانم لبه پل وایساده میگه می‌پرم",
        "ব্রিজের রেলিংয়ে দাঁড়িয়ে একজন লাফ দিবে বলছে",
    ],
)
def test_danger_is_seen_in_what_people_describe_rather_than_name(understand: Understand, text: str) -> None:
    assert understand(text).danger


@pytest.mark.parametrize(
    "text",
    [
        "suicide squeeze in the ninth, what a finish",
        "la renta me va a matar",
        "on se noie dans la paperasse",
        "я тону в бумагах",
        "quel film, que des explosions",
        "조용한 불금 되세요",
    ],
)
def test_a_joke_does_not_page_anybody_as_certain(understand: Understand, text: str) -> None:
    rule = understand(text).danger_rule
    assert rule == "" or rule.endswith(NOT_NOW_ENDING)


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("piece", ["fire ", "a man with a gun ", "help me ", "water rising ", "不", "(", "'", "a@"])
def test_a_hundred_kilobytes_of_hostile_text_run_wild_in_no_pattern(understand: Understand, piece: str) -> None:
    text = piece * (100_000 // len(piece))
    assert all(one.end <= len(text) for one in understand(text).evidence)


@pytest.mark.parametrize("name", lexicon_names("danger"))
def test_every_language_knows_the_families_of_danger(name: str) -> None:
    families = {"fire", "explosion", "gas", "wires", "violence", "medical", "crash", "collapse", "sinkhole", "trapped"}
    assert families | {"flood", "suicide", "carbon_monoxide", "harmless", "not_now"} <= read_lexicon(name).keys()
