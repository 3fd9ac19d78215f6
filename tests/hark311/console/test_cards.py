"""Knowledge cards: kept with owner and source, suggested with the words that matched, never when out of date."""

from datetime import date
from html import unescape

import pytest
from sqlmodel import select

from hark311.card_matching import matching, telling_words
from hark311.starter import load_cards
from models import (
    AnswerLength,
    AuditEntry,
    Channel,
    Intent,
    KnowledgeAnswer,
    KnowledgeCard,
    Mention,
    Reply,
    ReplyTemplate,
    Role,
    StaffUser,
)
from responders.drafting import Key
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    draft_reply,
    draft_request,
    first_post,
    make_account,
    make_mention,
    make_services,
    make_staff,
    understand,
)

QUESTION = "Is trash picked up on the holiday?"
SHORT = "In a week with a holiday, trash is collected one day later."
LONG = SHORT + " Monday's collection comes on Tuesday, and Friday's on Saturday." * 6
GENERAL = "Thank you for your question. Someone at 311 is looking into it."
FORM = {
    "question": "When is trash collected in a holiday week?",
    "keywords": "garbage, basura",
    "owner": "Sanitation office",
    "source": "https://example.org/trash",
    "service_code": "",
    "area": "",
    "expires_on": "2026-06-30",
    "active": "yes",
    "language": "en",
    "short_text": SHORT,
    "short_checked": "yes",
    "long_text": LONG,
}


@pytest.fixture
def supervisor(desk: Running) -> StaffUser:
    with desk.rows() as session:
        make_services(session)
        return make_staff(session, "Sol Ramirez", Role.SUPERVISOR)


def made(desk: Running, supervisor: StaffUser, **changed: str) -> int:
    location = desk.browser_of(supervisor).post("/cards", "/cards/new", **{**FORM, **changed}).headers["location"]
    return int(location.rpartition("/")[2])


def asked(desk: Running, text: str = QUESTION, channel: Channel = Channel.X, language: str = "en") -> Mention:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session, channel), NOON, text)
        post = first_post(session, mention)
        understand(session, mention, post, NOON, service_code=None, intent=Intent.QUESTION, language=language)
        draft_reply(session, mention, GENERAL)
        return mention


def reply_to(desk: Running, mention: Mention) -> Reply:
    with desk.database.read() as session:
        return session.exec(select(Reply).where(Reply.mention_id == mention.id)).one()


def test_a_card_is_written_changed_and_found_again(desk: Running, supervisor: StaffUser) -> None:
    card_id, browser = made(desk, supervisor), desk.browser_of(supervisor)
    for words in ("holiday", "basura", "sanitation", "one day later"):
        assert FORM["question"] in browser.get(f"/cards?q={words}").text
    assert "No card is like that" in browser.get("/cards?q=mattress").text
    changed = {**FORM, "owner": "Streets office", "long_text": "", "active": ""}
    assert browser.post(f"/cards/{card_id}", f"/cards/{card_id}", **changed).status_code == 303
    with desk.database.read() as session:
        card = session.get_one(KnowledgeCard, card_id)
        (answer,) = session.exec(select(KnowledgeAnswer)).all()
        said = session.exec(select(AuditEntry.why).where(AuditEntry.about == "KnowledgeCard")).all()
    assert (card.owner, card.active, card.expires_on) == ("Streets office", False, date(2026, 6, 30))
    assert (answer.length, answer.text, answer.checked) == (AnswerLength.SHORT, SHORT, True)
    assert "a card was written" in said
    assert FORM["question"] in browser.get("/cards?show=off").text


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"question": " "}, "Write the question"),
        ({"owner": ""}, "Say who answers for it"),
        ({"source": ""}, "Say where the answer comes from"),
        ({"expires_on": "soon"}, "must be a date"),
        ({"service_code": "SR-NONE"}, "no such service"),
        ({"short_text": "It is {number}."}, "no slots and no placeholders"),
        ({"short_text": "It is {x}."}, "is no slot"),
        ({"keywords": "x" * 501}, "501 characters"),
    ],
)
def test_a_card_that_lacks_something_is_not_kept_and_the_form_keeps_it(
    desk: Running, supervisor: StaffUser, changed: dict[str, str], reason: str
) -> None:
    answer = desk.browser_of(supervisor).post("/cards", "/cards/new", **{**FORM, **changed})
    assert answer.status_code == 422
    assert reason in unescape(answer.text)
    assert LONG in unescape(answer.text)
    with desk.database.read() as session:
        assert session.exec(select(KnowledgeCard)).all() == []


def test_only_a_supervisor_writes_cards(desk: Running, supervisor: StaffUser) -> None:
    card_id, browser = made(desk, supervisor), desk.browser_of(desk.staff())
    assert browser.post("/cards", "/account", **FORM).status_code == 403
    assert browser.post(f"/cards/{card_id}", "/account", **FORM).status_code == 403
    assert SHORT in unescape(browser.get(f"/cards/{card_id}").text)


def test_a_question_gets_the_card_with_the_words_that_matched_and_one_press_answers(
    desk: Running, supervisor: StaffUser
) -> None:
    card_id, mention = made(desk, supervisor), asked(desk)
    browser, path = desk.browser_of(desk.staff()), f"/mentions/{mention.id}"
    page = unescape(browser.get(path).text)
    assert '<span class="matched" dir="auto">trash</span> <span class="matched" dir="auto">holiday</span>' in page
    assert 'data-key="answer"' in page
    assert GENERAL in page, "until somebody chooses the card, the draft states no facts"
    assert browser.decide(mention.id or 0, f"answer/{card_id}").status_code == 303
    reply = reply_to(desk, mention)
    assert (reply.text, reply.language, reply.card_id) == (SHORT, "en", card_id), "the long one does not fit X"
    assert "source: https://example.org/trash" in browser.get(path).text
    with desk.database.read() as session:
        said = session.exec(select(AuditEntry.why).where(AuditEntry.about == "Reply")).all()
    assert f"answered from card {card_id}" in said


def test_where_there_is_room_the_long_answer_is_put_in(desk: Running, supervisor: StaffUser) -> None:
    card_id, mention = made(desk, supervisor), asked(desk, channel=Channel.TELEGRAM)
    desk.browser_of(desk.staff()).decide(mention.id or 0, f"answer/{card_id}")
    assert reply_to(desk, mention).text == LONG


def test_the_answer_is_in_the_residents_language_where_the_card_has_it(desk: Running, supervisor: StaffUser) -> None:
    card_id, browser = made(desk, supervisor), desk.browser_of(supervisor)
    spanish = {**FORM, "language": "es", "short_text": "Un día después.", "long_text": "", "short_checked": ""}
    browser.post(f"/cards/{card_id}", f"/cards/{card_id}?language=es", **spanish)
    mention = asked(desk, "¿Recogen la basura el feriado?", language="es")
    page = unescape(browser.get(f"/mentions/{mention.id}").text)
    assert '<span class="matched" dir="auto">basura</span>' in page
    assert "Spanish, checked by a speaker: no" in page
    browser.decide(mention.id or 0, f"answer/{card_id}")
    assert (reply_to(desk, mention).text, reply_to(desk, mention).language) == ("Un día después.", "es")


def test_a_card_that_is_out_of_date_is_marked_and_never_suggested(desk: Running, supervisor: StaffUser) -> None:
    card_id = made(desk, supervisor, expires_on="2026-03-09")
    other = {"question": "How do I get a bin?", "keywords": "", "short_text": "Ask us.", "long_text": ""}
    soon = made(desk, supervisor, expires_on="2026-03-12", **other)
    mention, browser = asked(desk), desk.browser_of(supervisor)
    page = browser.get("/cards").text
    assert "out of date since" in page
    assert "in 2 days" in page
    assert FORM["question"] in browser.get("/cards?show=expired").text
    assert FORM["question"] not in browser.get("/cards?show=expiring").text
    assert "No card answers this" in browser.get(f"/mentions/{mention.id}").text
    refused = browser.decide(mention.id or 0, f"answer/{card_id}")
    assert refused.status_code == 422
    assert "out of date since 2026-03-09" in refused.text
    assert reply_to(desk, mention).text == GENERAL
    assert soon != card_id


def test_no_card_no_facts_and_the_question_is_counted(desk: Running, supervisor: StaffUser) -> None:
    made(desk, supervisor)
    for text in ("Where do I vote in district 4?", "where can we vote early", "Vote by mail, how?", QUESTION):
        mention = asked(desk, text)
    first = asked(desk, "Who is the new inspector?")
    browser = desk.browser_of(supervisor)
    assert "so the draft states no facts" in browser.get(f"/mentions/{first.id}").text
    page = unescape(browser.get("/cards/missing").text)
    assert page.index("vote") < page.index("asked once each")
    assert '<td class="num">3</td>' in page
    assert "/cards/new?service=&keywords=vote" in page
    assert f"/mentions/{mention.id}" not in page, "a question that a card answers is not missing one"


def test_a_text_of_ours_is_put_in_filled_with_what_is_known_and_what_was_typed(
    desk: Running, supervisor: StaffUser
) -> None:
    body = "The city has closed your request about [problem]. Its number is {number}. The reason: [reason]."
    mention = asked(desk)
    with desk.rows() as session:
        session.add(ReplyTemplate(key=Key.STATUS_NO_ACTION.value, language="en", version=3, body=body))
        draft_request(session, mention)
    browser = desk.browser_of(desk.staff())
    refused = browser.decide(mention.id or 0, "wording", wording="status_no_action", said_reason="")
    assert (refused.status_code, "Say the reason" in refused.text) == (422, True)
    done = browser.decide(
        mention.id or 0, "wording", wording="status_no_action", said_reason="nothing {date} was left."
    )
    assert done.status_code == 303
    reply = reply_to(desk, mention)
    assert reply.text == (
        "The city has closed your request about Pothole repair. Its number is {number}. "
        "The reason: nothing (date) was left."
    )
    assert (reply.template_key, reply.template_version) == ("status_no_action", 3)
    assert browser.decide(mention.id or 0, "wording", wording="nothing").status_code == 404


def test_where_a_text_of_ours_is_too_long_the_shorter_one_is_put_in(desk: Running, supervisor: StaffUser) -> None:
    long = "[problem]: closed without work. Its number is {number}. The reason: [reason]. " + "We are sorry. " * 15
    mention = asked(desk)
    with desk.rows() as session:
        for key, body in (("status_no_action", long), ("status_no_action_short", "{number}: closed, [reason].")):
            session.add(ReplyTemplate(key=key, language="en", body=body))
        draft_request(session, mention)
    browser = desk.browser_of(desk.staff())
    browser.decide(mention.id or 0, "wording", wording="status_no_action", said_reason="done")
    reply = reply_to(desk, mention)
    assert (reply.text, reply.template_key) == ("{number}: closed, done.", "status_no_action_short")


def test_a_viewer_is_offered_nothing_to_put_in(desk: Running, supervisor: StaffUser) -> None:
    card_id, mention = made(desk, supervisor), asked(desk)
    with desk.rows() as session:
        viewer = make_staff(session, "Vic Ewer", Role.VIEWER)
    browser = desk.browser_of(viewer)
    assert "Put it into the reply" not in browser.get(f"/mentions/{mention.id}").text
    path = f"/mentions/{mention.id}"
    assert browser.post(f"{path}/answer/{card_id}", "/account").status_code == 403
    assert browser.post(f"{path}/wording", "/account", wording="help").status_code == 403


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Is the garbage collected on the holiday?", "When is trash collected in a week with a holiday?"),
        ("¿Dónde consigo un contenedor de reciclaje?", "How do I get a recycling bin?"),
        ("节日期间垃圾怎么收？", "When is trash collected in a week with a holiday?"),
        ("Is the library a cooling place when it is hot?", "Where is a cooling centre open when it is hot?"),
        ("How do I get there?", None),
        ("Who is the mayor and when is the parade?", None),
    ],
)
def test_a_question_finds_its_card_in_any_language_the_card_has(question: str, first: str | None) -> None:
    cards = []
    answers = []
    for number, (card, said) in enumerate(load_cards(NOON), start=1):
        card.id = number
        for one in said:
            one.card_id = number
        cards.append(card)
        answers += said
    found = matching(cards, answers, question, NOON.date())
    assert (found[0].card.question if found else None) == first


def test_small_words_tell_nothing_and_neighbouring_characters_are_a_word() -> None:
    assert list(telling_words("How do I get a new recycling bin, please?").values()) == ["new", "recycling", "bin"]
    assert list(telling_words("请问垃圾什么时候收").values()) == ["垃圾"]
