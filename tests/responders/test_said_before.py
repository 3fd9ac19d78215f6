"""X refuses words it has seen: a draft is set apart by a name, and the desk says so before X does."""

from sqlmodel import Session

from models import Database, Purpose, ReplyState, RequestState
from responders.drafting import DraftedReply
from responders.said_before import set_apart
from tests.rows import a_mention, a_reply, a_request
from tests.town import Town

THANKS = "thank you so much to the crew, great work!"


def _thanked(town: Town, author: str) -> int:
    post_id = town.simulator.say_on_x(THANKS, author=author)
    town.hear()
    return town.mention_of(post_id).id or 0


def test_the_second_who_is_told_the_same_words_is_called_by_their_handle(town: Town) -> None:
    first, second = (_thanked(town, author) for author in ("fan_ab", "fan_cd"))
    words = town.reply_to(first).text
    assert words
    assert town.reply_to(second).text == f"@fan_cd {words}"


def test_words_that_stand_on_x_are_refused_at_the_desk_before_x_refuses_them(town: Town) -> None:
    first, second = (_thanked(town, author) for author in ("fan_ab", "fan_cd"))
    words = town.reply_to(first).text
    town.approve(first)
    town.deliver()
    reasons = town.desk.objections(second, town.seen(second, words))
    assert [one for one in reasons if "refuses words it has seen, and @fan_ab was told" in one], reasons
    assert town.desk.objections(second, town.seen(second)) == []


def test_a_number_of_its_own_tells_two_replies_apart(town: Town) -> None:
    potholes = [
        town.simulator.say_on_x(f"There is a deep pothole at {place}", author=author)
        for place, author in (("5th and Market St", "fan_ab"), ("5th and Market St", "fan_cd"))
    ]
    town.hear()
    first, second = (town.mention_of(one).id or 0 for one in potholes)
    assert town.reply_to(first).text == town.reply_to(second).text
    assert town.desk.objections(second, town.seen(second)) == []


def numbered(session: Session, text: str, head: int | None = None) -> tuple[int, int]:
    """A mention on X that is told something with the number of its request, or of the one it follows."""
    mention = a_mention(session)
    request = a_request(session, mention)
    request.state, request.joined_to_id = (RequestState.JOINED, head) if head else (RequestState.SUBMITTED, None)
    a_reply(session, mention, text).state = ReplyState.SENT
    session.flush()
    return mention.id or 0, request.id or 0


def test_the_same_number_is_found_among_many_others_in_the_same_words(database: Database) -> None:
    words = "The work is done. The number of your request is {number}."
    with database.write() as session:
        for _ in range(60):
            numbered(session, words)
        _, head = numbered(session, words)
        mention = a_mention(session)
        request = a_request(session, mention)
        request.state, request.joined_to_id = RequestState.JOINED, head
        session.flush()
        plain = DraftedReply(words, "en", "status_fixed", 1, Purpose.STATUS)
        assert set_apart(session, mention, plain, lambda _: True, private=False).text.startswith("@resident_")
        alone = a_mention(session)
        a_request(session, alone)
        assert set_apart(session, alone, plain, lambda _: True, private=False).text == words
