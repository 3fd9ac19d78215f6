"""The classifier's own reading on a board: what the worker puts together, with a real post from end to end."""

from hark311.chat_boards import board_reader_of
from models import ChatLane, LinkedHow, MentionState
from responders.chats.hearing import keep_hearing
from tests.responders.chats.chats import a_chat, board, entry
from tests.town import Town


def test_an_answer_and_two_like_questions_are_read_as_they_are_meant(town: Town) -> None:
    chat = a_chat(town)
    town.suggester.board_reader = board_reader_of(town.settings)
    with town.database.write() as session:
        keep_hearing(session, town.clock())
    for who, text in (
        ("a_1", "A2: more shade and benches would help my block #ParkChat"),
        ("b_2", "When will the pool on our block open this summer? #ParkChat"),
        ("c_3", "When will the pool on our block open this summer?? #ParkChat"),
    ):
        town.simulator.say_on_x(text, author=who, mention=False)
    town.listen("x")
    town.understand()
    assert len(board(town, chat)) == 3
    said = entry(town, chat, "shade")
    assert (said.lane, said.linked_how) == (ChatLane.ANSWER, LinkedHow.SAID)
    first, second = entry(town, chat, "summer? "), entry(town, chat, "summer??")
    assert (first.lane, second.alike_id) == (ChatLane.QUESTION, first.id)
    assert {one.state for one in town.mentions()} == {MentionState.SET_ASIDE}
