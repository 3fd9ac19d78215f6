"""Standing approvals: what they cover, who may give them, and everything that stops one (invariant 3)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from hark311.starter import load_templates
from models import (
    Account,
    AuditEntry,
    Author,
    Channel,
    Conversation,
    Database,
    Mention,
    MentionState,
    Post,
    Purpose,
    Reply,
    ReplyState,
    ReplyTemplate,
    RequestState,
    Review,
    Role,
    ServiceRequest,
    StaffUser,
    StandingApproval,
    Understanding,
)
from models.posts import PostKind
from responders.drafting import DraftedReply, Key
from responders.may_reply import Speaking
from responders.standing import (
    BY,
    CAN_GO_ALONE,
    ONCE,
    NotSwitchedOn,
    Standing,
    switch_all_off,
    switch_off,
    switch_on,
    templates_of,
    version_of,
    why_no_longer,
)
from tests.rows import MORNING, a_mention, a_reply, a_request

WORDINGS = [one for one in load_templates() if one.language in ("en", "es")]
HELP_TEXT = next(one.body for one in WORDINGS if (one.key, one.language) == (Key.HELP, "en"))
LATER = MORNING + timedelta(minutes=1)
YEAR = timedelta(days=365)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One open transaction, with all wordings and a supervisor in it."""
    with Session(database.engine) as session:
        session.add_all(ReplyTemplate(**one.model_dump()) for one in WORDINGS)
        session.add(StaffUser(username="mae", display_name="Mae Jones", role=Role.SUPERVISOR))
        session.flush()
        yield session


def mae(session: Session) -> StaffUser:
    return session.exec(select(StaffUser).where(StaffUser.username == "mae")).one()


def on(session: Session, account_id: int, key: Key = Key.HELP, **more: Any) -> StandingApproval:
    given = {"seen": version_of(templates_of(session), key, "en"), "until": MORNING + timedelta(days=9)} | more
    return switch_on(session, account_id, key, "en", staff=mae(session), now=MORNING, **given)


def asks_for_help(session: Session) -> tuple[Mention, Reply]:
    """Somebody sent /help in a private chat, and the answer is drafted."""
    mention = a_mention(session, "/help", Channel.TELEGRAM)
    mention.state, mention.needs_understanding = MentionState.DRAFTED, False
    session.get_one(Conversation, mention.conversation_id).private = True
    session.add(Understanding(mention_id=mention.id or 0, model_version="t", created_at=MORNING))
    reply = a_reply(session, mention, HELP_TEXT)
    reply.template_key, reply.template_version = Key.HELP, 1
    session.flush()
    return mention, reply


def drafted(key: Key = Key.HELP, text: str = HELP_TEXT, language: str = "en") -> DraftedReply:
    return DraftedReply(text, language, key.value, 1, Purpose.ACKNOWLEDGE, text)


def goes(
    session: Session, mention: Mention, reply: Reply, draft: DraftedReply | None = None, *, asked: bool = True
) -> bool:
    standing = Standing(lambda _channel, text: len(text))
    return standing.let_go(session, mention, reply, draft or drafted(), asked=asked, now=LATER) is not None


def test_without_any_approval_nothing_goes(session: Session) -> None:
    mention, reply = asks_for_help(session)
    assert not goes(session, mention, reply)
    assert (mention.state, reply.state) == (MentionState.DRAFTED, ReplyState.DRAFT)


def test_with_one_the_exact_words_go_in_the_name_of_the_supervisor(session: Session) -> None:
    mention, reply = asks_for_help(session)
    approval = on(session, mention.account_id)
    reply.text = "Hi Ann. " + HELP_TEXT
    assert goes(session, mention, reply)
    assert (mention.state, reply.state) == (MentionState.APPROVED, ReplyState.APPROVED)
    assert reply.approved_text == reply.approved_fallback == HELP_TEXT
    assert (reply.approved_by, reply.standing_approval_id) == (mae(session).id, approval.id)
    review = session.exec(select(Review)).one()
    assert review.staff_id == mae(session).id
    assert f"standing approval {approval.id}" in review.reason
    steps = session.exec(select(AuditEntry).where(AuditEntry.about == "Reply")).all()
    assert [step.to_state for step in steps] == ["in_review", "approved"]
    assert all(step.why == f"by standing approval {approval.id} of Mae Jones" for step in steps)


def asked_for_a_person(session: Session, mention: Mention) -> None:
    session.get_one(Conversation, mention.conversation_id).person_asked_at = MORNING


def told_us_to_stop(session: Session, mention: Mention) -> None:
    session.get_one(Author, mention.author_id).stopped_at = LATER


def in_danger(session: Session, mention: Mention) -> None:
    mention.danger = True


def another_danger_in_the_chat(session: Session, mention: Mention) -> None:
    other = a_mention(session, "fire", Channel.TELEGRAM)
    other.conversation_id, other.danger, other.state = mention.conversation_id, True, MentionState.DRAFTED


def wrote_something_newer(session: Session, mention: Mention) -> None:
    post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
    again = Post(**(post.model_dump() | {"id": None, "channel_post_id": "n", "edit_chain": "n", "mention_id": None}))
    again.kind = PostKind.MENTION
    session.add(again)


def to_be_understood_anew(session: Session, mention: Mention) -> None:
    mention.needs_understanding = True


def not_addressed(session: Session, mention: Mention) -> None:
    mention.addressed = False


def may_not_be_answered(session: Session, mention: Mention) -> None:
    mention.may_reply = False


def template_edited(session: Session, mention: Mention) -> None:
    session.add(ReplyTemplate(key=Key.HELP, language="en", version=2, body="Other words.", checked_by_speaker=True))


def check_withdrawn(session: Session, mention: Mention) -> None:
    session.exec(
        select(ReplyTemplate).where(ReplyTemplate.key == Key.HELP, ReplyTemplate.language == "en")
    ).one().checked_by_speaker = False


def expired(session: Session, mention: Mention) -> None:
    session.exec(select(StandingApproval)).one().expires_at = LATER


def switched_off(session: Session, mention: Mention) -> None:
    assert switch_off(session, session.exec(select(StandingApproval)).one().id or 0, mae(session), LATER)


def all_switched_off(session: Session, mention: Mention) -> None:
    assert switch_all_off(session, mae(session), LATER) == 1


def supervisor_left(session: Session, mention: Mention) -> None:
    mae(session).active = False


def supervisor_is_staff_now(session: Session, mention: Mention) -> None:
    mae(session).role = Role.APPROVER


def on_another_account(session: Session, mention: Mention) -> None:
    other = Account(name="second", channel=Channel.TELEGRAM)
    session.add(other)
    session.flush()
    session.exec(select(StandingApproval)).one().account_id = other.id or 0


def too_old(session: Session, mention: Mention) -> None:
    session.exec(select(Post).where(Post.mention_id == mention.id)).one().created_at = MORNING - timedelta(hours=73)


def from_before_we_began(session: Session, mention: Mention) -> None:
    session.get_one(Account, mention.account_id).began_at = LATER


IN_THE_CHAT = [asked_for_a_person, in_danger, another_danger_in_the_chat]
OF_THE_APPROVAL = [
    template_edited,
    check_withdrawn,
    expired,
    switched_off,
    all_switched_off,
    supervisor_left,
    supervisor_is_staff_now,
]
OF_THE_POST = [
    told_us_to_stop,
    wrote_something_newer,
    to_be_understood_anew,
    not_addressed,
    may_not_be_answered,
    on_another_account,
    too_old,
    from_before_we_began,
]
Happens = Callable[[Session, Mention], None]


@pytest.mark.parametrize("happens", IN_THE_CHAT + OF_THE_APPROVAL + OF_THE_POST, ids=lambda one: one.__name__)
def test_what_stops_a_standing_approval(session: Session, happens: Happens) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id)
    happens(session, mention)
    session.flush()
    assert not goes(session, mention, reply)
    assert (mention.state, reply.state) == (MentionState.DRAFTED, ReplyState.DRAFT)


@pytest.mark.parametrize("happens", IN_THE_CHAT + OF_THE_APPROVAL, ids=lambda one: one.__name__)
def test_what_stops_it_between_approval_and_sending(session: Session, happens: Happens) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id)
    assert goes(session, mention, reply)
    assert why_no_longer(session, reply, mention, LATER) == ""
    happens(session, mention)
    session.flush()
    assert "does not hold any more" in why_no_longer(session, reply, mention, LATER)


def test_what_a_person_approved_is_not_stopped_by_that(session: Session) -> None:
    mention, reply = asks_for_help(session)
    asked_for_a_person(session, mention)
    assert why_no_longer(session, reply, mention, LATER) == ""


def test_the_confirmation_of_a_stop_may_go(session: Session) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id, Key.STOP_DONE)
    session.get_one(Author, mention.author_id).stopped_at = MORNING
    reply.template_key = Key.STOP_DONE
    assert goes(session, mention, reply, drafted(Key.STOP_DONE, "We will not write to you again."))


@pytest.mark.parametrize("key", sorted(set(Key) - set(CAN_GO_ALONE)))
def test_what_can_never_go_by_itself(session: Session, key: Key) -> None:
    mention, reply = asks_for_help(session)
    with pytest.raises(NotSwitchedOn):
        on(session, mention.account_id, key, seen=1)
    session.add(
        StandingApproval(
            account_id=mention.account_id,
            template_key=key,
            template_version=1,
            language="en",
            switched_on_by=mae(session).id or 0,
            switched_on_at=MORNING,
            expires_at=MORNING + YEAR,
        )
    )
    session.flush()
    assert not goes(session, mention, reply, drafted(key))


def test_free_words_never_go(session: Session) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id)
    assert not goes(session, mention, reply, DraftedReply(HELP_TEXT, "en", Key.HELP, 1, Purpose.ACKNOWLEDGE))


def test_a_number_goes_only_where_the_city_gave_one(session: Session) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id, Key.STATUS_CLOSED)
    told = drafted(Key.STATUS_CLOSED, "Its number is {number}.")
    assert not goes(session, mention, reply, told)
    request = a_request(session, a_mention(session))
    reply.request_id = request.id
    assert not goes(session, mention, reply, told)
    request.state, request.service_request_id = RequestState.SUBMITTED, "24-001"
    assert goes(session, mention, reply, told)
    assert reply.approved_text == "Its number is {number}."


def test_words_that_do_not_fit_the_channel_wait_for_a_person(session: Session) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id)
    assert not goes(session, mention, reply, drafted(text="a" * 4097))


def test_the_first_private_message_that_has_to_name_the_privacy_page_waits_for_a_person(session: Session) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id)
    rules = {"test-telegram": Speaking(privacy_url="https://example.org/privacy")}
    standing = Standing(lambda _channel, text: len(text), rules)
    assert standing.let_go(session, mention, reply, drafted(), asked=True, now=LATER) is None
    session.get_one(Conversation, mention.conversation_id).first_contact_at = MORNING
    assert standing.let_go(session, mention, reply, drafted(), asked=True, now=LATER)


def unsure(understanding: Understanding, request: ServiceRequest) -> None:
    understanding.abstained = True


def failed(understanding: Understanding, request: ServiceRequest) -> None:
    understanding.failure = "it broke"


def complete(understanding: Understanding, request: ServiceRequest) -> None:
    request.missing = []


def touched(understanding: Understanding, request: ServiceRequest) -> None:
    request.revision = 2


@pytest.mark.parametrize("happens", [None, unsure, failed, complete, touched])
def test_a_question_to_a_report_goes_only_where_all_is_plain_and_no_report_is_lost(
    session: Session, happens: Callable[[Understanding, ServiceRequest], None] | None
) -> None:
    mention, reply = asks_for_help(session)
    on(session, mention.account_id, Key.ASK_PLACE)
    request = a_request(session, mention)
    request.missing = ["place"]
    if happens:
        happens(session.exec(select(Understanding)).one(), request)
    session.flush()
    assert goes(session, mention, reply, drafted(Key.ASK_PLACE, "Where is it?"), asked=False) is (happens is None)
    assert request.state == (RequestState.DRAFT if happens else RequestState.CANCELLED)


def test_a_change_of_one_line_ends_the_approval_of_the_list_it_is_in(session: Session) -> None:
    mention, _ = asks_for_help(session)
    approval = on(session, mention.account_id, Key.CASES_LIST)
    assert version_of(templates_of(session), Key.CASES_LIST, "en") == approval.template_version
    line = ReplyTemplate(
        key=Key.CASE_OPEN, language="en", version=2, body="x {number}. {date}.", checked_by_speaker=True
    )
    session.add(line)
    session.flush()
    assert version_of(templates_of(session), Key.CASES_LIST, "en") != approval.template_version


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"seen": 7}, "changed meanwhile"),
        ({"until": MORNING}, "a day after today"),
        ({"until": MORNING + YEAR + timedelta(days=1)}, "a year at most"),
    ],
)
def test_why_one_is_not_given(session: Session, wrong: dict[str, Any], reason: str) -> None:
    mention, _ = asks_for_help(session)
    with pytest.raises(NotSwitchedOn, match=reason):
        on(session, mention.account_id, **wrong)
    assert session.exec(select(StandingApproval)).all() == []


def test_only_a_supervisor_gives_one_and_only_in_a_language_a_speaker_has_checked(session: Session) -> None:
    mention, _ = asks_for_help(session)
    with pytest.raises(NotSwitchedOn, match="no speaker"):
        switch_on(session, mention.account_id, Key.HELP, "es", seen=1, until=LATER, staff=mae(session), now=MORNING)
    mae(session).role = Role.APPROVER
    session.flush()
    with pytest.raises(NotSwitchedOn, match="Only a supervisor"):
        on(session, mention.account_id)


def test_switching_on_again_takes_the_place_of_the_earlier_one(session: Session) -> None:
    mention, _ = asks_for_help(session)
    first, second = on(session, mention.account_id), on(session, mention.account_id)
    assert first.switched_off_at is not None
    assert second.switched_off_at is None
    assert not switch_off(session, first.id or 0, mae(session), LATER)


@pytest.mark.parametrize(
    ("channel", "wrote_again", "second_goes"),
    [(Channel.X, False, False), (Channel.X, True, True), (Channel.TELEGRAM, False, True)],
)
def test_on_x_a_second_reply_to_the_same_post_waits_for_a_person(
    session: Session, channel: Channel, wrote_again: bool, second_goes: bool
) -> None:
    mention = a_mention(session, "how is my pothole?", channel)
    mention.state, mention.needs_understanding = MentionState.DRAFTED, False
    session.add(Understanding(mention_id=mention.id or 0, model_version="t", created_at=MORNING))
    on(session, mention.account_id)
    first = a_reply(session, mention, HELP_TEXT)
    first.in_reply_to = mention.edit_chain
    assert goes(session, mention, first)
    first.state, mention.state, mention.round = ReplyState.SENT, MentionState.DRAFTED, 2
    if wrote_again:
        asked = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
        session.add(Post(**asked.model_dump() | {"id": None, "channel_post_id": "again", "edit_chain": "again"}))
    second = Reply(
        mention_id=mention.id, account_id=mention.account_id, round=2, purpose=Purpose.STATUS, changed_at=LATER
    )
    second.in_reply_to, second.text = "again" if wrote_again else mention.edit_chain, HELP_TEXT
    session.add(second)
    session.flush()
    assert goes(session, mention, second) is second_goes
    said = session.exec(select(AuditEntry.why).where(AuditEntry.about_id == second.id, AuditEntry.by == BY)).all()
    assert list(said) == ([] if second_goes else [ONCE])
