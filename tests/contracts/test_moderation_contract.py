"""What the channels do of an act of moderation: the real adapters, as the product wires them, against the simulator."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from models import Channel, ModerationKind
from responders.errors import SendDeferred, SendError, SendRefused, SendUncertain
from responders.moderation.networks import HAPPENS, call_for, not_offered, what_happens
from responders.protocol import Blockable, Hideable, Mutable, Responder
from responders.registry import RESPONDERS
from tests.contracts.conftest import Hear, Speak
from tests.contracts.stages import Stage

CAN: Mapping[Channel, frozenset[ModerationKind]] = {
    Channel.X: frozenset({ModerationKind.HIDE, ModerationKind.MUTE}),
    Channel.MASTODON: frozenset({ModerationKind.MUTE, ModerationKind.BLOCK}),
    Channel.BLUESKY: frozenset({ModerationKind.MUTE, ModerationKind.BLOCK}),
    Channel.TELEGRAM: frozenset(),
}

MUTES = [one for one in CAN if ModerationKind.MUTE in CAN[one]]
BLOCKS = [one for one in CAN if ModerationKind.BLOCK in CAN[one]]


@pytest.fixture(params=list(RESPONDERS), ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


def _rows(stage: Stage) -> set[tuple[str, str]]:
    """What our account has hidden, muted and blocked there."""
    with closing(sqlite3.connect(stage.simulator.settings.database)) as network:
        kept = set(network.execute("SELECT what, target FROM moderated WHERE channel = ?", (stage.channel.value,)))
        blocks = network.execute(
            "SELECT json_extract(record, '$.subject') FROM bsky_records "
            "WHERE collection = 'app.bsky.graph.block' AND deleted = 0"
        ).fetchall()
    return kept | ({("blocked", one) for (one,) in blocks} if stage.channel is Channel.BLUESKY else set())


def _author(stage: Stage, handle: str = "dee_215") -> str:
    """The id of a resident, as our listener stores it."""
    asked = {
        Channel.X: ("SELECT id FROM x_authors WHERE username = ?", handle),
        Channel.MASTODON: ("SELECT id FROM ms_accounts WHERE acct LIKE ? || '%'", handle),
        Channel.BLUESKY: ("SELECT did FROM bsky_people WHERE handle LIKE ? || '%'", handle.replace("_", "-")),
    }
    with closing(sqlite3.connect(stage.simulator.settings.database)) as network:
        return str(network.execute(asked[stage.channel][0], (asked[stage.channel][1],)).fetchone()[0])


async def test_each_channel_can_do_what_we_say_it_can(stage: Stage, speak: Speak) -> None:
    responder: Responder = speak()
    async with responder:
        offered = {kind for kind in ModerationKind if call_for(responder, kind, "1", "1", undo=False)}
    assert offered == CAN[stage.channel] == {kind for channel, kind in HAPPENS if channel == stage.channel}
    for kind in set(ModerationKind) - offered:
        assert what_happens(stage.channel, kind) == not_offered(stage.channel, kind)
        assert "it holds on the desk only" in not_offered(stage.channel, kind)


@pytest.mark.parametrize("channel", MUTES, ids=str)
async def test_a_mute_holds_once_and_ends_however_often_it_is_asked_for(stage: Stage, speak: Speak) -> None:
    responder = speak()
    if not isinstance(responder, Mutable):
        pytest.skip("this channel has none")
    stage.say("a hole on Locust Street")
    author = _author(stage)
    async with speak() as responder:
        assert isinstance(responder, Mutable)
        await responder.mute(author)
        await responder.mute(author)
        assert _rows(stage) == {("muted", author)}
        await responder.unmute(author)
        await responder.unmute(author)
        assert _rows(stage) == set()


@pytest.mark.parametrize("channel", MUTES, ids=str)
async def test_what_a_muted_author_says_to_us_is_heard_as_ever(stage: Stage, speak: Speak, hear: Hear) -> None:
    stage.say("a hole on Locust Street")
    async with hear() as listener:
        cursor = (await listener.fetch(None)).cursor
        async with speak() as responder:
            assert isinstance(responder, Mutable)
            await responder.mute(_author(stage))
        said = stage.say("a wire is down on Locust Street")
        heard: list[str] = []
        for _ in range(3):  # a listener may look elsewhere in between
            batch = await listener.fetch(cursor)
            cursor, heard = batch.cursor, [*heard, *(one.post_id for one in batch.posts)]
        assert said.post_id in heard


@pytest.mark.parametrize("channel", BLOCKS, ids=str)
async def test_a_block_holds_once_and_ends_however_often_it_is_asked_for(stage: Stage, speak: Speak) -> None:
    stage.say("a hole on Locust Street")
    author = _author(stage)
    async with speak() as responder:
        assert isinstance(responder, Blockable)
        await responder.block(author)
        await responder.block(author)
        assert _rows(stage) == {("blocked", author)}
        await responder.unblock(author)
        await responder.unblock(author)
        assert _rows(stage) == set()


@pytest.mark.parametrize("channel", MUTES, ids=str)
async def test_a_doubt_is_no_refusal_and_the_same_call_again_settles_it(stage: Stage, speak: Speak) -> None:
    call = {Channel.X: "mute", Channel.MASTODON: "mute", Channel.BLUESKY: "muteActor"}[stage.channel]
    stage.say("a hole on Locust Street")
    author = _author(stage)
    async with speak() as responder:
        assert isinstance(responder, Mutable)
        faults: tuple[dict[str, Any], ...] = ({"kind": "drop_after"}, {"kind": "status", "status": 500})
        for fault in faults:
            stage.simulator.fault(stage.channel, operation=call, **fault)
            with pytest.raises((SendUncertain, SendDeferred)):
                await responder.mute(author)
        await responder.mute(author)
    assert _rows(stage) == {("muted", author)}


@pytest.mark.parametrize("channel", MUTES, ids=str)
async def test_an_account_that_is_gone_is_refused(stage: Stage, speak: Speak) -> None:
    nobody = "did:plc:nobody" if stage.channel is Channel.BLUESKY else "98765"
    async with speak() as responder:
        assert isinstance(responder, Mutable)
        with pytest.raises(SendError) as refused:
            await responder.mute(nobody)
    assert isinstance(refused.value, SendRefused)
    assert not refused.value.credentials


class TestHidingOnX:
    """X alone lets us hide, and only below posts of ours."""

    @pytest.fixture
    def channel(self) -> Channel:
        return Channel.X

    async def test_a_reply_in_our_thread_is_hidden_and_shown_again(self, stage: Stage, speak: Speak) -> None:
        ours = stage.simulator.say_on_x("Q1 What keeps a block clean?", author=stage.us.handle)
        reply = stage.simulator.say_on_x("buy followers at my shop", author="shop_of_nothing", in_reply_to=ours)
        async with speak() as responder:
            assert isinstance(responder, Hideable)
            await responder.hide(reply)
            await responder.hide(reply)
            assert _rows(stage) == {("hidden", reply)}
            await responder.unhide(reply)
            assert _rows(stage) == set()

    async def test_what_stands_in_somebody_elses_thread_is_refused_in_words_staff_can_read(
        self, stage: Stage, speak: Speak
    ) -> None:
        said = stage.say("a hole on Locust Street")
        async with speak() as responder:
            assert isinstance(responder, Hideable)
            with pytest.raises(SendRefused, match="only replies in a thread that a post of ours began"):
                await responder.hide(said.post_id)
