"""The board of a chat: what its page shows, what its buttons do, who may press them, and how long it takes."""

import time
from dataclasses import dataclass

import pytest
from sqlalchemy import event
from sqlmodel import select

from hark311.rehearsal.chat_cast import answer_form
from hark311.rehearsal.page_reading import read_forms
from models import (
    AnsweredHow,
    Channel,
    ChatEntry,
    ChatLane,
    ChatPostKind,
    HeardBy,
    Mention,
    MentionState,
    Reply,
    ReplyState,
)
from responders.chats.entries import CHANGED_SINCE
from tests.chats import MadeChat, a_bank_answer, a_chat, a_host_entry, a_planned_post, an_entry
from tests.hark311.console.conftest import NOON, Browser, Running, token_in
from tests.hark311.console.factories import make_account, make_services
from tests.hark311.console.moderated import make_act


@dataclass
class Room:
    """A chat that is on at the desk, and a browser for each of its people."""

    desk: Running
    made: MadeChat
    host: Browser
    moderator: Browser
    guest: Browser

    @property
    def path(self) -> str:
        return f"/chats/{self.made.id}"

    def entry(self, entry_id: int | None) -> ChatEntry:
        with self.desk.database.read() as session:
            return session.get_one(ChatEntry, entry_id)

    def do(self, who: Browser, entry: ChatEntry, what: str, **fields: str) -> int:
        """Press a button of the board about one card, as it stands now."""
        sent = {"do": what, "seen_version": str(self.entry(entry.id).version), **fields}
        page = who.get(f"{self.path}/board")
        answer = who.client.post(f"{self.path}/entries/{entry.id}/do", data={"csrf": token_in(page.text), **sent})
        return answer.status_code

    def answer(self, who: Browser, entry: ChatEntry, what: str = "", **fields: str) -> "tuple[int, str]":
        """Press a button of an entry's answer form, as it stands now."""
        here = f"{self.path}/entries/{entry.id}"
        page = who.get(here)
        stood = {name: _field(page.text, name) for name in ("seen_version", "seen_post_id", "reply_revision", "group")}
        sent = {"way": "thread", "language": "en", **stood, **fields, "csrf": token_in(page.text)}
        answer = who.client.post(f"{here}/answer{'/' + what if what else ''}", data=sent)
        return answer.status_code, answer.text


def _field(page: str, name: str) -> str:
    _, _, rest = page.partition(f'name="{name}" value="')
    return rest.partition('"')[0]


def _card(board: str, entry: ChatEntry) -> str | None:
    """The card of an entry as the board shows it; None where it has none."""
    _, found, rest = board.partition(f'data-entry="{entry.id}"')
    return rest.partition("</li>")[0] if found else None


@pytest.fixture
def room(desk: Running) -> Room:
    with desk.rows() as session:
        make_services(session)
        made = a_chat(session, starts_at=NOON, account=make_account(session, Channel.X))
    desk.clock.forward(minutes=16)
    people = [desk.browser_of(one) for one in (made.host, made.moderator, made.guest)]
    return Room(desk, made, *people)


def test_the_board_shows_lanes_the_question_being_asked_and_what_leaves_next(room: Room) -> None:
    with room.desk.rows() as session:
        first = an_entry(session, room.made, "How often are baskets emptied?", question=1, minute=11.5)
        an_entry(session, room.made, "how often are the baskets emptied??", question=1, alike=first)
        an_entry(session, room.made, "A1 more lights, por favor", ChatLane.ANSWER, question=1, language="es")
        an_entry(session, room.made, "wire down, sparking", ChatLane.EMERGENCY)
        an_entry(session, room.made, "buy my course", ChatLane.OFF_TOPIC)
        a_host_entry(session, room.made, "Q1: What makes your block feel clean?")
        a_planned_post(session, room.made, "Q3: What should be there for young people?", question=3)
    page = room.host.get(f"{room.path}/board").text
    assert "unanswered for" in page
    assert "4:30" in page
    assert "+1<span" in page, "the near-identical question is counted with the first"
    assert "Spanish" in page
    assert "which city service would you like" in page.lower(), "the question that is being asked"
    assert "nobody has approved it yet" in page
    assert page.index("sparking") < page.index("How often"), "a danger stands above everything"
    assert "7:00" in page, "the third question is due at minute 23"


def test_what_has_its_answer_hides_nobody_who_asks_the_same_and_has_none(room: Room) -> None:
    with room.desk.rows() as session:
        first = an_entry(session, room.made, "How often are baskets emptied?", minute=2)
        told = an_entry(session, room.made, "how often are baskets emptied", minute=2, alike=first)
        later, last = (an_entry(session, room.made, "baskets emptied??", minute=at, alike=first) for at in (11.5, 13))
    board = room.host.get(f"{room.path}/board").text
    assert [_card(board, one) is not None for one in (first, told, later, last)] == [True, False, False, False]
    with room.desk.rows() as session:
        for one in (first, told):
            entry = session.get_one(ChatEntry, one.id)
            entry.answered_at, entry.answered_how = NOON, AnsweredHow.REPLY
            session.add(entry)
    board = room.host.get(f"{room.path}/board").text
    assert (_card(board, told), _card(board, last)) == (None, None)
    shown = _card(board, later) or ""
    assert "unanswered for" in shown
    assert "4:30" in shown
    assert "+1<span" in shown
    assert "+1<span" in (_card(board, first) or "")
    page = room.host.get(f"{room.path}/entries/{later.id}").text
    assert "The 1 more who ask the same" in page, "the approver decides about those that wait alone"
    assert page.count("settled already") == 2


def test_needs_no_answer_and_they_wait_for_their_own_let_the_next_of_its_like_stand_there(room: Room) -> None:
    with room.desk.rows() as session:
        first = an_entry(session, room.made, "How often are baskets emptied?", minute=2)
        second, third = (an_entry(session, room.made, "baskets emptied??", minute=at, alike=first) for at in (3, 4))
    assert room.do(room.moderator, first, "not-needed") == 303
    assert "unanswered for" in (_card(room.host.get(f"{room.path}/board").text, second) or "")
    assert room.answer(room.host, second, "approve", reply_text="Twice a day.", others="stay")[0] == 303
    board = room.host.get(f"{room.path}/board").text
    assert "unanswered for" in (_card(board, third) or "")
    assert "answer on its way" in (_card(board, second) or "")


def test_who_asked_the_same_after_the_page_was_drawn_waits_and_the_approver_is_told(room: Room) -> None:
    with room.desk.rows() as session:
        first = an_entry(session, room.made, "How often are baskets emptied?", minute=2)
        shown = an_entry(session, room.made, "baskets emptied??", minute=3, alike=first)
    drawn = answer_form(read_forms(room.host.get(f"{room.path}/entries/{first.id}").text))
    assert drawn is not None, "the scripted host of a rehearsal sends the fields of this very form"
    with room.desk.rows() as session:
        late = an_entry(session, room.made, "baskets emptied, when?", minute=4, alike=first)
    fields = {"reply_text": "Twice a day.", "others": "settled", "group": drawn.fields["group"]}
    assert room.answer(room.host, first, "approve", **fields)[0] == 303
    assert "Not all who ask the same are told" in room.host.get(f"{room.path}/entries/{first.id}?done=not-all").text
    assert (room.entry(shown.id).answered_how, room.entry(late.id).answered_how) == (AnsweredHow.WITH_ANOTHER, None)
    assert "unanswered for" in (_card(room.host.get(f"{room.path}/board").text, late) or "")


def test_a_post_changed_since_it_was_answered_says_so_on_its_card(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made, "When do pools open?")
        entry.lane_why = CHANGED_SINCE
        session.add(entry)
    assert "changed since it was answered" in (_card(room.host.get(f"{room.path}/board").text, entry) or "")
    assert "changed since it was answered" in room.host.get(f"{room.path}/entries/{entry.id}").text


def test_a_moderator_sorts_links_and_assigns_and_a_guest_may_not(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made)
    assert room.do(room.moderator, entry, "lane:needs_answer") == 303
    assert room.do(room.moderator, entry, "link-next") == 303
    assert room.do(room.moderator, entry, "assign-next") == 303
    now = room.entry(entry.id)
    assert (now.lane, now.lane_by) == (ChatLane.NEEDS_ANSWER, f"staff:{room.made.moderator.id}")
    assert (now.question_id, now.assigned_to) == (room.made.questions[0].id, room.made.guest.id)
    assert room.do(room.moderator, entry, "assign-next") == 303
    assert room.entry(entry.id).assigned_to is None, "after the last guest comes nobody"
    assert room.do(room.guest, entry, "not-needed") == 403
    assert room.do(room.moderator, entry, "not-needed") == 303
    assert room.entry(entry.id).answered_how == "not_needed"
    assert room.do(room.moderator, entry, "not-needed") == 303
    assert room.entry(entry.id).answered_how is None
    assert room.do(room.moderator, entry, "choose") == 303
    assert room.entry(entry.id).chosen


def test_a_report_goes_into_the_main_queue_and_stays_on_the_board(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made, "the hydrant at 3rd and Vine leaks")
    assert room.do(room.moderator, entry, "report") == 303
    with room.desk.database.read() as session:
        assert session.get_one(Mention, entry.mention_id).state == MentionState.DRAFTED
    assert "the hydrant at 3rd" in room.host.get(f"{room.path}/board").text
    page = room.host.get(f"{room.path}/entries/{entry.id}").text
    assert "It waits in the main queue as well" in page


def test_what_somebody_else_changed_meanwhile_is_said_and_nothing_is_overwritten(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made)
    assert room.do(room.moderator, entry, "lane:off_topic") == 303
    page = room.host.get(f"{room.path}/board").text
    sent = {"csrf": token_in(page), "do": "lane:abuse", "seen_version": "1"}
    answer = room.host.client.post(f"{room.path}/entries/{entry.id}/do", data=sent)
    assert answer.status_code == 422
    assert room.entry(entry.id).lane == ChatLane.OFF_TOPIC
    scripted = room.host.client.post(f"{room.path}/entries/{entry.id}/do", data=sent, headers={"hx-request": "true"})
    assert scripted.status_code == 200
    assert 'id="refused"' in scripted.text


def test_the_guest_drafts_the_host_approves_and_the_answer_is_on_its_way(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made, assigned_to=room.made.guest)
    board = room.guest.get(f"{room.path}/board").text
    assert "For you" in board
    assert "lane:off_topic" not in board, "a guest is shown no button they may not press"
    assert room.answer(room.guest, entry, reply_text="Twice a day.")[0] == 303
    assert room.answer(room.guest, entry, "approve", reply_text="Twice a day.")[0] == 409
    assert room.answer(room.guest, entry, "hand-in", reply_text="Twice a day.")[0] == 303
    assert "answer handed in" in room.host.get(f"{room.path}/board").text
    assert room.answer(room.host, entry, "return", reason="Which days?")[0] == 303
    assert "Which days?" in room.guest.get(f"{room.path}/entries/{entry.id}").text
    status, text = room.answer(room.host, entry, "approve", reply_text="Call 215-555-0134")
    assert status == 422
    assert "private detail" in text
    assert "Call 215-555-0134" in text, "what was typed is kept"
    assert room.answer(room.host, entry, "approve", reply_text="Twice a day, on Sundays once.")[0] == 303
    assert "answer on its way" in room.host.get(f"{room.path}/board").text
    with room.desk.database.read() as session:
        reply = session.exec(select(Reply)).one()
    assert room.desk.nudged(1) == [("send_reply", reply.id)]
    assert room.answer(room.host, entry, "take-back")[0] == 303
    with room.desk.database.read() as session:
        assert session.get_one(Reply, reply.id).state == ReplyState.IN_REVIEW


def test_who_used_the_tag_alone_is_marked_and_offered_a_numbered_post(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made, "when is bulk pickup?", heard_by=HeardBy.TAG, question=2)
        a_bank_answer(session, room.made, "Bulk pickup is by appointment.", label="Bulk")
    assert "not in the thread" in room.host.get(f"{room.path}/board").text
    page = room.host.get(f"{room.path}/entries/{entry.id}").text
    assert "X does not let us reply" in page
    assert f"A2:  #{room.made.chat.hashtag}" in page
    asked = room.host.get(f"{room.path}/entries/{entry.id}?way=ask_to_tag").text
    assert "Write @Riverton311 in your post" in asked
    words = f"A2: by appointment, online. #{room.made.chat.hashtag}"
    assert room.answer(room.host, entry, "approve", way="numbered", reply_text=words)[0] == 303
    with room.desk.database.read() as session:
        reply = session.exec(select(Reply)).one()
    assert (reply.state, reply.mention_id) == (ReplyState.APPROVED, None)


def test_the_host_pauses_moves_skips_and_ends(room: Room) -> None:
    with room.desk.rows() as session:
        a_planned_post(session, room.made, "Q3", question=3, state=ReplyState.APPROVED)
        a_planned_post(session, room.made, "Goodbye", kind=ChatPostKind.CLOSING, at_seconds=3500)

    def press(do: str, **fields: str) -> str:
        page = room.host.get(f"{room.path}/board").text
        sent = {"csrf": token_in(page), "do": do, "post": _field(page, "post"), **fields}
        answer = room.host.client.post(f"{room.path}/board/schedule", data=sent)
        assert answer.status_code == 303, answer.text
        return room.host.get(answer.headers["location"]).text

    assert "nothing planned leaves" in press("pause")
    room.desk.clock.forward(minutes=2)
    assert "The chat goes on" in press("resume")
    assert "7:00" in press("shift", seconds="0"), "the pause moved what has not left"
    assert "8:00" in press("shift", seconds="60")
    assert "Goodbye" in press("skip")
    assert "The chat has ended" in press("end")


def test_the_stage_shows_the_question_being_asked_and_the_answer_chosen_last(room: Room) -> None:
    with room.desk.rows() as session:
        first = an_entry(session, room.made, "Lights that work.", ChatLane.ANSWER, question=2)
        second = an_entry(session, room.made, "Neighbors who sweep.", ChatLane.ANSWER, question=2)
    stage = room.host.get(f"{room.path}/stage").text
    assert "Which city service" in stage
    assert "Lights that work" not in stage, "nobody chose it"
    room.do(room.host, second, "choose")
    room.do(room.host, first, "choose")
    stage = room.host.get(f"{room.path}/stage/live").text
    assert "Lights that work." in stage
    assert "@resident" in stage
    with room.desk.rows() as session:
        entry = session.get_one(ChatEntry, first.id)
        from models import Author

        author = session.get_one(Author, entry.author_id)
        author.protected = True
        session.add(author)
    assert "Lights that work." not in room.host.get(f"{room.path}/stage/live").text, "not everybody may read it now"


def test_what_is_hidden_under_the_policy_folds_on_the_board_and_is_one_click_away(room: Room) -> None:
    with room.desk.rows() as session:
        entry = an_entry(session, room.made, "buy followers at my shop", ChatLane.OFF_TOPIC)
        act = make_act(session, session.get_one(Mention, entry.mention_id))
    board = room.moderator.get(f"{room.path}/board").text
    assert "buy followers" not in board
    assert "hidden under clause" in board
    page = room.moderator.get(f"{room.path}/entries/{entry.id}").text
    assert page.count('<details class="folded">') == 2
    assert "buy followers at my shop" in page
    room.desk.clock.forward(days=(act.expires_at - NOON).days + 1)
    assert "buy followers" in room.desk.browser_of(room.made.moderator).get(f"{room.path}/board").text


def test_a_board_of_400_posts_is_there_at_once_and_with_few_queries(room: Room) -> None:
    lanes = [ChatLane.ANSWER, ChatLane.ANSWER, ChatLane.QUESTION, ChatLane.NEEDS_ANSWER, ChatLane.OFF_TOPIC]
    with room.desk.rows() as session:
        for number in range(400):
            an_entry(session, room.made, f"post number {number}", lanes[number % 5], minute=number / 25, question=1)
    asked: list[str] = []
    event.listen(room.desk.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    path = f"{room.path}/board/live"
    room.host.get(path)
    before = len(asked)
    room.host.get(path)
    assert len(asked) - before < 30, asked[before:]

    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert "post number" in room.host.get(path).text
        took.append(time.perf_counter() - began)

    assert min(took) < 0.4, f"{min(took):.3f} s"
