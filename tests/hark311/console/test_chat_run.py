"""Approving the run of a chat: what leaves together is read together, and approved with one press."""

import re
from datetime import timedelta

import pytest
from httpx import Response
from sqlmodel import Session

from models import ChatPostKind, ChatQuestion, ChatRecap, ChatState, KeyRule, ReplyState, RuleAbout, TweetChat
from responders.chats.posting import words_of
from tests.chats import a_chat, a_planned_post
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.reading import troubles


class Run:
    """A planned chat with a question in two languages, another in one, and the opening; its moderator's browser."""

    def __init__(self, desk: Running) -> None:
        with desk.rows() as session:
            self.made = a_chat(session, starts_at=NOON + timedelta(days=2), state=ChatState.PLANNED, asked=0)
            self.english = self._post(session, "Q1: Which block comes first?")
            self.spanish = self._post(session, "P1: ¿Qué cuadra va primero?", language="es")
            self.later = self._post(session, "Q2: Which language is missing?", question=2)
            opening = a_planned_post(session, self.made, "Welcome.", kind=ChatPostKind.OPENING, at_seconds=0)
            self.opening = opening.id or 0
        self.desk, self.at = desk, f"/chats/{self.made.id}"
        self.browser: Browser = desk.browser_of(self.made.moderator)

    def _post(self, session: Session, words: str, question: int = 1, language: str = "en") -> int:
        text = f"{words} #{self.made.chat.hashtag}"
        return a_planned_post(session, self.made, text, question=question, language=language).id or 0

    def forms(self) -> list[dict[str, str]]:
        """What each form that approves together would send: the field of each post and the revision shown."""
        page = self.browser.get(self.at).text
        forms = re.findall(rf'action="{self.at}/approve">(.*?)</form>', page, re.DOTALL)
        return [dict(re.findall(r'name="(post-\d+)" value="(\d+)"', form)) for form in forms]

    def approve(self, **fields: str) -> Response:
        return self.browser.post(f"{self.at}/approve", self.at, **fields)

    def state(self, post_id: int) -> ReplyState:
        with self.desk.database.read() as session:
            reply = words_of(session, post_id)
            assert reply is not None
            return reply.state

    def states(self) -> list[ReplyState]:
        return [self.state(one) for one in (self.english, self.spanish, self.later, self.opening)]


@pytest.fixture
def run(desk: Running) -> Run:
    return Run(desk)


def test_only_what_leaves_together_stands_in_one_form(run: Run) -> None:
    (form,) = run.forms()
    assert set(form) == {f"post-{run.english}", f"post-{run.spanish}"}


def test_one_press_approves_them_and_nothing_else(run: Run) -> None:
    (form,) = run.forms()
    answer = run.approve(**form)
    assert answer.headers.get("location") == f"{run.at}?done=approved-together#run", troubles(answer.text)
    assert run.states() == [ReplyState.APPROVED, ReplyState.APPROVED, ReplyState.DRAFT, ReplyState.DRAFT]
    assert run.forms() == []


def test_a_post_that_is_refused_is_named_and_stops_no_other(run: Run) -> None:
    (form,) = run.forms()
    changed = run.browser.post(
        f"{run.at}/posts/{run.spanish}", run.at, words=f"P1: ¿Otra? #{run.made.chat.hashtag}", seen="1"
    )
    assert changed.status_code == 303
    answer = run.approve(**form)
    assert answer.status_code == 422
    assert "Question 1, @" in answer.text
    assert "Spanish: The words were changed in another window meanwhile. Read them again." in answer.text
    assert "Approved: 1 other." in answer.text
    assert run.states()[:2] == [ReplyState.APPROVED, ReplyState.DRAFT]


@pytest.mark.parametrize("stranger", ["post-x", "post-999999", "post-"])
def test_beside_a_post_that_is_not_of_this_chat_nothing_is_approved(run: Run, stranger: str) -> None:
    (form,) = run.forms()
    assert run.approve(**form, **{stranger: "1"}).status_code == 404
    assert set(run.states()) == {ReplyState.DRAFT}


def test_a_form_without_posts_approves_nothing(run: Run) -> None:
    assert run.approve().headers["location"].endswith("done=none-chosen#run")
    assert set(run.states()) == {ReplyState.DRAFT}


def test_what_has_my_key_is_not_offered_to_me_again_but_to_the_next_person(run: Run) -> None:
    words = ["block", "cuadra"]
    with run.desk.rows() as session:
        session.add(KeyRule(about=RuleAbout.RISK_WORDS, label="Places", wanted=words, keys=2, made_at=NOON))
    (form,) = run.forms()
    assert run.approve(**form).headers["location"].endswith("done=first-key#run")
    assert run.states()[:2] == [ReplyState.IN_REVIEW, ReplyState.IN_REVIEW]
    assert run.forms() == []
    run.browser = run.desk.browser_of(run.made.host)
    (form,) = run.forms()
    assert run.approve(**form).status_code == 303
    assert run.states()[:2] == [ReplyState.APPROVED, ReplyState.APPROVED]


def test_what_can_leave_no_more_is_not_offered_and_not_counted(run: Run) -> None:
    assert "4 wait to be approved" in run.browser.get("/chats").text
    with run.desk.rows() as session:
        session.get_one(ChatQuestion, run.made.questions[0].id).skipped_at = NOON
    assert run.forms() == []
    assert "2 wait to be approved" in run.browser.get("/chats").text
    with run.desk.rows() as session:
        session.get_one(TweetChat, run.made.id).state = ChatState.ENDED
    assert run.forms() == []
    assert "to be approved" not in run.browser.get("/chats").text


def test_posts_without_a_time_are_each_approved_by_themselves(run: Run) -> None:
    with run.desk.rows() as session:
        for words in ("One thing.", "Another thing."):
            text = f"{words} #{run.made.chat.hashtag}"
            a_planned_post(session, run.made, text, kind=ChatPostKind.ANNOUNCEMENT)
    assert len(run.forms()) == 1


def test_the_list_tells_what_waits_for_a_person(desk: Running) -> None:
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON + timedelta(days=2), state=ChatState.PLANNED, asked=0)
        a_planned_post(session, made, "Q1", question=1, state=ReplyState.UNCERTAIN)
        a_planned_post(session, made, "Q2", question=2)
        a_planned_post(session, made, "Q3", question=3, state=ReplyState.FAILED)
        skipped = a_planned_post(session, made, "Q4", question=4)
        skipped.skipped_at = NOON
        a_planned_post(session, made, "Q5", question=5, state=ReplyState.SENT)
        over = a_chat(session, starts_at=NOON - timedelta(days=2), state=ChatState.ENDED)
        recap = ChatRecap(chat_id=over.chat.id or 0, language="en", intro="An hour.", written_at=NOON)
        session.add_all([skipped, recap])
    host, guest = desk.browser_of(made.host), desk.browser_of(made.guest)
    page = host.get("/chats").text
    assert "1 post may have been sent: look, and say so" in page
    assert "2 wait to be approved" in page
    assert "The recap waits to be read and published" in page
    assert "wait to be approved" not in guest.get("/chats").text
    with desk.rows() as session:
        recap.published_at = NOON
        session.add(recap)
    assert "The recap waits" not in host.get("/chats").text
