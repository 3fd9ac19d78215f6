"""How many people have to approve: the rules on their own, and two keys from end to end against the simulator."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from hark311.console.words import LANGUAGES
from models import (
    Channel,
    Database,
    HandedOn,
    Intent,
    KeyRule,
    Mention,
    MentionState,
    Post,
    Reply,
    ReplyState,
    Role,
    RuleAbout,
    Service,
    StaffUser,
)
from models.deletion import forget_post
from models.threads import newest_inbound
from responders.keys import ALONE, Case, in_period, judge
from responders.objections import MoreRequest, RequestFields
from responders.review import Decided, Desk, NotYours
from tests.rows import MORNING, a_mention, a_reply
from tests.town import Town

POTHOLE = "There is a deep pothole at 5th and Market St, a car lost its tire"
LAW = "Our attorney will call you."


def a_rule(about: RuleAbout, *wanted: str, keys: int = 2, hold: int | None = None) -> KeyRule:
    return KeyRule(about=about, label="A rule", wanted=list(wanted), keys=keys, hold_seconds=hold, made_at=MORNING)


def a_case(text: str = "Thank you.", language: str = "en", *, danger: bool = False, ready_911: bool = False) -> Case:
    return Case(
        account="x",
        intents=frozenset({Intent.EMERGENCY if danger else Intent.COMPLAINT}),
        service_code="POTHOLE",
        service="Pothole",
        language=language,
        texts=[("reply", text), ("post", "my street")],
        who="Mae Jones",
        reads=["en", "es"],
        ready_911=ready_911,
    )


@pytest.mark.parametrize(
    ("rule", "case", "why"),
    [
        (a_rule(RuleAbout.INTENT, "complaint"), a_case(), "Two keys: they complain."),
        (a_rule(RuleAbout.INTENT, "praise"), a_case(), ""),
        (a_rule(RuleAbout.SERVICE, "POTHOLE"), a_case(), "Two keys: it is about Pothole."),
        (a_rule(RuleAbout.ACCOUNT, "x"), a_case(), "Two keys: it goes out on the account x."),
        (a_rule(RuleAbout.ACCOUNT, "telegram"), a_case(), ""),
        (a_rule(RuleAbout.UNREAD_LANGUAGE), a_case(language="vi"), "Two keys: Mae Jones does not read Vietnamese."),
        (a_rule(RuleAbout.UNREAD_LANGUAGE), a_case(language="es"), ""),
        (a_rule(RuleAbout.ELECTION), a_case(), "Two keys: A rule."),
        (a_rule(RuleAbout.RISK_WORDS, "my street"), a_case(), "Two keys: the post holds 'my street'."),
        (a_rule(RuleAbout.RISK_WORDS, "law*"), a_case("A Lawsuit"), "Two keys: the reply holds 'Lawsuit'."),
        (a_rule(RuleAbout.RISK_WORDS, "law"), a_case("A lawsuit"), ""),
        (a_rule(RuleAbout.RISK_WORDS, "sue you"), a_case("we  sue\nyou"), "Two keys: the reply holds 'sue\\nyou'."),
        (a_rule(RuleAbout.RISK_WORDS, "律师"), a_case("请联系律师。"), "Two keys: the reply holds '律师'."),
        (a_rule(RuleAbout.RISK_WORDS, "luật sư"), a_case("Luật sư"), "Two keys: the reply holds 'Luật sư'."),
        (a_rule(RuleAbout.RISK_WORDS, "محام"), a_case("المحامي"), "Two keys: the reply holds 'محام'."),
        (a_rule(RuleAbout.RISK_WORDS, "my street"), a_case(danger=True, ready_911=True), ""),
        (a_rule(RuleAbout.INTENT, "emergency"), a_case(danger=True, ready_911=True), "Two keys: it is an emergency."),
        (a_rule(RuleAbout.SERVICE, "POTHOLE", keys=1, hold=90), a_case(), "Held for 90 seconds: it is about Pothole."),
    ],
)
def test_a_rule_says_in_a_sentence_why_it_touches_a_reply(rule: KeyRule, case: Case, why: str) -> None:
    keys = judge([rule], case)
    assert keys.reasons == ((why,) if why else ())
    assert keys.count == (2 if why.startswith("Two") else 1)
    assert keys.hold == timedelta(seconds=rule.hold_seconds or 0 if why else 0)


def test_a_rule_with_a_period_holds_from_its_first_day_until_its_last() -> None:
    rule = a_rule(RuleAbout.ELECTION)
    rule.begins_at, rule.ends_at = MORNING, MORNING + timedelta(days=2)
    inside = [in_period(rule, MORNING + timedelta(days=days)) for days in (-1, 0, 1, 2)]
    assert inside == [False, True, True, False]


def _heard(town: Town, said: str = POTHOLE) -> tuple[str, int]:
    post_id = town.simulator.say_on_x(said, author="dee_215")
    town.hear()
    return post_id, town.mention_of(post_id).id or 0


def test_a_deleted_post_takes_the_words_that_were_handed_on_with_it(town: Town) -> None:
    post_id, mention_id = _heard(town)
    town.approve(mention_id, LAW)
    with town.database.write() as session:
        post = session.exec(select(Post).where(Post.channel_post_id == post_id)).one()
        forget_post(session, post, "listener", "deleted", town.clock())
    with town.database.read() as session:
        row = session.exec(select(HandedOn)).one()
    assert (row.text, row.request, row.ended_because) == ("", None, "deleted")
    assert not town.mention_of(post_id).second_key


def test_a_drafter_hands_in_and_nobody_without_the_power_decides(town: Town) -> None:
    _, mention_id = _heard(town)
    with town.database.write() as session:
        drafter = StaffUser(username="dana", display_name="Dana Fox", role=Role.DRAFTER, reads=list(LANGUAGES))
        session.add(drafter)
        session.flush()
        dana = drafter.id or 0
    with pytest.raises(NotYours, match="may not approve"):
        town.approve(mention_id, "Thank you.", staff_id=dana)
    town.desk.hand_in(mention_id, dana, town.seen(mention_id, "Thank you.", file_request=False))
    assert town.reply_to(mention_id).state == ReplyState.IN_REVIEW
    with town.database.read() as session:
        assert session.exec(select(Reply.approved_at)).one() is None
    assert not town.approve(mention_id, "Thank you.", file_request=False).first_key


def test_the_ready_911_text_waits_for_one_person_only(town: Town) -> None:
    post_id = town.simulator.say_on_x("gas leak at 5th and Market, my lawyer smells gas", author="dee_215")
    town.hear()
    mention = town.mention_of(post_id)
    assert mention.danger
    assert not town.approve(mention.id, file_request=False).first_key


def test_a_longer_hold_of_a_rule_is_kept(town: Town) -> None:
    _, mention_id = _heard(town)
    with town.database.write() as session:
        session.add(a_rule(RuleAbout.ACCOUNT, town.account("x").name, keys=1, hold=600))
    town.approve(mention_id, "Thank you.", file_request=False)
    reply = town.reply_to(mention_id)
    assert reply.approved_at is not None
    assert reply.not_before == reply.approved_at + timedelta(seconds=600)


def test_who_is_alone_at_the_desk_is_told_how_a_second_key_can_come(town: Town) -> None:
    _, mention_id = _heard(town)
    decided = town.seen(mention_id, LAW)
    with town.database.read() as session:
        people = session.exec(select(StaffUser.id)).all()
    needs = town.desk.keys(mention_id, people[0] or 0, decided)
    assert (needs.count, ALONE in needs.reasons) == (2, len(people) == 1)
    town.hire("Sam Lee")
    assert ALONE not in town.desk.keys(mention_id, people[0] or 0, decided).reasons
    with town.database.write() as session:
        for other in session.exec(select(StaffUser).where(StaffUser.id != people[0])).all():
            other.active = False
            session.add(other)
    assert ALONE in town.desk.keys(mention_id, people[0] or 0, decided).reasons


@pytest.fixture
def desk(either_database: Database) -> Desk:
    """Three approvers, whose ids are 1 to 3, and two services."""
    with either_database.write() as session:
        session.add_all(Service(service_code=f"SR-{name}", service_name=name) for name in ("Pothole", "Light"))
        for name in ("mae", "sam", "ida"):
            session.add(StaffUser(username=name, display_name=name.title(), role=Role.APPROVER))
            session.flush()
    return Desk(either_database, lambda _, text: len(text), lambda _: [], clock=lambda: MORNING)


def waiting(desk: Desk, rule: KeyRule) -> tuple[int, Decided]:
    """A drafted mention about a pothole under this rule, and a decision to send its reply alone."""
    with desk.database.write() as session:
        mention = a_mention(session, channel=Channel.TELEGRAM)
        mention.state, mention.service_code = MentionState.DRAFTED, "SR-Pothole"
        a_reply(session, mention)
        session.add(rule)
        return mention.id or 0, Decided(mention.version, newest_inbound(session, mention), "Thank you.", "en", None)


@pytest.mark.parametrize(
    ("wanted", "first", "added", "file", "why"),
    [
        ("SR-Light", "SR-Pothole", "SR-Light", True, "it is about Light"),
        ("SR-Light", None, "SR-Light", True, "it is about Light"),
        ("SR-Light", "SR-Pothole", "SR-Light", False, ""),
        ("SR-Light", "SR-Pothole", None, True, ""),
        ("SR-Light", "SR-Light", "SR-Pothole", True, "it is about Light"),
        ("SR-Pothole", None, "SR-Light", True, "it is about Pothole"),  # what they wrote about, as far as we know
        ("SR-Pothole", "SR-Light", "SR-Light", True, ""),  # a person knows better
    ],
)
def test_a_rule_about_a_service_looks_at_every_request_that_is_to_be_filed(
    desk: Desk, wanted: str, first: str | None, added: str | None, *, file: bool, why: str
) -> None:
    mention_id, decided = waiting(desk, a_rule(RuleAbout.SERVICE, wanted))
    decided = replace(
        decided,
        request=RequestFields(first, "the first one") if first else None,
        more=(MoreRequest(7, RequestFields(added, "the other one"), file),),
    )
    keys = desk.keys(mention_id, 1, decided)
    assert (keys.count, keys.reasons) == ((2, (f"Two keys: {why}.",)) if why else (1, ()))


def leaves(staff: StaffUser) -> None:
    staff.active = False


def may_only_draft(staff: StaffUser) -> None:
    staff.role = Role.DRAFTER


@pytest.mark.parametrize("change", [leaves, may_only_draft])
def test_a_first_key_counts_only_while_its_giver_may_approve(desk: Desk, change: Callable[[StaffUser], None]) -> None:
    mention_id, decided = waiting(desk, a_rule(RuleAbout.ELECTION))

    def is_first(staff_id: int) -> bool:
        desk.claim(mention_id, staff_id)
        return desk.approve(mention_id, staff_id, decided).first_key

    assert is_first(1)
    with desk.database.write() as session:
        giver = session.get_one(StaffUser, 1)
        change(giver)
        session.add(giver)
    assert is_first(2)
    with desk.database.read() as session:
        assert session.get_one(Mention, mention_id).state == MentionState.DRAFTED
    assert not is_first(3)
