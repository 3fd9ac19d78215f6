"""Posts and answers of a chat that nobody can be sure of: decided where they are planned, or on the board."""

import pytest
from sqlmodel import select

from models import ChatPart, Mention, MentionState, Purpose, Reply, ReplyState, Role, StaffUser
from tests.chats import a_chat, a_planned_post, an_entry, takes_part
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_staff
from tests.hark311.console.reading import troubles
from tests.rows import a_reply


@pytest.fixture
def moderator(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Milo Brandt", Role.CHAT_MODERATOR)


@pytest.fixture
def browser(desk: Running, moderator: StaffUser) -> Browser:
    return desk.browser_of(moderator)


@pytest.mark.parametrize(
    ("button", "becomes"),
    [
        ("is-there", ReplyState.SENT),
        ("not-there", ReplyState.APPROVED),
        ("drop", ReplyState.CANCELLED),
    ],
)
def test_a_post_in_doubt_is_decided_on_the_plan_and_one_refused_can_be_worded_anew(
    desk: Running, moderator: StaffUser, browser: Browser, button: str, becomes: ReplyState
) -> None:
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON)
        takes_part(session, made.chat, moderator, ChatPart.COHOST)
        doubted = a_planned_post(session, made, "Q1: What?", question=1, state=ReplyState.UNCERTAIN)
        refused = a_planned_post(session, made, "Q2: What?", question=2, state=ReplyState.FAILED)
        chat_id = made.id
    page = browser.get(f"/chats/{chat_id}").text
    assert "It may have been posted" in page
    assert f'action="/chats/{chat_id}/posts/{refused.id}"' in page
    assert list(troubles(page)) == []
    assert browser.post(f"/chats/{chat_id}/posts/{doubted.id}/{button}", f"/chats/{chat_id}").status_code == 303
    with desk.database.read() as session:
        assert session.exec(select(Reply).where(Reply.chat_post_id == doubted.id)).one().state == becomes
    again = browser.post(f"/chats/{chat_id}/posts/{doubted.id}/{button}", f"/chats/{chat_id}")
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("button", "becomes", "mention_is"),
    [
        ("is-there", ReplyState.SENT, MentionState.CLOSED),
        ("not-there", ReplyState.APPROVED, MentionState.APPROVED),
        ("give-up", ReplyState.CANCELLED, MentionState.SET_ASIDE),
    ],
)
def test_an_answer_in_doubt_is_decided_on_the_board_by_whoever_runs_the_chat(
    desk: Running,
    moderator: StaffUser,
    browser: Browser,
    button: str,
    becomes: ReplyState,
    mention_is: MentionState,
) -> None:
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON)
        takes_part(session, made.chat, moderator, ChatPart.MODERATOR)
        entry = an_entry(session, made)
        mention = session.get_one(Mention, entry.mention_id)
        mention.state = MentionState.APPROVED
        reply = a_reply(session, mention, "Twice a day.")
        reply.purpose, reply.state = Purpose.CHAT, ReplyState.UNCERTAIN
        reply.approved_text, reply.account_id = reply.text, entry.account_id
        reply.seen_post_id, entry.answered_by = entry.post_id, reply.id
        here = f"/chats/{made.id}/entries/{entry.id}"
    page = browser.get(here).text
    assert all(f'action="{here}/answer/{one}"' in page for one in ("is-there", "not-there", "give-up"))
    assert list(troubles(page)) == []
    assert browser.post(f"{here}/answer/{button}", here).status_code == 303
    with desk.database.read() as session:
        assert session.get_one(Reply, reply.id).state == becomes
        assert session.get_one(Mention, mention.id).state == mention_is
