"""The networks are asked for what people decided, however often it takes, and everything is undone in time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from models import Channel, Freeze, Mention, MentionState, ModerationKind, ModerationState, OnNetwork
from models.threads import posts_of
from responders.errors import SendDeferred, SendRefused
from responders.moderation.acts import decide, lift, propose
from responders.moderation.rounds import ANOTHER_HOLDS, NO_ACCOUNT, ModerationRounds, moderate
from responders.protocol import Responder
from tests.responders.moderation.stage import Stage

HIDE, MUTE, BLOCK = ModerationKind.HIDE, ModerationKind.MUTE, ModerationKind.BLOCK


class Network:
    """A channel that can mute and block, and what it was asked for. `trouble`: raised once each."""

    channel = Channel.MASTODON

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.trouble: list[Exception] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def _do(self, what: str, author_id: str) -> None:
        self.asked.append((what, author_id))
        self.meanwhile()
        if self.trouble:
            raise self.trouble.pop(0)

    async def mute(self, author_id: str) -> None:
        await self._do("mute", author_id)

    async def unmute(self, author_id: str) -> None:
        await self._do("unmute", author_id)

    async def block(self, author_id: str) -> None:
        await self._do("block", author_id)

    async def unblock(self, author_id: str) -> None:
        await self._do("unblock", author_id)

    @property
    def whats(self) -> list[str]:
        return [what for what, _ in self.asked]


@pytest.fixture
def network() -> Network:
    return Network()


def _rounds(stage: Stage, network: Network | None) -> ModerationRounds:
    responders: dict[str, Responder] = {"test-mastodon": network} if network else {}  # type: ignore[dict-item]
    return ModerationRounds(stage.desk, responders)


async def _round(stage: Stage, network: Network | None) -> None:
    await moderate({"moderation": _rounds(stage, network)})


async def test_a_mute_is_asked_for_once_and_undone_when_it_ends(on_either: Stage, network: Network) -> None:
    stage = on_either
    mention_id = stage.mention()
    act_id = propose(stage.desk, stage.proposal(mention_id, MUTE), stage.staff())
    assert network.asked == []
    for _ in range(3):
        await _round(stage, network)
    assert network.whats == ["mute"]
    assert stage.act(act_id).on_network == OnNetwork.DONE
    stage.clock.forward(days=8)
    for _ in range(3):
        await _round(stage, network)
    assert network.whats == ["mute", "unmute"]
    assert (stage.act(act_id).state, stage.act(act_id).on_network) == (ModerationState.EXPIRED, OnNetwork.UNDONE)


async def test_a_block_is_not_asked_for_before_the_second_person(stage: Stage, network: Network) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(), BLOCK), stage.staff())
    await _round(stage, network)
    assert network.asked == []
    decide(stage.desk, act_id, stage.staff(), agreed=True)
    await _round(stage, network)
    assert network.whats == ["block"]


async def test_what_the_channel_does_not_offer_holds_on_the_desk_and_says_so(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    hidden = propose(stage.desk, stage.proposal(stage.mention()), staff)
    elsewhere = propose(stage.desk, stage.proposal(stage.mention(channel=Channel.X), MUTE), staff)
    await _round(stage, network)
    assert stage.act(hidden).on_network == stage.act(elsewhere).on_network == OnNetwork.CANNOT
    assert stage.act(hidden).network_detail == (
        "Mastodon offers us no way to hide somebody's post; it holds on the desk only."
    )
    assert stage.act(elsewhere).network_detail == NO_ACCOUNT
    lift(stage.desk, hidden, staff)
    await _round(stage, network)
    assert network.asked == []


async def test_a_refusal_is_kept_in_its_words(stage: Stage, network: Network) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), stage.staff())
    network.trouble = [SendRefused("The account is gone.")]
    await _round(stage, network)
    await _round(stage, network)
    assert (stage.act(act_id).on_network, stage.act(act_id).network_detail) == (
        OnNetwork.REFUSED,
        "The account is gone.",
    )
    assert network.whats == ["mute"]


async def test_a_wait_a_doubt_and_a_key_are_asked_again_in_their_time(stage: Stage, network: Network) -> None:
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), stage.staff())
    network.trouble = [
        SendDeferred(stage.clock() + timedelta(minutes=2), "wait"),
        TimeoutError(),
        SendRefused("the key", credentials=True),
    ]
    await _round(stage, network)
    await _round(stage, network)
    assert network.whats == ["mute"]
    for minutes in (2, 1, 10):
        stage.clock.forward(minutes=minutes)
        await _round(stage, network)
    assert network.whats == ["mute"] * 4
    assert stage.act(act_id).on_network == OnNetwork.DONE


async def test_what_was_never_asked_for_is_never_undone(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)
    lift(stage.desk, act_id, staff)
    await _round(stage, network)
    assert network.asked == []
    assert stage.act(act_id).on_network == OnNetwork.NOT_ASKED


async def test_what_may_have_been_done_is_undone(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)
    network.trouble = [TimeoutError()]
    await _round(stage, network)
    lift(stage.desk, act_id, staff)
    await _round(stage, network)
    assert network.whats == ["mute", "unmute"]
    assert stage.act(act_id).on_network == OnNetwork.UNDONE


async def test_what_is_lifted_while_the_network_is_asked_is_undone(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)

    def lift_meanwhile() -> None:
        network.meanwhile = lambda: None
        lift(stage.desk, act_id, staff)

    network.meanwhile = lift_meanwhile
    await _round(stage, network)
    await _round(stage, network)
    assert network.whats == ["mute", "unmute"]
    assert stage.act(act_id).on_network == OnNetwork.UNDONE


async def test_undoing_is_asked_for_until_it_is_done(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)
    await _round(stage, network)
    lift(stage.desk, act_id, staff)
    network.trouble = [SendRefused("no"), TimeoutError()]
    for _ in range(3):
        await _round(stage, network)
        stage.clock.forward(hours=1)
    assert network.whats == ["mute", "unmute", "unmute", "unmute"]
    assert stage.act(act_id).on_network == OnNetwork.UNDONE


async def test_an_end_does_not_undo_what_another_act_holds(stage: Stage, network: Network) -> None:
    staff, mention_id = stage.staff(), stage.mention()
    first = propose(stage.desk, stage.proposal(mention_id, MUTE), staff)
    await _round(stage, network)
    lift(stage.desk, first, staff)
    second = propose(stage.desk, stage.proposal(mention_id, MUTE), staff)
    await _round(stage, network)
    assert network.whats == ["mute", "mute"]
    assert stage.act(first).network_detail == ANOTHER_HOLDS
    lift(stage.desk, second, staff)
    await _round(stage, network)
    assert network.whats == ["mute", "mute", "unmute"]


async def test_nothing_is_asked_while_everything_is_frozen(stage: Stage, network: Network) -> None:
    staff = stage.staff()
    act_id = propose(stage.desk, stage.proposal(stage.mention(), MUTE), staff)
    with stage.database.write() as session:
        session.add(Freeze(frozen_by=staff, why="drill", frozen_at=stage.clock()))
    await _round(stage, network)
    assert network.asked == []
    assert stage.act(act_id).on_network == OnNetwork.ASKED


async def test_the_round_drafts_what_waited_for_its_mention(stage: Stage, network: Network) -> None:
    mention_id = stage.mention(state=MentionState.DRAFTED)
    act_id = propose(stage.desk, stage.proposal(mention_id, MUTE), stage.staff())
    await _round(stage, network)
    assert stage.act(act_id).notice_reply_id is None
    with stage.database.write() as session:
        session.get_one(Mention, mention_id).state = MentionState.REJECTED
    await _round(stage, network)
    assert stage.act(act_id).notice_reply_id
    with stage.database.read() as session:
        assert posts_of(session, mention_id)[0].text == "we will come to your house tonight"
