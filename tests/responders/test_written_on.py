"""Who writes on before anybody answers loses nothing: the report stays drafted, and a warning is not said twice."""

from sqlmodel import select

from models import MentionState, RequestState, ServiceRequest
from responders.joining import Joiner
from responders.template_keys import Key
from tests.town import Town

LIGHT = "@riverton311 The street light at 9th and Vine St is out"
WIRE = "@riverton311 A live wire is down and sparking at 5th and Cambria"


def writes(town: Town, text: str, after: str | None = None) -> str:
    """A resident posts, perhaps below what they wrote before, and we hear, understand and draft."""
    town.clock.advance(minutes=1)
    post_id = town.simulator.say_on_x(text, author="dee_215", **({"in_reply_to": after} if after else {}))
    town.hear()
    return post_id


def requests(town: Town, mention_id: int | None) -> list[RequestState]:
    with town.database.read() as session:
        found = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == mention_id)).all()
        return [one.state for one in found]


def test_a_report_is_filed_though_its_author_asked_for_news_before_anybody_answered(town: Town) -> None:
    first = writes(town, LIGHT)
    mention_id = town.mention_of(first).id
    for words in ("Any news about this?", "Still waiting on this one", "Thanks!"):
        assert town.mention_of(writes(town, f"@riverton311 {words}", after=first)).id == mention_id
        assert requests(town, mention_id) == [RequestState.DRAFT]
        assert town.reply_to(mention_id).template_key in (Key.FILED, Key.FILED_NO_PLACE)
    town.approve(mention_id)
    town.deliver()
    (answer,) = town.our_replies_on_x()
    assert str(town.request_of(mention_id or 0).service_request_id) in answer


def test_who_asks_again_once_it_is_filed_is_told_how_it_stands(town: Town) -> None:
    first = writes(town, LIGHT)
    mention_id = town.mention_of(first).id
    town.approve(mention_id)
    town.deliver()
    writes(town, "@riverton311 Any news about this?", after=first)
    assert town.reply_to(mention_id).template_key == Key.STATUS_KNOWN
    assert requests(town, mention_id) == [RequestState.SUBMITTED]


def test_an_edit_that_takes_the_report_back_takes_its_draft_back(town: Town) -> None:
    first = writes(town, LIGHT)
    mention_id = town.mention_of(first).id
    town.simulator.say_on_x("@riverton311 Lovely sunset over the river today", author="dee_215", edit_of=first)
    town.hear()
    assert requests(town, mention_id) == [RequestState.CANCELLED]


def test_somebody_who_was_warned_and_asks_for_news_hears_the_news_and_not_the_warning_again(town: Town) -> None:
    first = writes(town, WIRE)
    mention_id = town.mention_of(first).id
    assert town.reply_to(mention_id).template_key == Key.EMERGENCY_911
    town.approve(mention_id)
    town.deliver()
    writes(town, "@riverton311 Any news about this?", after=first)
    mention = town.mention_of(first)
    assert (mention.danger, mention.state) == (True, MentionState.DRAFTED)
    assert town.reply_to(mention_id).template_key != Key.EMERGENCY_911
    writes(town, "@riverton311 Now there is a fire, somebody is hurt", after=first)
    assert town.reply_to(mention_id).template_key == Key.EMERGENCY_911


def test_whose_report_was_joined_asks_for_news_in_the_same_chat_and_hears_of_that_request(town: Town) -> None:
    ann, rosa = {"id": 7001, "first_name": "Ann"}, {"id": 7002, "first_name": "Rosa"}
    numbers = {}
    for who in (ann, rosa):
        said = town.simulator.say_on_telegram(LIGHT.removeprefix("@riverton311 "), sender=who)
        town.hear()
        numbers[who["first_name"]] = town.mention_of(f"{said['chat_id']}:{said['message_id']}").id or 0
    town.approve(numbers["Ann"])
    town.deliver()
    head = town.request_of(numbers["Ann"])
    Joiner(town.database, town.clock).join(numbers["Rosa"], head.id or 0, town.staff_id)
    town.approve(numbers["Rosa"], file_request=False)
    town.deliver()
    town.clock.advance(hours=1)
    said = town.simulator.say_on_telegram("Any news about my report?", sender=rosa)
    town.hear()
    reply = town.reply_to(town.mention_of(f"{said['chat_id']}:{said['message_id']}").id)
    assert reply.template_key != Key.STATUS_UNKNOWN
    assert reply.request_id == head.id


def edits(town: Town, post_id: str, text: str) -> None:
    town.clock.advance(minutes=1)
    town.simulator.say_on_x(text, author="dee_215", edit_of=post_id)
    town.hear()


def test_chatter_that_is_edited_into_a_report_comes_to_the_queue(town: Town) -> None:
    post_id = writes(town, "@riverton311 What a game last night, go Birds")
    mention = town.mention_of(post_id)
    assert mention.state == MentionState.SET_ASIDE
    edits(town, post_id, LIGHT)
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    assert requests(town, mention.id) == [RequestState.DRAFT]
    assert town.reply_to(mention.id).template_key in (Key.FILED, Key.FILED_NO_PLACE)


def test_another_place_in_an_edit_of_what_was_filed_and_answered_comes_to_a_person(town: Town) -> None:
    post_id = writes(town, LIGHT)
    mention_id = town.mention_of(post_id).id
    town.approve(mention_id)
    town.deliver()
    filed = town.request_of(mention_id)
    assert town.mention_of(post_id).state == MentionState.CLOSED
    edits(town, post_id, LIGHT.replace("is out", "is out!"))
    assert town.mention_of(post_id).state == MentionState.CLOSED
    edits(town, post_id, LIGHT.replace("9th", "19th"))
    assert town.mention_of(post_id).state == MentionState.DRAFTED
    assert requests(town, mention_id) == [RequestState.SUBMITTED]
    assert town.request_of(mention_id).address_string == filed.address_string
