"""Which category a text is put into, when the classifier abstains, and the words it shows for it."""

import pytest

from classifier.rules import BARS, RuleClassifier
from classifier.services import ServiceMap
from classifier.taxonomy import services_of_taxonomy
from classifier.words import read_words
from models import EvidenceKind, Service
from tests.classifier.conftest import Understand

TEXTS = [
    ("POTHOLE", "huge pothole on Maple, lost a tire"),
    ("POTHOLE", "#pothole at 5th"),
    ("STREET_LIGHT", "street light out for three weeks, pitch black"),
    ("TRAFFIC_SIGNAL", "the traffic light is stuck on red"),
    ("SIGN_MARKING", "stop sign knocked down at 3rd and Pine"),
    ("TRAFFIC_SAFETY", "cars speeding down our block all day, we need speed bumps"),
    ("SIDEWALK", "sidewalk is cracked and lifted, trip hazard"),
    ("ROW_BLOCKED", "orange cones saving a parking spot"),
    ("GRAFFITI", "graffiti all over the underpass"),
    ("ILLEGAL_DUMPING", "someone dumped a mattress and tires in the alley"),
    ("MISSED_TRASH", "my recycling was not picked up this week"),
    ("TRASH_CART", "I need a new recycling bin, the lid is broken"),
    ("LITTER", "litter and broken glass everywhere"),
    ("ABANDONED_VEHICLE", "abandoned van, no plates, hasn't moved in a month"),
    ("PARKING", "truck parked illegally, blocking my driveway"),
    ("TREE", "a big tree limb is about to come down"),
    ("OVERGROWTH", "weeds and high grass in the vacant lot"),
    ("WATER", "water main leaking on Locust"),
    ("SEWER_DRAIN", "storm drain clogged, street floods when it rains"),
    ("VACANT_BUILDING", "abandoned house wide open, squatters inside"),
    ("PROPERTY_CODE", "landlord left us with no heat"),
    ("RODENT_PEST", "rats everywhere behind the diner"),
    ("DEAD_ANIMAL", "dead raccoon in the road"),
    ("ANIMAL", "stray dog running loose"),
    ("NOISE", "loud music from the bar until 3am"),
    ("SNOW_ICE", "our street was never plowed"),
    ("PARK", "swing broken at the playground"),
    ("ENCAMPMENT", "homeless encampment under the bridge"),
    ("POLICE", "drug dealing on the corner"),
    ("HEALTH_AIR", "restaurant with a filthy kitchen, food poisoning"),
    ("UTILITY", "power outage on our block"),
    ("TRANSIT", "bus never came, 40 minutes late"),
    ("OTHER", "question about my property tax bill"),
    ("POTHOLE", "hay un bache enorme en la calle"),
    ("MISSED_TRASH", "no recogieron la basura esta semana"),
    ("POTHOLE", "路上有个大坑"),
    ("STREET_LIGHT", "路灯不亮"),
    ("STREET_LIGHT", "路燈壞了"),
    ("MISSED_TRASH", "垃圾没有收"),
    ("POTHOLE", "có ổ gà lớn trên đường"),
    ("STREET_LIGHT", "đèn đường bị hỏng"),
    ("POTHOLE", "на дороге огромная яма"),
    ("MISSED_TRASH", "не вывезли мусор"),
    ("POTHOLE", "на дорозі велика яма"),
    ("POTHOLE", "هناك حفرة كبيرة في الشارع"),
    ("POTHOLE", "gen yon gwo twou nan lari a"),
    ("POTHOLE", "il y a un nid-de-poule dans la rue"),
    ("POTHOLE", "há um buraco enorme na rua"),
    ("STREET_LIGHT", "가로등이 고장났어요"),
    ("POTHOLE", "មានរណ្ដៅធំនៅលើផ្លូវ"),
    ("POTHOLE", "یک چاله بزرگ در خیابان است"),
    ("POTHOLE", "په سړک کې لویه کنده ده"),
    ("POTHOLE", "রাস্তায় বড় গর্ত"),
]


@pytest.mark.parametrize(("code", "text"), TEXTS)
def test_a_plain_report_gets_its_service(understand: Understand, code: str, text: str) -> None:
    understood = understand(text)
    guesses = [understood.service_code, *(guess.value for guess in understood.runners_up)]
    assert next(one for one in guesses if one) == code


@pytest.mark.parametrize(
    "text", ["hello there", "it is broken again", "please do something", "👍", "5th and Market", ""]
)
def test_too_little_evidence_is_no_guess(understand: Understand, text: str) -> None:
    understood = understand(text)
    assert understood.service_code is None
    assert understood.service_probability == 0.0


def test_two_equal_problems_in_one_post_are_left_to_a_person_with_both_as_guesses(understand: Understand) -> None:
    understood = understand("Two things on my block: graffiti, potholes")
    assert understood.abstained
    assert understood.service_code is None
    assert {guess.value for guess in understood.runners_up} >= {"GRAFFITI", "POTHOLE"}


def test_a_suggestion_is_sure_enough_and_clearly_first(understand: Understand) -> None:
    understood = understand("huge pothole on Maple, please fix")
    assert understood.service_probability >= BARS.service
    assert all(understood.service_probability - guess.probability >= BARS.lead for guess in understood.runners_up)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Huge pothole on Maple", {"pothole"}),
        ("the street light is out", {"street light"}),
        ("someone dumped a mattress", {"dumped", "mattress"}),
        ("路灯坏了", {"路灯"}),
    ],
)
def test_the_words_of_the_category_are_underlined(understand: Understand, text: str, words: set[str]) -> None:
    shown = {text[one.start : one.end] for one in understand(text).evidence if one.kind is EvidenceKind.CATEGORY}
    assert words <= shown


@pytest.mark.parametrize(
    "text", ["@potholepatrol hello", "https://example.org/pothole", "write to pothole@example.org"]
)
def test_names_and_addresses_are_no_cues(understand: Understand, text: str) -> None:
    assert understand(text).service_code is None
    assert understand(text).runners_up == ()


def test_a_citys_own_codes_are_found_by_name_and_keywords(classifier: RuleClassifier) -> None:
    city = [
        Service(service_code="SR-ST01", service_name="Street Defect", keywords="pothole, cave-in"),
        Service(service_code="SR-ST04", service_name="Street Light Outage"),
        Service(service_code="SR-CL01", service_name="Graffiti Removal"),
    ]
    codes = [one.service_code for one in classifier.classify(["big pothole, please fix", "graffiti on my wall"], city)]
    assert codes == ["SR-ST01", "SR-CL01"]


def test_services_that_share_a_category_share_its_probability(classifier: RuleClassifier) -> None:
    city = [
        Service(service_code="L1", service_name="Street light out"),
        Service(service_code="L2", service_name="Street light out in an alley"),
    ]
    (understood,) = classifier.classify(["the alley light is out, street light"], city)
    guesses = {understood.service_code: understood.service_probability}
    guesses |= {guess.value: guess.probability for guess in understood.runners_up}
    assert guesses["L2"] > guesses["L1"]
    assert sum(guesses.values()) < 1


def test_an_inactive_service_is_never_suggested(classifier: RuleClassifier) -> None:
    services = services_of_taxonomy()
    for service in services:
        service.active = service.service_code != "POTHOLE"
    (understood,) = classifier.classify(["huge pothole"], services)
    assert "POTHOLE" not in {understood.service_code, *(guess.value for guess in understood.runners_up)}


def test_a_service_that_speaks_of_nothing_we_know_is_never_suggested() -> None:
    offered = ServiceMap([Service(service_code="X", service_name="Xylophones")], lambda _: None)
    assert offered.guesses([], read_words("")) == []
