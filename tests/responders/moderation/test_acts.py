"""Acts of moderation: captured first, under a clause, by people, for a time."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import (
    Attachment,
    AuditEntry,
    Channel,
    ChatEntry,
    ChatPart,
    ModerationKind,
    ModerationState,
    OnNetwork,
    Post,
    Role,
)
from models.posts import AttachmentKind, PostKind
from responders.claims import NotYours
from responders.deciding import NotApproved, NotFound
from responders.moderation import hidden_acts, muted
from responders.moderation.acts import Proposal, decide, expire, lift, propose
from responders.moderation.capturing import seal
from tests.responders.moderation.stage import Stage

HIDE, MUTE, BLOCK = ModerationKind.HIDE, ModerationKind.MUTE, ModerationKind.BLOCK


def test_a_hide_is_in_force_at_once_and_the_post_was_captured_first(on_either: Stage) -> None:
    stage = on_either
    mention_id, staff = stage.mention("we will come to your house tonight"), stage.staff()
    post = stage.post_of(mention_id)
    with stage.database.write() as session:
        session.add(
            Attachment(post_id=post.id or 0, channel_file_id="p1", kind=AttachmentKind.PHOTO, alt_text="a door")
        )
        edited = post.model_dump(exclude={"id"}) | {"channel_post_id": "edited-1", "text": "we will come at nine"}
        session.add(Post(**edited))
    act = stage.act(propose(stage.desk, stage.proposal(mention_id), staff))
    assert (act.state, act.decided_by, act.on_network) == (ModerationState.IN_FORCE, staff, OnNetwork.ASKED)
    assert act.captured["post"]["text"] == "we will come at nine"
    assert [one["text"] for one in act.captured["versions"]] == [
        "we will come to your house tonight",
        "we will come at nine",
    ]
    assert act.captured["attachments"] == [{"id": "p1", "kind": "photo", "alt_text": "a door"}]
    assert act.captured["author"]["handle"].startswith("resident_")
    assert act.captured_sha256 == seal(act.captured)
    assert act.clause_words.startswith("Posts that threaten")


def test_the_hash_shows_any_change_of_the_capture(stage: Stage) -> None:
    act = stage.act(propose(stage.desk, stage.proposal(stage.mention()), stage.staff()))
    changed = act.captured | {"post": act.captured["post"] | {"text": "we will come to your house tonight."}}
    assert seal(changed) != act.captured_sha256


def test_no_word_of_the_resident_reaches_the_audit(stage: Stage) -> None:
    mention_id, staff = stage.mention("zebra crossing gone"), stage.staff()
    lift(stage.desk, propose(stage.desk, stage.proposal(mention_id), staff), staff)
    with stage.database.read() as session:
        said = " ".join(one.why for one in session.exec(select(AuditEntry)).all())
    assert "zebra" not in said
    assert "captured post" in said


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DRAFTER, Role.APPROVER, Role.CHAT_GUEST])
def test_whoever_may_not_moderate_does_not(stage: Stage, role: Role) -> None:
    with pytest.raises(NotYours, match="Moderators and supervisors moderate"):
        propose(stage.desk, stage.proposal(stage.mention()), stage.staff(role))


@pytest.mark.parametrize(("part", "may"), [(ChatPart.HOST, True), (ChatPart.MODERATOR, True), (ChatPart.GUEST, False)])
def test_in_a_chat_those_who_run_it_may_hide_on_its_board(stage: Stage, part: ChatPart, may: bool) -> None:
    host = stage.staff(Role.DRAFTER)
    entry = stage.entry(stage.chat(host, part), stage.mention())
    wanted = stage.proposal(None, entry_id=entry)
    if not may:
        with pytest.raises(NotYours):
            propose(stage.desk, wanted, host)
        return
    act_id = propose(stage.desk, wanted, host)
    with stage.database.read() as session:
        assert session.get_one(ChatEntry, entry).hidden_by == act_id
    lift(stage.desk, act_id, host)
    with stage.database.read() as session:
        assert session.get_one(ChatEntry, entry).hidden_by is None


def test_off_topic_counts_within_a_chat_alone_and_only_hides(stage: Stage) -> None:
    staff, mention_id = stage.staff(), stage.mention("anybody up for chess")
    off_topic = stage.clause("off_topic")
    with pytest.raises(NotApproved, match="within a tweet chat alone"):
        propose(stage.desk, stage.proposal(mention_id, clause_id=off_topic), staff)
    entry = stage.entry(stage.chat(staff), mention_id)
    with pytest.raises(NotApproved, match="does not permit to mute"):
        propose(stage.desk, stage.proposal(None, MUTE, entry_id=entry, clause_id=off_topic), staff)
    propose(stage.desk, stage.proposal(None, entry_id=entry, clause_id=off_topic), staff)


def test_an_act_needs_a_clause_in_force_and_a_reason(stage: Stage) -> None:
    staff, mention_id = stage.staff(), stage.mention()
    with pytest.raises(NotApproved, match="Choose the clause"):
        propose(stage.desk, stage.proposal(mention_id, clause_id=999), staff)
    with pytest.raises(NotApproved, match="Say what of the post"):
        propose(stage.desk, stage.proposal(mention_id, why="  "), staff)


def test_an_act_ends_and_never_later_than_its_clause_allows(stage: Stage) -> None:
    staff, now = stage.staff(), stage.clock()
    spam = stage.clause("spam")
    with pytest.raises(NotApproved, match="90 days at most"):
        propose(stage.desk, stage.proposal(stage.mention(), clause_id=spam, expires_at=now + timedelta(days=91)), staff)
    with pytest.raises(NotApproved, match="end before it begins"):
        propose(stage.desk, stage.proposal(stage.mention(), expires_at=now - timedelta(days=1)), staff)
    usual = [
        stage.act(propose(stage.desk, stage.proposal(stage.mention(), one), staff)).expires_at
        for one in (HIDE, MUTE, BLOCK)
    ]
    assert [(one - now).days for one in usual] == [365, 7, 30]


def test_a_block_waits_for_a_second_and_different_person(on_either: Stage) -> None:
    stage = on_either
    first, second, mention_id = stage.staff(), stage.staff(Role.SUPERVISOR), stage.mention()
    act_id = propose(stage.desk, stage.proposal(mention_id, BLOCK), first)
    author = stage.row(mention_id).author_id
    with stage.database.read() as session:
        assert muted(session, [author], stage.clock()) == {}
    with pytest.raises(NotYours, match="second, different person"):
        decide(stage.desk, act_id, first, agreed=True)
    with pytest.raises(NotYours, match="moderator or a supervisor decides"):
        decide(stage.desk, act_id, stage.staff(Role.APPROVER), agreed=True)
    decide(stage.desk, act_id, second, agreed=True)
    act = stage.act(act_id)
    assert (act.state, act.proposed_by, act.decided_by) == (ModerationState.IN_FORCE, first, second)
    with stage.database.read() as session:
        assert muted(session, [author], stage.clock())[author].id == act_id


def test_a_block_that_is_refused_or_taken_back_has_no_effect(stage: Stage) -> None:
    first, second = stage.staff(), stage.staff()
    refused = propose(stage.desk, stage.proposal(stage.mention(), BLOCK), first)
    decide(stage.desk, refused, second, agreed=False)
    taken_back = propose(stage.desk, stage.proposal(stage.mention(), BLOCK), first)
    decide(stage.desk, taken_back, first, agreed=False)
    assert {stage.act(one).state for one in (refused, taken_back)} == {ModerationState.REFUSED}
    with pytest.raises(NotApproved, match="does not wait"):
        decide(stage.desk, refused, second, agreed=True)
    with pytest.raises(NotApproved, match="not in force"):
        lift(stage.desk, refused, second)


def test_a_hidden_post_stays_hidden_when_it_is_edited_and_its_text_is_not_touched(stage: Stage) -> None:
    mention_id = stage.mention()
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    post = stage.post_of(mention_id)
    with stage.database.write() as session:
        newer = Post(**(post.model_dump(exclude={"id"}) | {"channel_post_id": "newer"}))
        session.add(newer)
        session.flush()
        found = hidden_acts(session, [post.id or 0, newer.id or 0, 999], stage.clock())
        assert {one.id for one in found.values()} == {act_id}
        assert set(found) == {post.id, newer.id}
    assert stage.post_of(mention_id).text == "we will come to your house tonight"


def test_an_expired_act_has_no_effect_before_any_round_has_seen_it(stage: Stage) -> None:
    mention_id, staff = stage.mention(), stage.staff()
    hide, mute = (
        propose(stage.desk, stage.proposal(mention_id), staff),
        propose(stage.desk, stage.proposal(mention_id, MUTE), staff),
    )
    post, author = stage.post_of(mention_id).id or 0, stage.row(mention_id).author_id
    with stage.database.read() as session:
        assert hidden_acts(session, [post], stage.clock())[post].id == hide
        assert muted(session, [author], stage.clock())[author].id == mute
    stage.clock.forward(days=366)
    with stage.database.read() as session:
        assert hidden_acts(session, [post], stage.clock()) == muted(session, [author], stage.clock()) == {}


def test_the_round_ends_what_is_over_and_puts_away_what_nobody_decided(on_either: Stage) -> None:
    stage = on_either
    staff = stage.staff()
    over = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)
    undecided = propose(stage.desk, stage.proposal(stage.mention(), BLOCK), staff)
    lasting = propose(stage.desk, stage.proposal(stage.mention()), staff)
    stage.clock.forward(days=31)
    with stage.database.write() as session:
        assert expire(session, stage.clock()) == 2
    states = [stage.act(one).state for one in (over, undecided, lasting)]
    assert states == [ModerationState.EXPIRED, ModerationState.REFUSED, ModerationState.IN_FORCE]


def test_there_is_one_act_of_a_kind_at_a_time(stage: Stage) -> None:
    mention_id, staff = stage.mention(), stage.staff()
    first = propose(stage.desk, stage.proposal(mention_id), staff)
    with pytest.raises(NotApproved, match=f"act {first}"):
        propose(stage.desk, stage.proposal(mention_id), staff)
    lift(stage.desk, first, staff)
    propose(stage.desk, stage.proposal(mention_id), staff)


def test_what_is_deleted_ours_private_or_unknown_is_not_hidden(stage: Stage) -> None:
    staff, gone, ours = stage.staff(), stage.mention(), stage.mention()
    stage.forget(gone)
    with pytest.raises(NotApproved, match="Its author deleted the post"):
        propose(stage.desk, stage.proposal(gone), staff)
    entry = stage.entry(stage.chat(staff), ours)
    with stage.database.write() as session:
        session.get_one(Post, stage.post_of(ours).id).kind = PostKind.OWN
    with pytest.raises(NotApproved, match="This post is ours"):
        propose(stage.desk, stage.proposal(None, entry_id=entry), staff)
    with pytest.raises(NotFound):
        propose(stage.desk, stage.proposal(12345), staff)
    with pytest.raises(NotFound):
        propose(stage.desk, Proposal(HIDE, stage.clause(), "spam", entry_id=4711), staff)


def test_the_capture_stays_when_its_author_deletes_the_post(stage: Stage) -> None:
    mention_id = stage.mention("we know where you park", Channel.X)
    act_id = propose(stage.desk, stage.proposal(mention_id), stage.staff())
    stage.forget(mention_id)
    assert stage.post_of(mention_id).text == ""
    act = stage.act(act_id)
    assert act.captured["post"]["text"] == "we know where you park"
    assert act.captured_sha256 == seal(act.captured)
