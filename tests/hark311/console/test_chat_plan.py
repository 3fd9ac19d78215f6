"""Planning a tweet chat at the desk: one page like a running order, in a plain browser without scripts."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlmodel import select

from models import (
    Account,
    Channel,
    ChatAnswer,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatState,
    ListeningRule,
    Reply,
    ReplyState,
    Role,
    StaffUser,
    TweetChat,
)
from tests.chats import a_chat, takes_part
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_account, make_staff
from tests.hark311.console.reading import troubles

FORM = {
    "title": "Clean and safe neighborhoods",
    "hashtag": "#RiverTalks",
    "starts_at": "2026-03-24T18:00",
    "minutes": "60",
    "about": "An hour with the city.",
    "in-en": "yes",
    "in-es": "yes",
    "grace_seconds": "60",
    "answer_keys": "1",
    "answer_within": "300",
}


@pytest.fixture
def moderator(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Milo Brandt", Role.CHAT_MODERATOR)


@pytest.fixture
def account(desk: Running) -> Account:
    with desk.rows() as session:
        return make_account(session)


@pytest.fixture
def browser(desk: Running, moderator: StaffUser) -> Browser:
    return desk.browser_of(moderator)


@pytest.fixture
def chat(desk: Running, browser: Browser, account: Account) -> TweetChat:
    """A planned chat on one account, without questions."""
    answer = browser.post("/chats", **FORM)
    assert answer.status_code == 303, answer.text
    found = the_chat(desk)
    browser.post(f"/chats/{found.id}/networks", account=str(account.id))
    return found


def the_chat(desk: Running) -> TweetChat:
    with desk.database.read() as session:
        return session.exec(select(TweetChat).order_by(TweetChat.id.desc())).first()  # type: ignore[union-attr,return-value]


def ask(browser: Browser, chat: TweetChat, minute: str, words: str, spanish: str = "") -> None:
    fields = {"words-en": words, "words-es": spanish, "minute": minute}
    assert browser.post(f"/chats/{chat.id}/questions", **fields).status_code == 303


def questions(desk: Running, chat: TweetChat) -> list[tuple[int, int, str]]:
    with desk.database.read() as session:
        rows = session.exec(select(ChatQuestion).where(ChatQuestion.chat_id == chat.id)).all()
        return sorted((one.number, one.at_seconds // 60, one.words["en"]) for one in rows)


def run_of(desk: Running, chat: TweetChat) -> list[tuple[ChatPost, Reply]]:
    with desk.database.read() as session:
        found = session.exec(
            select(ChatPost, Reply).join(Reply, Reply.chat_post_id == ChatPost.id).where(ChatPost.chat_id == chat.id)  # type: ignore[arg-type]
        ).all()
        return sorted(found, key=lambda one: (one[0].at_seconds or 0, one[0].id or 0))


def test_a_chat_is_planned_in_the_citys_time_and_hosted_by_who_plans_it(
    desk: Running, browser: Browser, moderator: StaffUser, chat: TweetChat
) -> None:
    assert (chat.title, chat.hashtag, chat.slug) == (FORM["title"], "RiverTalks", "clean-and-safe-neighborhoods")
    assert chat.starts_at == datetime(2026, 3, 24, 22, 0, tzinfo=UTC)
    assert (chat.languages, chat.state, chat.public) == (["en", "es"], ChatState.PLANNED, False)
    with desk.database.read() as session:
        person = session.exec(select(ChatPerson)).one()
    assert (person.staff_id, person.part) == (moderator.id, ChatPart.HOST)
    page = browser.get(f"/chats/{chat.id}").text
    assert "#RiverTalks" in page
    assert "Tue, Mar 24, 6:00 pm" in page
    assert "America/New_York" in page
    assert list(troubles(page)) == []


def test_two_chats_of_one_title_have_pages_of_their_own(desk: Running, browser: Browser, chat: TweetChat) -> None:
    browser.post("/chats", **FORM)
    assert the_chat(desk).slug == f"{chat.slug}-2"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "A title has 1 to 90 characters."),
        ({"hashtag": "two words"}, "A hashtag is one word"),
        ({"hashtag": "2026"}, "no number alone"),
        ({"starts_at": ""}, "on which day and at what time"),
        ({"starts_at": "2026-03-01T18:00"}, "would begin in the past"),
        ({"starts_at": "2027-03-14T02:30"}, "the clocks go forward"),
        ({"minutes": "600"}, "A chat takes 10 to 240 minutes."),
        ({"in-en": "", "in-es": ""}, "Choose at least one language."),
        ({"answer_keys": "9"}, "Choose the times and the number of people"),
    ],
)
def test_what_cannot_be_planned_is_said_and_what_was_typed_stays(
    desk: Running, browser: Browser, changed: dict[str, str], said: str
) -> None:
    answer = browser.post("/chats", **(FORM | changed))
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert FORM["about"] in answer.text
    with desk.database.read() as session:
        assert session.exec(select(TweetChat)).all() == []


def test_questions_are_numbered_by_their_times_and_change_places(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    ask(browser, chat, "14", "Second?")
    ask(browser, chat, "5", "First?")
    assert questions(desk, chat) == [(1, 5, "First?"), (2, 14, "Second?")]
    page = browser.get(f"/chats/{chat.id}").text
    assert "No words in Spanish yet." in page
    found = re.search(r"/questions/(\d+)/move", page)
    assert found
    moved = browser.post(f"/chats/{chat.id}/questions/{found[1]}/move", f"/chats/{chat.id}", way="down")
    assert moved.status_code == 303
    assert questions(desk, chat) == [(1, 5, "Second?"), (2, 14, "First?")]
    taken = browser.post(f"/chats/{chat.id}/questions", **{"words-en": "Third?", "minute": "14"})
    assert taken.status_code == 422
    assert "Another question is asked at that minute." in taken.text
    browser.post(f"/chats/{chat.id}/questions/{found[1]}/remove", f"/chats/{chat.id}")
    assert questions(desk, chat) == [(1, 5, "Second?")]


def test_one_press_drafts_the_whole_run_once(desk: Running, browser: Browser, chat: TweetChat) -> None:
    ask(browser, chat, "5", "What is missing on your block?", "¿Qué falta en su cuadra?")
    assert browser.post(f"/chats/{chat.id}/run").headers["location"].endswith("done=drafted#run")
    run = run_of(desk, chat)
    kinds = [post.kind for post, _ in run if post.language == "en"]
    assert kinds == [
        *[ChatPostKind.ANNOUNCEMENT] * 3,
        ChatPostKind.OPENING,
        ChatPostKind.RULES,
        ChatPostKind.QUESTION,
        ChatPostKind.CLOSING,
        ChatPostKind.FOLLOW_UP,
    ]
    words = {(post.kind, post.language): reply.text for post, reply in run}
    assert words[ChatPostKind.QUESTION, "en"] == "Q1: What is missing on your block? #RiverTalks"
    assert words[ChatPostKind.QUESTION, "es"] == "P1: ¿Qué falta en su cuadra? #RiverTalks"
    assert "911" in words[ChatPostKind.RULES, "es"]
    assert all(reply.state == ReplyState.DRAFT and "#RiverTalks" in reply.text for _, reply in run)
    length_of = desk.product.desk.length_of
    assert all(length_of(Channel.X, reply.text) <= 280 for _, reply in run)
    assert not any("[" in reply.text for _, reply in run)
    assert browser.post(f"/chats/{chat.id}/run").headers["location"].endswith("done=nothing#run")
    assert len(run_of(desk, chat)) == len(run)
    assert "16 wait to be approved." in browser.get(f"/chats/{chat.id}").text


def test_drafts_follow_the_plan_until_somebody_touches_them(desk: Running, browser: Browser, chat: TweetChat) -> None:
    ask(browser, chat, "5", "First?")
    ask(browser, chat, "14", "Second?")
    browser.post(f"/chats/{chat.id}/run")
    by_words = {reply.text: post for post, reply in run_of(desk, chat)}
    first, second = by_words["Q1: First? #RiverTalks"], by_words["Q2: Second? #RiverTalks"]
    touched = browser.post(f"/chats/{chat.id}/posts/{second.id}", words="Our own words #RiverTalks", seen="1")
    assert touched.status_code == 303
    moved = browser.post(f"/chats/{chat.id}/questions/{first.question_id}/move", f"/chats/{chat.id}", way="down")
    assert moved.status_code == 303
    found = {post.id: (post.at_seconds, reply.text) for post, reply in run_of(desk, chat)}
    assert found[first.id] == (14 * 60, "Q2: First? #RiverTalks")
    assert found[second.id] == (5 * 60, "Our own words #RiverTalks")
    browser.post(f"/chats/{chat.id}/plan", **(FORM | {"hashtag": "RiverAsks"}))
    assert {reply.text for post, reply in run_of(desk, chat) if post.id == first.id} == {"Q2: First? #RiverAsks"}


def test_a_post_is_approved_taken_back_and_skipped_on_the_plan(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    ask(browser, chat, "5", "First?")
    browser.post(f"/chats/{chat.id}/run")
    post, reply = next(one for one in run_of(desk, chat) if one[0].kind == ChatPostKind.QUESTION)
    base = f"/chats/{chat.id}/posts/{post.id}"
    stale = browser.post(f"{base}/approve", f"/chats/{chat.id}", seen="99")
    assert stale.status_code == 422
    assert browser.post(f"{base}/approve", f"/chats/{chat.id}", seen=str(reply.revision)).status_code == 303
    page = browser.get(f"/chats/{chat.id}").text
    assert f'action="{base}/take-back"' in page
    refused = browser.post(f"/chats/{chat.id}/questions/{post.question_id}/remove", f"/chats/{chat.id}")
    assert "A post of question 1 is approved. Take it back first." in refused.text
    moved = browser.post(f"/chats/{chat.id}/plan", **(FORM | {"starts_at": "2026-03-25T18:00"}))
    assert "Take them back first." in moved.text
    assert browser.post(f"{base}/take-back", f"/chats/{chat.id}").status_code == 303
    assert browser.post(f"{base}/skip", f"/chats/{chat.id}").status_code == 303
    assert "Take up again" in browser.get(f"/chats/{chat.id}").text
    assert browser.post(f"{base}/take-up", f"/chats/{chat.id}").status_code == 303
    assert "Take up again" not in browser.get(f"/chats/{chat.id}").text


def test_a_post_of_another_chat_is_not_changed_through_this_one(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    ask(browser, chat, "5", "First?")
    browser.post(f"/chats/{chat.id}/run")
    post, reply = run_of(desk, chat)[0]
    with desk.rows() as session:
        other = a_chat(session, starts_at=NOON + timedelta(days=3), state=ChatState.PLANNED)
        host = session.get_one(StaffUser, other.host.id)
        other_id = other.id
    elsewhere = desk.browser_of(host)
    base = f"/chats/{other_id}/posts/{post.id}"
    seen = str(reply.revision)
    assert elsewhere.post(f"{base}/approve", f"/chats/{other_id}", seen=seen).status_code == 404
    assert elsewhere.post(base, f"/chats/{other_id}", words="Mine", seen=seen).status_code == 404
    assert run_of(desk, chat)[0][1].text == reply.text


def test_a_hashtag_is_counted_by_the_network_and_never_in_the_request(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    with desk.database.read() as session:
        rule = session.exec(select(ListeningRule)).one()
        network = session.exec(select(ChatNetwork)).one()
    assert (rule.query, rule.begins_at, network.rule_id) == ("#RiverTalks", None, rule.id)
    assert "X: not counted yet." in browser.get(f"/chats/{chat.id}").text
    for found, said in ((214, "X: 214 posts used it last week. Look at them first."), (0, "X: nobody used it")):
        with desk.rows() as session:
            kept = session.get_one(ListeningRule, rule.id)
            kept.found_in_week, kept.counted_at = found, NOON
            session.add(kept)
        assert said in browser.get(f"/chats/{chat.id}").text
    browser.post(f"/chats/{chat.id}/plan", **(FORM | {"hashtag": "RiverAsks"}))
    with desk.database.read() as session:
        rules = {one.query: one.ended_at for one in session.exec(select(ListeningRule)).all()}
    assert rules == {"#RiverTalks": NOON, "#RiverAsks": None}


def test_our_own_chats_and_rules_with_the_hashtag_are_told(
    desk: Running, browser: Browser, account: Account, chat: TweetChat
) -> None:
    with desk.rows() as session:
        a_chat(session, starts_at=chat.starts_at + timedelta(days=3), state=ChatState.PLANNED, hashtag="rivertalks")
        session.add(
            ListeningRule(account_id=account.id or 0, query="(#RiverTalks OR park)", label="Parks", begins_at=NOON)
        )
    page = unescape(browser.get(f"/chats/{chat.id}").text)
    assert "Our own chat “Clean and safe neighborhoods” uses it within two weeks" in page
    assert "Our rule “Parks” listens for it already." in page


def test_telegram_needs_the_group(desk: Running, browser: Browser, chat: TweetChat) -> None:
    with desk.rows() as session:
        bot = make_account(session, Channel.TELEGRAM, "RiverBot")
    refused = browser.post(f"/chats/{chat.id}/networks", account=str(bot.id), group="")
    assert "give the number of the group" in refused.text
    assert browser.post(f"/chats/{chat.id}/networks", account=str(bot.id), group="-1001234567").status_code == 303
    with desk.database.read() as session:
        network = session.exec(select(ChatNetwork).where(ChatNetwork.account_id == bot.id)).one()
    assert (network.conversation_id, network.rule_id) == ("-1001234567", None)


def test_answers_are_prepared_and_approved_with_the_words_that_were_read(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    fields = {"label": "Interpreters", "answer": "Call 311 and say your language.", "language": "en", "fixed": "yes"}
    assert browser.post(f"/chats/{chat.id}/answers", **fields).status_code == 303
    with desk.database.read() as session:
        answer = session.exec(select(ChatAnswer)).one()
    base = f"/chats/{chat.id}/answers/{answer.id}"
    assert browser.post(f"{base}/approve", f"/chats/{chat.id}", seen="Other words").status_code == 422
    assert browser.post(f"{base}/approve", f"/chats/{chat.id}", seen=fields["answer"]).status_code == 303
    assert "approved by Milo Brandt" in browser.get(f"/chats/{chat.id}").text
    browser.post(base, f"/chats/{chat.id}", **(fields | {"answer": "Call 311."}))
    with desk.database.read() as session:
        changed = session.get_one(ChatAnswer, answer.id)
    assert (changed.text, changed.fixed, changed.approved_at) == ("Call 311.", True, None)


def test_one_press_drafts_posts_of_an_approved_answer_and_each_can_get_a_minute(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    ask(browser, chat, "5", "What is missing?")
    with desk.database.read() as session:
        question = session.exec(select(ChatQuestion)).one()
    said = {"label": "Lines", "answer": "Call 311.\nSay your language.", "language": "en", "question": str(question.id)}
    browser.post(f"/chats/{chat.id}/answers", **said)
    with desk.database.read() as session:
        base = f"/chats/{chat.id}/answers/{session.exec(select(ChatAnswer)).one().id}"
    assert "waits to be approved" in browser.post(f"{base}/post", f"/chats/{chat.id}").text
    browser.post(f"{base}/approve", f"/chats/{chat.id}", seen=said["answer"])
    assert browser.post(f"{base}/post", f"/chats/{chat.id}").status_code == 303
    ((post, reply),) = run_of(desk, chat)
    assert (post.kind, post.at_seconds, reply.state) == (ChatPostKind.ANSWER, None, ReplyState.DRAFT)
    assert reply.text == f"A1: {said['answer']} #RiverTalks"
    assert browser.post(f"{base}/post", f"/chats/{chat.id}").status_code == 422, "the same is not drafted twice"
    here, fields = f"/chats/{chat.id}/posts/{post.id}", {"words": reply.text, "seen": str(reply.revision)}
    refused = browser.post(here, f"/chats/{chat.id}", **fields, minute="soon")
    assert refused.status_code == 422
    assert f'href="#post-{post.id}"' in refused.text
    assert browser.post(here, f"/chats/{chat.id}", **fields, minute="8.5").status_code == 303
    ((post, _),) = run_of(desk, chat)
    assert post.at_seconds == 510


def test_languages_without_wordings_are_told_and_a_refused_post_stays_as_it_was_typed(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    assert "We have no wordings" not in browser.get(f"/chats/{chat.id}").text
    browser.post(f"/chats/{chat.id}/plan", f"/chats/{chat.id}", **FORM, **{"in-vi": "yes", "in-ar": "yes"})
    assert "We have no wordings in Vietnamese, Arabic yet" in browser.get(f"/chats/{chat.id}").text
    typed = {"kind": "answer", "language": "ar", "minute": "x", "words": "words \u202e <b>"}
    page = browser.post(f"/chats/{chat.id}/posts", f"/chats/{chat.id}", **typed).text
    assert '<option value="ar" selected>' in page
    assert "words \u202e &lt;b&gt;" in page


def test_the_announcements_of_a_bare_plan_differ_so_that_x_takes_each(
    desk: Running, browser: Browser, chat: TweetChat
) -> None:
    browser.post(f"/chats/{chat.id}/run", f"/chats/{chat.id}")
    texts = [reply.text for post, reply in run_of(desk, chat) if post.kind == ChatPostKind.ANNOUNCEMENT]
    assert len(texts) == len(set(texts))


def test_a_chat_that_is_live_keeps_its_time_and_hashtag(desk: Running, browser: Browser, moderator: StaffUser) -> None:
    with desk.rows() as session:
        made = a_chat(session, starts_at=NOON)
        takes_part(session, made.chat, moderator, ChatPart.COHOST)
        chat_id = made.id
    refused = browser.post(f"/chats/{chat_id}/plan", **FORM)
    assert "The chat has begun: its hashtag, time, length and languages stay as they are." in refused.text
    assert browser.post(f"/chats/{chat_id}/questions", **{"words-en": "More?", "minute": "55"}).status_code == 422


def test_calling_it_off_ends_the_search_and_can_be_undone(desk: Running, browser: Browser, chat: TweetChat) -> None:
    assert browser.post(f"/chats/{chat.id}/cancel", f"/chats/{chat.id}").status_code == 303
    with desk.database.read() as session:
        assert session.get_one(TweetChat, chat.id).state == ChatState.CANCELLED
        assert session.exec(select(ListeningRule)).one().ended_at == NOON
    assert browser.post(f"/chats/{chat.id}/replan", f"/chats/{chat.id}").status_code == 303
    with desk.database.read() as session:
        assert session.get_one(TweetChat, chat.id).state == ChatState.PLANNED


def test_who_does_not_run_the_chat_reads_the_plan_and_changes_nothing(desk: Running, chat: TweetChat) -> None:
    with desk.rows() as session:
        colleague = make_staff(session, "Ada Lund", Role.APPROVER)
    browser = desk.browser_of(colleague)
    page = browser.get(f"/chats/{chat.id}").text
    assert f'action="/chats/{chat.id}/' not in page
    answer = browser.post(f"/chats/{chat.id}/run", f"/chats/{chat.id}")
    assert (answer.status_code, run_of(desk, chat)) == (403, [])


def test_the_example_is_a_whole_plan(desk: Running, browser: Browser, account: Account) -> None:
    answer = browser.post("/chats/example", "/chats")
    assert answer.status_code == 303
    chat = the_chat(desk)
    assert [number for number, _, _ in questions(desk, chat)] == [1, 2, 3, 4, 5, 6]
    assert [minute for _, minute, _ in questions(desk, chat)] == [5, 14, 23, 32, 41, 50]
    assert browser.post(f"/chats/{chat.id}/run").status_code == 303
    length_of = desk.product.desk.length_of
    assert all(length_of(Channel.X, reply.text) <= 280 for _, reply in run_of(desk, chat))
    page = browser.get(f"/chats/{chat.id}").text
    assert list(troubles(page)) == []
    assert "Start from an example" in browser.get("/chats").text
