"""What a post wants."""

import pytest

from models import EvidenceKind, Intent
from tests.classifier.conftest import Understand

TEXTS = [
    (Intent.SERVICE_REQUEST, "There is a huge pothole at 5th and Market, please fix"),
    (Intent.SERVICE_REQUEST, "Graffiti on the wall at 1200 Pine St"),
    (Intent.SERVICE_REQUEST, "can someone please pick up the mattress on our corner"),
    (Intent.STATUS_ENQUIRY, "any update on case 12345678? It is still not fixed"),
    (Intent.STATUS_ENQUIRY, "I reported this three weeks ago and nothing has been done"),
    (Intent.STATUS_ENQUIRY, "why was my request closed without a fix?"),
    (Intent.QUESTION, "what time does the recycling center close?"),
    (Intent.QUESTION, "how do I get a new recycling bin?"),
    (Intent.QUESTION, "when is trash day for the 19147 zip?"),
    (Intent.COMPLAINT, "What a joke. Nobody cares, you never answer. Unacceptable service, shame on you"),
    (Intent.COMPLAINT, "fed up with 311, on hold for an hour, our tax dollars wasted"),
    (Intent.PRAISE, "Thank you so much for fixing the street light so fast, great job!"),
    (Intent.PRAISE, "kudos to the crew on 9th Street, well done"),
    (Intent.EMERGENCY, "house on fire at 9th and Dauphin"),
    (Intent.EMERGENCY, "I smell gas on our block"),
    (Intent.CHATTER, "good morning everyone, happy friday"),
    (Intent.CHATTER, "lol that game last night"),
    (Intent.SERVICE_REQUEST, "hay un bache enorme, por favor arreglen la calle"),
    (Intent.PRAISE, "muchas gracias por arreglar la luz, excelente trabajo"),
    (Intent.STATUS_ENQUIRY, "ya lo reporté hace un mes, todavía no han arreglado nada"),
    (Intent.SERVICE_REQUEST, "路灯坏了，请尽快修"),
    (Intent.PRAISE, "感謝你們，辛苦了"),
    (Intent.PRAISE, "спасибо за быстрый ремонт, молодцы"),
    (Intent.PRAISE, "cảm ơn, làm tốt lắm"),
    (Intent.PRAISE, "merci beaucoup, bravo"),
]


@pytest.mark.parametrize(("intent", "text"), TEXTS)
def test_a_post_says_what_it_wants(understand: Understand, intent: Intent, text: str) -> None:
    assert understand(text).intent is intent


def test_thanks_suggest_no_service_but_keep_the_topic(understand: Understand) -> None:
    understood = understand("Thank you so much for fixing the street light so fast, great job!")
    assert understood.service_code is None
    assert not understood.abstained
    assert understood.runners_up[0].value == "STREET_LIGHT"


def test_a_post_that_says_nothing_has_no_intent_and_goes_to_a_person(understand: Understand) -> None:
    understood = understand("xyzzy qwfp")
    assert understood.intent is None
    assert understood.abstained


def test_the_words_of_the_intent_are_underlined(understand: Understand) -> None:
    text = "any update on my pothole?"
    shown = {text[one.start : one.end] for one in understand(text).evidence if one.kind is EvidenceKind.INTENT}
    assert "any update on my" in shown
