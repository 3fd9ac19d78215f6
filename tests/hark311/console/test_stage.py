"""The stage: what a screen in the room shows of a chosen post, and what goes off it again."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from classifier.redaction import redact
from models import Account, Author, Channel, ChatEntry, ChatLane, Conversation, Mention, ModerationKind, Post
from responders.chats import board, recap_publishing
from tests.chats import MadeChat, a_chat, an_entry
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_account
from tests.hark311.console.moderated import make_act

SAID = "Lights that work."


@dataclass
class Hall:
    """A chat that is on, its second question asked, and one answer to it."""

    desk: Running
    made: MadeChat
    host: Browser
    entry_id: int

    def shown(self) -> str:
        """The words on the screen, without markup."""
        page = self.host.get(f"/chats/{self.made.id}/stage/live").text
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    def choose(self, entry_id: int = 0, *, chosen: bool = True) -> None:
        entry_id = entry_id or self.entry_id
        with self.desk.database.read() as session:
            version = session.get_one(ChatEntry, entry_id).version
        board.choose(self.desk.product.desk, entry_id, self.made.host.id or 0, chosen, seen_version=version)

    def change(self, what: Callable[[Session, ChatEntry, Post], None]) -> None:
        with self.desk.rows() as session:
            entry = session.get_one(ChatEntry, self.entry_id)
            what(session, entry, session.get_one(Post, entry.post_id))

    def edit(self, text: str) -> None:
        """Its author changes it now; the board has the new version."""

        def changed(session: Session, entry: ChatEntry, post: Post) -> None:
            newer = Post(**post.model_dump(exclude={"id"}) | {"channel_post_id": f"{post.channel_post_id}-2"})
            newer.text, newer.received_at = text, self.desk.clock()
            session.add(newer)
            session.flush()
            entry.post_id, entry.version = newer.id or 0, entry.version + 1
            session.add(entry)

        self.change(changed)


@pytest.fixture(params=[Channel.MASTODON])
def hall(request: pytest.FixtureRequest, start_desk: StartDesk) -> Hall:
    desk = start_desk({"redact": redact})
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON - timedelta(minutes=16), account=make_account(session, request.param))
        entry = an_entry(session, made, SAID, ChatLane.ANSWER, question=2)
    return Hall(desk, made, desk.browser_of(made.host), entry.id or 0)


@pytest.mark.parametrize("hall", [Channel.MASTODON, Channel.X], indirect=True)
def test_the_screen_shows_no_private_detail_and_names_nobody_else(hall: Hall) -> None:
    def tell(session: Session, entry: ChatEntry, post: Post) -> None:
        post.text = "Lights, at 1234 N 5th St. Call 215-555-0142 or ask @neighbor_ann."

    hall.change(tell)
    hall.choose()
    shown = hall.shown()
    assert "Lights, at 1200 block of N 5th St" in shown
    assert "@resident" in shown
    assert not re.search("555-0142|1234|neighbor_ann", shown)


def test_an_edited_answer_is_off_the_screen_until_it_is_chosen_again(hall: Hall) -> None:
    with hall.desk.rows() as session:
        other = an_entry(session, hall.made, "Neighbors who sweep.", ChatLane.ANSWER, question=2)
    hall.choose(other.id or 0)
    hall.choose()
    assert SAID in hall.shown()
    hall.desk.clock.forward(minutes=2)
    hall.edit("Buy at my shop.")
    shown = hall.shown()
    assert "my shop" not in shown
    assert "Neighbors who sweep." in shown, "what was chosen before it still stands"
    hall.choose(chosen=False)
    hall.choose()
    assert "Buy at my shop." in hall.shown()


def test_it_can_be_chosen_again_on_the_page_of_the_recap(hall: Hall) -> None:
    hall.choose()
    hall.desk.clock.forward(minutes=2)
    hall.edit("Lights that work at night.")
    assert "at night" not in hall.shown()
    for chosen in (False, True):
        host = hall.made.host.id or 0
        recap_publishing.choose(hall.desk.product.desk, hall.made.id, hall.entry_id, host, chosen=chosen)
    assert "at night" in hall.shown()


def test_what_is_done_to_another_answer_meanwhile_does_not_bring_it_forward(hall: Hall) -> None:
    with hall.desk.rows() as session:
        other = an_entry(session, hall.made, "Neighbors who sweep.", ChatLane.ANSWER, question=2)
    hall.choose(other.id or 0)
    hall.choose()
    with hall.desk.database.read() as session:
        version = session.get_one(ChatEntry, other.id).version
    question = hall.made.questions[1].id
    board.link(hall.desk.product.desk, other.id or 0, hall.made.host.id or 0, question, seen_version=version)
    assert SAID in hall.shown()


@pytest.mark.parametrize("kind", [ModerationKind.HIDE, ModerationKind.MUTE, ModerationKind.BLOCK])
def test_who_is_hidden_muted_or_blocked_after_the_choice_goes_off_the_screen(hall: Hall, kind: ModerationKind) -> None:
    hall.choose()
    assert SAID in hall.shown()

    def silence(session: Session, entry: ChatEntry, post: Post) -> None:
        make_act(session, session.get_one(Mention, entry.mention_id), kind)

    hall.change(silence)
    assert SAID not in hall.shown()


@pytest.mark.parametrize("why", ["followers", "protected", "private", "report"])
def test_what_was_not_said_to_everybody_is_not_on_the_screen(hall: Hall, why: str) -> None:
    hall.choose()

    def narrow(session: Session, entry: ChatEntry, post: Post) -> None:
        if why == "followers":
            post.reply_with = {"visibility": "private"}
        elif why == "protected":
            session.get_one(Author, entry.author_id).protected = True
        elif why == "private":
            session.get_one(Conversation, post.conversation_id).private = True
        else:
            entry.lane = ChatLane.SERVICE_REQUEST

    hall.change(narrow)
    shown = hall.shown()
    assert SAID not in shown
    assert "@resident" not in shown


@pytest.mark.parametrize("hall", [Channel.TELEGRAM], indirect=True)
def test_what_is_said_in_the_group_of_the_chat_stands_there_without_a_name(hall: Hall) -> None:
    hall.choose()
    shown = hall.shown()
    assert SAID in shown
    assert "@resident" not in shown


def test_our_own_accounts_may_be_named(hall: Hall) -> None:
    with hall.desk.database.read() as session:
        handle = session.exec(select(Account.handle)).first()

    def thank(session: Session, entry: ChatEntry, post: Post) -> None:
        post.text = f"Thanks @{handle}"

    hall.change(thank)
    hall.choose()
    assert f"Thanks @{handle}" in hall.shown()
