"""What every listener must do, on every channel: the real adapter, as the product wires it, against the simulator."""

import itertools
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hark311.logs import WithoutSecrets, secrets_in
from listeners.errors import ChannelUnavailable, CredentialsRejected, ListenerError, RateLimited
from listeners.protocol import Batch, Listener
from listeners.registry import LISTENERS
from models import Channel
from models.posts import AttachmentKind, IncomingPost, PostKind
from tests.contracts.conftest import Hear, with_one_wrong_key
from tests.contracts.stages import Stage

MORE_THAN_A_PAGE = 250

TROUBLE: Mapping[str, Mapping[str, Any]] = {
    "a plain 500": {"kind": "status", "status": 500},
    "a 503 with a problem body": {"kind": "status", "status": 503, "body": {"title": "Service Unavailable"}},
    "an error page": {"kind": "html_error", "status": 502},
    "an error whose JSON is a list": {"kind": "status", "status": 500, "body": "[]"},
    "broken JSON": {"kind": "garbage"},
    "a dropped connection": {"kind": "drop_before"},
    "a connection dropped after the work": {"kind": "drop_after"},
}

NONSENSE = ["null", "5", '"x"', "[]", "{}", '{"data": 5}', '{"data": []}', '{"ok": true, "result": 5}', '{"ok": true}']

WORDS = {
    "emoji of several signs": "👩‍👩‍👧‍👦 fell, 🏳️‍🌈 flag, 👍🏽",
    "right to left": "حفرة كبيرة في شارع Market رقم 5 \u200f!",
    "Khmer": "ផ្លូវខូចនៅទីនេះ",
    "four bytes a letter": "𝔓𝔬𝔱𝔥𝔬𝔩𝔢 𠜎 🜁",
    "control signs": "a tab\there, a bell \x07, a unit \x1f, two\n\nlines",
    "what looks like HTML": "<b>5 < 6 & 7 > 3</b> &amp; &lt; &copy; \"so\" 'so'",
    "letters in parts": "Cafe\u0301 vs Café",
}


@pytest.fixture(params=list(LISTENERS), ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


async def _until_no_more(listener: Listener, cursor: str | None) -> tuple[list[Batch], str | None]:
    batches: list[Batch] = []
    while not batches or batches[-1].more:
        assert len(batches) < 50, "paging does not end"
        batches.append(await listener.fetch(cursor))
        cursor = batches[-1].cursor
    return batches, cursor


def _ids(*batches: Batch) -> list[str]:
    return [post.post_id for batch in batches for post in batch.posts]


async def _only_post(listener: Listener, cursor: str | None = None) -> IncomingPost:
    (post,) = (await listener.fetch(cursor)).posts
    return post


async def test_a_listener_knows_who_we_are(stage: Stage, hear: Hear) -> None:
    async with hear() as listener:
        assert await listener.whoami() == stage.us
        assert listener.channel == stage.channel


async def test_an_empty_channel_gives_an_empty_batch_and_a_cursor_to_go_on_with(stage: Stage, hear: Hear) -> None:
    async with hear() as listener:
        first = await listener.fetch(None)
        second = await listener.fetch(first.cursor)
        assert [list(batch.posts) for batch in (first, second)] == [[], []]
        assert not first.more
        assert not second.more
        said = stage.say("a hole on Locust Street")
        assert (await _only_post(listener, second.cursor)).post_id == said.post_id


async def test_posts_come_oldest_first_with_aware_times(stage: Stage, hear: Hear) -> None:
    said = [stage.say(f"hole number {number}") for number in range(3)]
    async with hear() as listener:
        posts = (await listener.fetch(None)).posts
    assert [post.post_id for post in posts] == [one.post_id for one in said]
    assert [post.text for post in posts] == [one.text for one in said]
    for post in posts:
        assert post.created_at.tzinfo is UTC
        assert abs(datetime.now(UTC) - post.created_at) < timedelta(minutes=1)
    assert all(post.kind == PostKind.MENTION for post in posts)
    assert all(post.may_reply for post in posts)


async def test_a_post_says_where_it_stands_and_who_wrote_it(stage: Stage, hear: Hear) -> None:
    said = stage.say("a hole on Locust Street", author="dee_215")
    async with hear() as listener:
        post = await _only_post(listener)
    assert (post.post_id, post.edit_chain) == (said.post_id, said.post_id)
    assert post.conversation_id == said.conversation_id
    assert post.author.handle == stage.handle_of("dee_215")
    assert post.author.channel_author_id
    assert post.in_reply_to is None


async def test_paging_neither_loses_nor_repeats(stage: Stage, hear: Hear) -> None:
    said = stage.say_many([f"leaf pile {number}" for number in range(MORE_THAN_A_PAGE)])
    async with hear() as listener:
        batches, cursor = await _until_no_more(listener, None)
        assert len(batches) > 1
        assert sorted(_ids(*batches)) == sorted(said)
        after = stage.say("one more leaf pile")
        again, _ = await _until_no_more(listener, cursor)
        assert after.post_id in _ids(*again)


async def test_a_post_that_comes_while_we_page_is_heard_too(stage: Stage, hear: Hear) -> None:
    said = stage.say_many([f"leaf pile {number}" for number in range(MORE_THAN_A_PAGE)])
    async with hear() as listener:
        first = await listener.fetch(None)
        late = stage.say("in the middle of it")
        rest, cursor = await _until_no_more(listener, first.cursor)
        more, _ = await _until_no_more(listener, cursor)
    assert set(_ids(first, *rest, *more)) == {*said, late.post_id}


async def test_the_same_cursor_twice_gives_the_same_posts(stage: Stage, hear: Hear) -> None:
    stage.say_many([f"leaf pile {number}" for number in range(MORE_THAN_A_PAGE)])
    async with hear() as listener:
        first = await listener.fetch(None)
        assert _ids(await listener.fetch(None)) == _ids(first)
        second = await listener.fetch(first.cursor)
        repeated = await listener.fetch(first.cursor)
    assert _ids(second)
    assert (_ids(repeated), repeated.cursor) == (_ids(second), second.cursor)


async def test_a_new_listener_goes_on_where_a_stored_cursor_stands(stage: Stage, hear: Hear) -> None:
    said = stage.say_many([f"leaf pile {number}" for number in range(MORE_THAN_A_PAGE)])
    heard: list[str] = []
    cursor, more = None, True
    while more:
        async with hear() as listener:
            batch = await listener.fetch(cursor)
        assert isinstance(batch.cursor, str)
        cursor, more = batch.cursor, batch.more
        heard += _ids(batch)
    assert sorted(heard) == sorted(said)


async def test_a_broken_cursor_loses_nothing_that_can_still_be_read(stage: Stage, hear: Hear) -> None:
    said = stage.say_many(["the first hole", "the second hole"])
    async with hear() as listener:
        for broken in ("", "not a cursor", "null", "[]", "{", '{"since": "soon"}', '{"since": 5}', '{"why": 1}', "-1"):
            batches, cursor = await _until_no_more(listener, broken)
            assert _ids(*batches) == said, broken
        later = stage.say("the third hole")
        assert later.post_id in _ids(await listener.fetch(cursor))


@pytest.mark.parametrize("right_form", [True, False], ids=["one sign off", "of no form"])
async def test_a_wrong_key_is_told_as_such(stage: Stage, hear: Hear, right_form: bool) -> None:
    for account in with_one_wrong_key(stage.account(), right_form=right_form):
        async with hear(account) as listener:
            with pytest.raises(CredentialsRejected):
                await listener.fetch(None)


@pytest.mark.parametrize("call", ["look_call", "us_call"])
async def test_a_key_that_is_withdrawn_is_told_as_such(stage: Stage, hear: Hear, call: str) -> None:
    stage.simulator.fault(stage.channel, "bad_key", getattr(stage, call))
    async with hear() as listener:
        with pytest.raises(CredentialsRejected):
            await listener.fetch(None)


@pytest.mark.parametrize("call", ["look_call", "us_call"])
async def test_a_rate_limit_says_until_when(stage: Stage, hear: Hear, call: str) -> None:
    stage.simulator.fault(stage.channel, "rate_limit", getattr(stage, call), reset_in=90)
    async with hear() as listener:
        with pytest.raises(RateLimited) as limited:
            await listener.fetch(None)
    assert limited.value.retry_at.tzinfo is not None
    assert timedelta(seconds=60) < limited.value.retry_at - datetime.now(UTC) < timedelta(seconds=120)


@pytest.mark.parametrize("trouble", TROUBLE)
async def test_trouble_is_told_and_costs_no_post(stage: Stage, hear: Hear, trouble: str) -> None:
    said = stage.say("a hole on Locust Street")
    for call in (stage.look_call, stage.us_call):
        stage.simulator.fault(stage.channel, operation=call, **TROUBLE[trouble])
        async with hear() as listener:
            with pytest.raises(ChannelUnavailable):
                await listener.fetch(None)
            assert (await _only_post(listener)).post_id == said.post_id


async def test_an_answer_that_makes_no_sense_is_no_page(stage: Stage, hear: Hear) -> None:
    said = stage.say("a hole on Locust Street")
    for answer, call in itertools.product(NONSENSE, (stage.look_call, stage.us_call)):
        stage.simulator.fault(stage.channel, "status", call, status=200, body=answer)
        async with hear() as listener:
            with pytest.raises(ChannelUnavailable):
                await listener.fetch(None)
            assert (await _only_post(listener)).post_id == said.post_id


async def test_nonsense_in_the_middle_of_paging_loses_no_page(stage: Stage, hear: Hear) -> None:
    said = stage.say_many([f"leaf pile {number}" for number in range(MORE_THAN_A_PAGE)])
    async with hear() as listener:
        first = await listener.fetch(None)
        for answer in NONSENSE:
            stage.simulator.fault(stage.channel, "status", stage.look_call, status=200, body=answer)
            with pytest.raises(ChannelUnavailable):
                await listener.fetch(first.cursor)
        rest, _ = await _until_no_more(listener, first.cursor)
    assert sorted(_ids(first, *rest)) == sorted(said)


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    stage: Stage, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hear() as listener:
        await listener.whoami()
        with monkeypatch.context() as patched:
            for constant in stage.patience:
                patched.setattr(constant, 0.1)
            stage.simulator.fault(stage.channel, "slow", stage.look_call, seconds=0.4)
            with pytest.raises(ChannelUnavailable):
                await listener.fetch(None)


async def test_a_channel_that_refuses_the_connection_is_unavailable(
    stage: Stage, hear: Hear, closed_address: str
) -> None:
    async with hear(stage.account(closed_address)) as listener:
        with pytest.raises(ChannelUnavailable):
            await listener.fetch(None)


async def test_every_script_arrives_intact(stage: Stage, hear: Hear) -> None:
    said = {what: stage.say(words) for what, words in WORDS.items()}
    async with hear() as listener:
        heard = {post.post_id: post.text for post in (await listener.fetch(None)).posts}
    assert {what: heard[one.post_id] for what, one in said.items()} == {what: one.text for what, one in said.items()}


async def test_an_edited_post_is_a_new_version_of_the_same_chain(stage: Stage, hear: Hear) -> None:
    said = stage.say("a hole on Locust Street")
    async with hear() as listener:
        batches, cursor = await _until_no_more(listener, None)
        stage.edit(said, "a hole on Spruce Street")
        second = await listener.fetch(cursor)
    (before,) = (post for batch in batches for post in batch.posts)
    after = next(post for post in second.posts if "Spruce" in post.text)
    assert after.edit_chain == before.edit_chain == said.post_id
    assert after.post_id != before.post_id
    assert after.created_at >= before.created_at
    assert after.author == before.author
    assert after.conversation_id == before.conversation_id


async def test_a_photo_comes_with_its_post(stage: Stage, hear: Hear) -> None:
    stage.say_with_photo("look at this")
    async with hear() as listener:
        post = await _only_post(listener)
    (photo,) = post.attachments
    assert photo.kind == AttachmentKind.PHOTO
    assert photo.channel_file_id
    assert "look at this" in post.text


async def test_an_answer_says_what_it_answers(stage: Stage, hear: Hear) -> None:
    said = stage.say("a hole on Locust Street")
    answer = stage.answer(said, "it is by the bakery")
    async with hear() as listener:
        posts = {post.post_id: post for post in (await listener.fetch(None)).posts}
    assert posts[answer.post_id].in_reply_to == said.post_id
    assert posts[answer.post_id].conversation_id == said.conversation_id


class _Unfiltered(logging.Handler):
    """Keeps what our own code logs, as written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


async def test_no_key_of_ours_reaches_a_log_a_post_or_the_desk(
    stage: Stage, hear: Hear, caplog: pytest.LogCaptureFixture
) -> None:
    """SDKs do log keys at DEBUG; what the product's log filter lets through must not hold any."""
    keys = secrets_in(stage.account())
    ours, told = _Unfiltered(), []
    caplog.handler.addFilter(WithoutSecrets(keys))
    logging.getLogger("listeners").addHandler(ours)
    stage.say_with_photo("look at this")
    try:
        with caplog.at_level(logging.DEBUG):
            async with hear() as listener:
                batch = await listener.fetch(None)
                for fault in ({"kind": "bad_key"}, {"kind": "rate_limit"}, *TROUBLE.values()):
                    stage.simulator.fault(stage.channel, operation=stage.look_call, **fault)
                    with pytest.raises(ListenerError) as trouble:
                        await listener.fetch(batch.cursor)
                    told.append(str(trouble.value))
    finally:
        logging.getLogger("listeners").removeHandler(ours)
    assert caplog.records, "the SDK logs nothing at DEBUG any more: this test sees nothing"
    logged = [f"{record.getMessage()} {record.exc_text or ''} {record.args}" for record in caplog.records]
    kept = [json.dumps(dict(post.raw)) + str(post) for post in batch.posts]
    assert kept
    for line in [*logged, *ours.lines, *told, *kept, str(batch.cursor)]:
        assert not [key for key in keys if key in line], "a key of ours"
