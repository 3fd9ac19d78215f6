"""The talk in a chat, against the simulated Telegram: one question at a time, commands, several cases, the next day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from hark311 import wiring
from hark311.starter import load_templates
from models import (
    Account,
    Author,
    Conversation,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    RequestState,
    ServiceRequest,
    StaffUser,
    StartLink,
    Understanding,
    UnreadablePost,
    utc_now,
)
from models.closing import close_if_settled
from models.commands import NEW, Asked, Command, asked, picked
from responders.drafting import Key
from responders.start_links import Wanted, make_link, revoke_link
from tests.town import Town

ANN: dict[str, Any] = {"id": 7001, "first_name": "Ann", "username": "ann_r"}
ROSA: dict[str, Any] = {"id": 7002, "first_name": "Rosa", "username": "rosa_m", "language_code": "es"}
POTHOLE = "There is a deep pothole, a car lost its tire"
LIGHT = "The street light at 9th and Vine St is out"


def says(town: Town, text: str | None = None, sender: dict[str, Any] = ANN, **more: Any) -> str:
    """A resident writes to the bot, and we hear, understand and draft. The channel's id of what they wrote."""
    said = town.simulator.say_on_telegram(text, sender=sender, **more)
    town.hear()
    return f"{said['chat_id']}:{said['message_id']}"


def sends(town: Town, mention_id: int | None, **how: Any) -> str:
    """A person approves what is drafted for a mention, and it goes; the words that stand in the chat."""
    town.approve(mention_id, **how)
    town.deliver()
    return town.our_messages()[-1]


def drafted(town: Town, post_id: str) -> Reply:
    return town.reply_to(town.mention_of(post_id).id)


def filed(town: Town, text: str, sender: dict[str, Any] = ANN) -> int:
    """A report that a person approved and the city took; the mention's id."""
    mention_id = town.mention_of(says(town, text, sender)).id or 0
    town.approve(mention_id)
    town.deliver()
    assert town.request_of(mention_id).state == RequestState.SUBMITTED
    return mention_id


def conversation(town: Town) -> Conversation:
    with town.database.read() as session:
        return session.exec(select(Conversation)).one()


def author(town: Town) -> Author:
    with town.database.read() as session:
        return session.exec(select(Author)).one()


def restarted(town: Town) -> None:
    """All that was in memory is gone: another process opens the same data directory."""
    town.database.dispose()
    town.database = wiring.database_of(town.settings)
    town.desk = type(town.desk)(
        **{name: getattr(town.desk, name) for name in town.desk.__slots__ if name != "database"}, database=town.database
    )
    town.suggester = wiring.suggester_of(town.settings, town.database)
    town.suggester.clock = town.clock


def test_a_question_is_answered_the_next_day_after_a_restart_and_the_report_is_whole(town: Town) -> None:
    first = says(town, POTHOLE)
    mention_id = town.mention_of(first).id
    assert drafted(town, first).template_key == Key.ASK_PLACE
    assert "Where is it?" in sends(town, mention_id, file_request=False)
    assert town.mention_of(first).state == MentionState.CLOSED
    restarted(town)
    town.clock.advance(hours=20)
    answer = says(town, "at Broad and Locust")
    assert town.mention_of(answer).id == mention_id
    assert drafted(town, answer).template_key == Key.FILED
    request = town.request_of(mention_id)
    assert (request.service_code, request.missing) == ("POTHOLE", [])
    assert request.lat is not None
    assert "Your reference number is" in sends(town, mention_id)


def test_one_thing_is_asked_at_a_time_and_a_pin_answers_where(town: Town) -> None:
    first = says(town, "I need somebody to come")
    mention_id = town.mention_of(first).id
    assert drafted(town, first).template_key == Key.ASK_SERVICE
    sends(town, mention_id, file_request=False)
    second = says(town, "a pothole")
    assert town.mention_of(second).id == mention_id
    assert drafted(town, second).template_key == Key.ASK_PLACE
    sends(town, mention_id, file_request=False)
    third = says(town, None, location={"latitude": 39.9487, "longitude": -75.1646})
    assert town.mention_of(third).id == mention_id
    assert drafted(town, third).template_key in (Key.FILED, Key.FILED_NO_PLACE)
    assert (town.request_of(mention_id).lat, town.request_of(mention_id).missing) == (39.9487, [])


@pytest.mark.parametrize("pin_first", [False, True])
def test_words_and_a_pin_in_one_breath_are_one_report_and_later_ones_are_not(town: Town, pin_first: bool) -> None:
    place = {"latitude": 39.9487, "longitude": -75.1646}
    parts: list[tuple[str | None, dict[str, Any]]] = [(POTHOLE, {}), (None, {"location": place})]
    said = [town.simulator.say_on_telegram(text, sender=ANN, **more) for text, more in parts[:: -1 if pin_first else 1]]
    town.hear()
    first, second = (town.mention_of(f"{one['chat_id']}:{one['message_id']}") for one in said)
    assert first.id == second.id
    assert drafted(town, f"{said[0]['chat_id']}:{said[0]['message_id']}").template_key != Key.ASK_PLACE
    assert town.request_of(first.id).lat == 39.9487
    late = datetime.now(UTC) + timedelta(minutes=6)
    later = town.simulator.say_on_telegram(sender=ANN, location=place, date=late.isoformat())
    town.hear()
    assert town.mention_of(f"{later['chat_id']}:{later['message_id']}").id != first.id


def test_the_answer_goes_to_the_case_whose_question_is_open_and_not_to_the_newest_one(town: Town) -> None:
    first, second = says(town, POTHOLE), says(town, LIGHT)
    sends(town, town.mention_of(second).id)
    town.approve(town.mention_of(first).id, file_request=False)
    town.deliver()
    answer = says(town, "Broad and Locust")
    assert town.mention_of(answer).id == town.mention_of(first).id


def test_what_is_written_while_our_answer_leaves_is_read_by_somebody(town: Town) -> None:
    first = says(town, POTHOLE)
    mention_id = town.mention_of(first).id
    town.approve(mention_id, file_request=False)
    with town.database.write() as session:  # it was seen before the answer came in, and is being sent now
        reply = session.exec(select(Reply).where(Reply.mention_id == mention_id)).one()
        mention = session.get_one(Mention, mention_id)
        later = session.exec(select(Post).where(Post.mention_id == mention_id)).one().model_copy()
        session.add(Post(**(later.model_dump() | {"id": None, "channel_post_id": "x:1", "edit_chain": "x:1"})))
        mention.version += 1
        reply.seen_post_id = (reply.seen_post_id or 0) + 1
    town.deliver()
    assert town.reply_to(mention_id).state == ReplyState.SENT
    with town.database.write() as session:
        session.exec(select(Reply).where(Reply.mention_id == mention_id)).one().seen_post_id = later.id
        session.get_one(Mention, mention_id).state = MentionState.APPROVED
    with town.database.write() as session:
        close_if_settled(session, mention_id or 0, town.clock())
    town.understand()
    mention = town.mention_of(first)
    assert (mention.state, mention.round) == (MentionState.DRAFTED, 2)


def test_an_unclear_post_is_asked_about_and_a_number_puts_it_to_the_right_case(town: Town) -> None:
    pothole, light = filed(town, POTHOLE + " at Broad and Locust"), filed(town, LIGHT)
    unclear = says(town, "it is still the same")
    mention_id = town.mention_of(unclear).id
    asking = drafted(town, unclear)
    assert asking.template_key == Key.ASK_CASE
    assert "1) the street light (N 9th St & Vine St)" in asking.text
    assert "2) the pothole" in asking.text
    assert "3) Something new." in asking.text
    assert conversation(town).offered == [light, pothole]
    assert "2) the pothole" in sends(town, mention_id, file_request=False)
    town.clock.advance(hours=20)
    town.understand()
    says(town, "2)")
    town.understand()
    assert town.mention_of(unclear).id == pothole
    with town.database.read() as session:
        assert session.get_one(Mention, mention_id).state == MentionState.SET_ASIDE
    assert town.reply_to(pothole).template_key == Key.STATUS_KNOWN
    assert conversation(town).offered is None


def test_something_new_stays_a_case_of_its_own_and_nobody_is_asked_twice(town: Town) -> None:
    filed(town, POTHOLE + " at Broad and Locust")
    unclear = says(town, "can you send someone")
    mention_id = town.mention_of(unclear).id
    assert drafted(town, unclear).template_key == Key.ASK_CASE
    sends(town, mention_id, file_request=False)
    says(town, "2")
    town.understand()
    assert town.mention_of(unclear).id == mention_id
    assert drafted(town, unclear).template_key == Key.ASK_SERVICE


def test_new_begins_a_case_although_we_wait_for_an_answer(town: Town) -> None:
    first = says(town, POTHOLE)
    sends(town, town.mention_of(first).id, file_request=False)
    other = says(town, "/new the street light at 9th and Vine St is out")
    assert town.mention_of(other).id != town.mention_of(first).id
    assert town.request_of(town.mention_of(other).id).service_code == "STREET_LIGHT"
    assert "/new" not in town.request_of(town.mention_of(other).id).description


def test_new_alone_is_asked_about_and_what_follows_is_the_report(town: Town) -> None:
    begun = says(town, "/new")
    assert drafted(town, begun).template_key == Key.ASK_NEW
    follows = says(town, POTHOLE)
    assert town.mention_of(follows).id == town.mention_of(begun).id
    assert drafted(town, follows).template_key == Key.ASK_PLACE


def test_a_command_drafts_no_request(town: Town) -> None:
    for command in ("/status 123", "/mycases", "/help", "/human", "/stop", "stop", "/new", "/start"):
        post = says(town, command)
        with town.database.read() as session:
            requests = session.exec(
                select(ServiceRequest.state).where(ServiceRequest.mention_id == town.mention_of(post).id)
            ).all()
        assert set(requests) <= {RequestState.CANCELLED}, command


def test_mycases_lists_the_authors_own_with_number_state_and_date(town: Town) -> None:
    mine, theirs = filed(town, POTHOLE + " at Broad and Locust"), filed(town, LIGHT, ROSA)
    listed = drafted(town, says(town, "/mycases"))
    assert listed.template_key == Key.CASES_LIST
    assert str(town.request_of(mine).service_request_id) in listed.text
    assert str(town.request_of(theirs).service_request_id) not in listed.text
    assert "open. Due by" in listed.text
    assert "Locust" in listed.text


def test_status_knows_a_number_of_theirs_and_says_nothing_about_anybody_elses(town: Town) -> None:
    mine, theirs = filed(town, POTHOLE + " at Broad and Locust"), filed(town, LIGHT, ROSA)
    number, other = town.request_of(mine).service_request_id, town.request_of(theirs).service_request_id
    asks = says(town, f"/status {number}")
    assert drafted(town, asks).template_key == Key.STATUS_KNOWN
    assert str(number) in sends(town, town.mention_of(asks).id, file_request=False)
    assert drafted(town, says(town, f"/status {other}")).template_key == Key.STATUS_NOT_FOUND
    town.simulator.close_request(str(number), "done")
    town.clock.advance(hours=2)
    town.refresh()
    assert drafted(town, says(town, f"/status {town.request_of(mine).reference.lower()}")).template_key == (
        Key.STATUS_CLOSED
    )


def test_a_command_is_answered_in_the_language_of_what_was_written_before(town: Town) -> None:
    says(town, "Hay un bache muy profundo en la calle, un carro perdió una llanta", ROSA)
    listed = drafted(town, says(town, "/mycases", ROSA))
    assert listed.language == "es"
    assert listed.text.startswith("Estos son sus casos")


def test_a_command_without_any_words_is_answered_in_the_language_of_the_app(town: Town) -> None:
    assert drafted(town, says(town, "/help", ROSA)).language == "es"


def test_in_a_group_nobodys_cases_are_told(town: Town) -> None:
    filed(town, POTHOLE + " at Broad and Locust")
    group = {"id": -4001, "type": "group", "title": "Neighbours"}
    handle = town.account("telegram").handle
    for command in ("/status", "/mycases"):
        reply = drafted(town, says(town, f"{command}@{handle}", chat=group))
        assert reply.template_key == Key.PRIVATE_PLEASE


def test_stop_is_honoured_at_once_and_told_once(town: Town) -> None:
    first = says(town, POTHOLE + " at Broad and Locust")
    town.approve(town.mention_of(first).id)
    post = says(town, "Stop.")
    assert author(town).stopped_at is not None
    town.deliver()
    assert town.our_messages() == []
    assert drafted(town, post).template_key == Key.STOP_DONE
    assert "not write to you again" in sends(town, town.mention_of(post).id, file_request=False)
    says(town, "/start")
    assert author(town).stopped_at is None


def test_stop_is_honoured_while_somebody_works_on_the_case(town: Town) -> None:
    first = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.hear()
    town.desk.claim(town.mention_of(first).id or 0, town.staff_id)
    assert town.mention_of(first).state == MentionState.IN_REVIEW
    post = town.simulator.say_on_x("@Philly311Demo stop", author="dee_215", in_reply_to=first)
    town.hear()
    assert author(town).stopped_at is not None
    assert drafted(town, post).template_key == Key.STOP_DONE


def test_stop_is_honoured_although_more_was_written_before_we_read_it(town: Town) -> None:
    first = town.simulator.say_on_x(POTHOLE, author="dee_215")
    town.simulator.say_on_x("@Philly311Demo stop", author="dee_215", in_reply_to=first)
    town.simulator.say_on_x("@Philly311Demo thank you", author="dee_215", in_reply_to=first)
    town.hear()
    assert author(town).stopped_at is not None


def test_forget_leaves_nothing_of_the_author_but_ids_and_is_confirmed(town: Town) -> None:
    words = "pothole at Broad and Locust, ask for Annabel"
    mention_id = town.mention_of(says(town, words)).id
    town.approve(mention_id, "Thank you, Annabel. Your number is {number}.")
    town.deliver()
    post = says(town, "/forget")
    with town.database.read() as session:
        rows = [*session.exec(select(Post)).all(), *session.exec(select(Reply)).all()]
        rows += [*session.exec(select(ServiceRequest)).all(), *session.exec(select(Author)).all()]
        rows += [*session.exec(select(Understanding)).all()]
        held = " ".join(row.model_dump_json() for row in rows)
        assert session.get_one(Mention, mention_id).state == MentionState.WITHDRAWN
    for gone in ("Annabel", "Locust", "ann_r", '"Ann"'):
        assert gone not in held
    assert "stays in the city's own system" in sends(town, town.mention_of(post).id, file_request=False)
    assert drafted(town, says(town, "/mycases")).template_key == Key.CASES_NONE


def test_what_is_reported_after_forget_is_heard_although_forget_was_not_read_yet(town: Town) -> None:
    says(town, POTHOLE)
    town.simulator.say_on_telegram("/forget", sender=ANN)
    town.simulator.say_on_telegram(LIGHT, sender=ANN)
    town.hear()
    with town.database.read() as session:
        assert sorted(session.exec(select(Post.text)).all()) == ["", "/forget", LIGHT]
        assert [one.state for one in session.exec(select(Mention).order_by(col(Mention.id))).all()] == [
            MentionState.WITHDRAWN,
            MentionState.DRAFTED,
            MentionState.DRAFTED,
        ]


def test_forget_of_one_author_leaves_every_other_alone(town: Town) -> None:
    other = says(town, LIGHT, ROSA)
    says(town, POTHOLE)
    says(town, "/forget")
    with town.database.read() as session:
        assert session.exec(select(Post.text).where(Post.channel_post_id == other)).one() == LIGHT


def test_forget_empties_what_could_not_be_read_and_names_its_author(town: Town) -> None:
    says(town, POTHOLE)
    raws = {
        "hers": '{"message": {"from": {"id": 7001, "first_name": "Ann"}, "text": 5}}',
        "brought": '{"from":{"is_bot":false,"id":7001}, "text":',
        "his": '{"message": {"from": {"id": 17001}, "message_id": 70017001, "views": 7001}}',
        "on X": '{"data": [{"author_id": "7001", "text": 5}]}',
        "later": '{"from": {"id": 7001}}',
    }
    with town.database.write() as session:
        ids = {one.name: one.id or 0 for one in session.exec(select(Account)).all()}
        for name, raw in raws.items():
            account_id = ids["x" if name == "on X" else "telegram"]
            at = town.clock() + timedelta(hours=name == "later")
            kept = UnreadablePost(
                account_id=account_id, channel_post_id=name, reason="no text", raw=raw, received_at=at
            )
            session.add(kept)
    says(town, "/forget")
    with town.database.read() as session:
        rows = {one.channel_post_id: one for one in session.exec(select(UnreadablePost)).all()}
    assert {name for name, row in rows.items() if not row.raw} == {"hers", "brought"}
    assert {name for name, row in rows.items() if row.closed_at} == {"hers", "brought"}


def test_a_command_does_what_it_does_only_once(town: Town) -> None:
    post = says(town, "/human")
    with town.database.write() as session:
        chat = session.exec(select(Conversation)).one()
        assert chat.person_asked_at is not None
        chat.person_asked_at = None  # the person handed back
        mention = session.exec(select(Mention)).one()
        mention.needs_understanding = True
        mention.version += 1
    town.understand()
    assert conversation(town).person_asked_at is None
    assert drafted(town, post).template_key == Key.HUMAN_COMES


def a_link(town: Town, **more: Any) -> StartLink:
    wanted = {"label": "pole 12", "service_code": "STREET_LIGHT", "address_string": "900 Vine St"} | more
    with town.database.write() as session:
        account = town.account("telegram")
        staff = session.get_one(StaffUser, town.staff_id)
        return make_link(session, account.id or 0, Wanted(**wanted), staff, utc_now())


def test_a_printed_code_fills_in_service_and_place(town: Town) -> None:
    link = a_link(town, lat=39.9569, lon=-75.1560)
    begun = says(town, f"/start {link.token}")
    assert drafted(town, begun).template_key == Key.ASK_START_ABOUT
    assert "900 Vine St" in drafted(town, begun).text
    follows = says(town, "it has been dark for a week")
    mention = town.mention_of(follows)
    assert mention.id == town.mention_of(begun).id
    request = town.request_of(mention.id)
    assert (request.service_code, request.address_string) == ("STREET_LIGHT", "900 Vine St")
    assert (request.lat, request.long, request.missing) == (39.9569, -75.1560, [])
    with town.database.read() as session:
        assert session.get_one(StartLink, link.id).uses == 1
        assert mention.start_link_id == link.id
    assert link.token not in request.description


@pytest.mark.parametrize("what", ["revoked", "unknown", "of another account"])
def test_a_link_that_does_not_count_begins_a_chat_like_any_other(town: Town, what: str) -> None:
    link = a_link(town)
    with town.database.write() as session:
        row = session.get_one(StartLink, link.id)
        if what == "revoked":
            revoke_link(session, row, session.get_one(StaffUser, town.staff_id), utc_now())
        elif what == "unknown":
            row.token = "x" * 32
        else:
            row.account_id = town.account("x").id or 0
    begun = says(town, f"/start {link.token}")
    assert drafted(town, begun).template_key == Key.ASK_START
    assert town.mention_of(begun).start_link_id is None


def test_the_words_of_a_danger_win_over_a_command(town: Town) -> None:
    post = says(town, "/human there is a gas leak in my house, people are passing out")
    assert town.mention_of(post).danger
    assert drafted(town, post).template_key == Key.EMERGENCY_911
    assert conversation(town).person_asked_at is not None


@pytest.mark.parametrize(
    ("text", "command", "private", "wanted"),
    [
        ("/status@Philly311Bot H-7QK4M2XD", "status", False, Asked(Command.STATUS, "H-7QK4M2XD")),
        ("/STATUS 24-001", "", True, Asked(Command.STATUS, "24-001")),
        ("/status 24-001", "", False, Asked(Command.STATUS, "24-001")),
        ("status: 24-001", "", True, Asked(Command.STATUS, "24-001")),
        ("¿Estado 24-001?", "", True, Asked(Command.STATUS, "24-001")),
        ("My cases!", "", True, Asked(Command.MYCASES)),
        ("my cases", "", False, Asked(Command.MYCASES)),
        ("@Philly311Demo status 1307 5315", "", False, Asked(Command.STATUS, "1307 5315")),
        ("new", "", False, None),
        ("@Philly311Demo STOP", "", False, Asked(Command.STOP)),
        ("停止", "", True, Asked(Command.STOP)),
        ("stop sign is down", "", True, None),
        ("help", "", True, None),
        ("/help", "", True, Asked(Command.HELP)),
        ("/unknown", "", True, None),
        ("/usr/bin is broken", "", True, None),
        ("", "", True, None),
    ],
)
def test_what_a_post_asks_for(text: str, command: str, private: bool, wanted: Asked | None) -> None:
    assert asked(text, command, private=private) == wanted


NAMES = ["the pothole", "the street light that is out", "the pothole"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2", 2),
        ("#2)", 2),
        ("٢", 2),
        ("４", NEW),
        ("4.", NEW),
        ("5", None),
        ("0", None),
        ("something new", NEW),
        ("Algo nuevo.", NEW),
        ("street light", 2),
        ("pothole", None),
        ("light st", None),
        ("it is the second one", None),
        ("", None),
    ],
)
def test_which_one_an_answer_picks(text: str, wanted: int | None) -> None:
    assert picked(text, NAMES) == wanted


@pytest.mark.parametrize(
    "template", [one for one in load_templates() if one.key == Key.CASE_NEW], ids=lambda t: t.language
)
def test_the_line_for_something_new_is_understood_when_it_comes_back(template: Any) -> None:
    assert picked(template.body, NAMES) == NEW


@given(st.text(), st.sampled_from(["", "status", "start", "nonsense"]), st.booleans())
def test_any_text_at_all_can_be_read_for_commands(text: str, command: str, private: bool) -> None:
    asked(text, command, private=private)
    assert picked(text, NAMES) in (None, 0, 1, 2, 3)


def test_a_list_that_a_person_changed_before_it_left_moves_nothing(town: Town) -> None:
    filed(town, POTHOLE + " at Broad and Locust")
    unclear = says(town, "can you send someone")
    mention_id = town.mention_of(unclear).id
    assert drafted(town, unclear).template_key == Key.ASK_CASE
    sends(town, mention_id, text="Which one?\n1) the light\n2) the pothole\n3) else", file_request=False)
    says(town, "1")
    assert town.mention_of(unclear).id == mention_id
