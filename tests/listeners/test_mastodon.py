"""Mastodon's own ways of speaking: HTML, threads, edits, visibility, the stream; against the simulator."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hark311.outgoing import plain_session
from hark311.simulator import RunningSimulator, SimulatorSettings
from listeners.errors import ChannelUnavailable, PermissionMissing, RateLimited
from listeners.hearing import Hearing
from listeners.mastodon import MastodonListener
from listeners.protocol import Batch
from models import Account, Channel, Database
from models.mastodon_fields import as_post
from models.mastodon_heard import unreadable
from models.mastodon_words import plain_text
from models.posts import AttachmentKind, IncomingPost, PostKind


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    settings = SimulatorSettings(tmp_path / "city.db", port=0)
    with RunningSimulator(settings.database, settings) as running:
        yield running


@pytest.fixture
async def listener(simulator: RunningSimulator) -> AsyncIterator[MastodonListener]:
    async with _listener(simulator) as entered:
        yield entered


def _listener(simulator: RunningSimulator, operator: str = "") -> MastodonListener:
    return MastodonListener(
        session=plain_session(),
        access_token=simulator.settings.mastodon_token,
        base_url=simulator.mastodon_url,
        streaming=True,
        operator=operator,
    )


async def _all(listener: MastodonListener, cursor: str | None = None) -> tuple[list[IncomingPost], Batch]:
    """Every post until no more waits, and the last page."""
    posts: list[IncomingPost] = []
    while (batch := await listener.fetch(cursor)).more:
        posts, cursor = [*posts, *batch.posts], batch.cursor
    return [*posts, *batch.posts], batch


@pytest.mark.parametrize("where", ["reblog", "quote", "quoted_status"])
async def test_another_persons_status_is_not_kept_within_the_one_that_shows_it(
    simulator: RunningSimulator, listener: MastodonListener, where: str
) -> None:
    simulator.say_on_mastodon("look at this")
    (one,) = await listener._page()
    theirs = {"id": "5", "content": "zanzibar", "account": {"id": "6"}}
    shown = {"state": "accepted", "quoted_status": theirs} if where == "quote" else theirs
    status = {**one["status"], where: shown}
    post = as_post(status, PostKind.MENTION, "1", "9")
    assert "zanzibar" not in str(post.raw)
    assert post.raw["content"] == one["status"]["content"]
    assert post.kind == (PostKind.REPOST if where == "reblog" else PostKind.MENTION)
    assert "zanzibar" not in unreadable({**one, "status": status}, ValueError()).raw


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one<br />two</p><p>three</p>", "one\ntwo\n\nthree"),
        ("<p>5 &lt; 6 &amp;amp; &quot;so&quot;</p>", '5 < 6 &amp; "so"'),
        (
            '<p>see <a href="https://example.org/very/long/address"><span class="invisible">https://</span>'
            '<span class="ellipsis">example.org/very</span><span class="invisible">/long/address</span></a>.</p>',
            "see https://example.org/very/long/address.",
        ),
        ('<p><a href="https://example.org/a">the map</a></p>', "the map (https://example.org/a)"),
        ('<p><a href="javascript:alert(1)">tap</a></p>', "tap"),
        (
            '<p><span class="h-card"><a href="https://s.example/@city" class="mention">@<span>city</span></a></span>'
            ' <a href="https://s.example/tags/hole" class="mention hashtag">#<span>hole</span></a></p>',
            "@city #hole",
        ),
        ("<p>a</p>\n<p>b\nc</p>", "a\n\nb c"),
        ("<p>hi<script>alert(1)</script><style>p{}</style></p>", "hi"),
        ("<ul><li>bags</li><li>a sofa</li></ul>", "- bags\n- a sofa"),
        ('<p>so <img src="x" onerror="alert(1)" alt=":sad:"> it is</p>', "so :sad: it is"),
        ("<p>never <b>closed", "never closed"),
        ("", ""),
    ],
)
def test_html_becomes_the_words_it_shows(html: str, text: str) -> None:
    assert plain_text(html) == text


@given(st.text())
def test_any_text_written_as_html_is_read_as_it_was(text: str) -> None:
    plain = " ".join(text.split())
    assert plain_text(f"<p>{escape(plain)}</p>").strip() == plain


@given(st.text(alphabet="<>/ap&;=\"'!-br script", max_size=200))
def test_no_html_however_broken_stops_the_reading(html: str) -> None:
    assert isinstance(plain_text(html), str)


async def test_a_warning_stands_before_what_it_warns_of(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    simulator.say_on_mastodon("a dead rat", spoiler="Animals", lang="en")
    (post,), _ = await _all(listener)
    assert post.text == "Animals\n\n@Philly311Demo a dead rat"
    assert post.language_hint == "en"


async def test_photos_come_with_what_they_show(simulator: RunningSimulator, listener: MastodonListener) -> None:
    simulator.say_on_mastodon("look", photos=[{"alt": "a deep hole"}, {}])
    (post,), _ = await _all(listener)
    assert [(one.kind, one.alt_text) for one in post.attachments] == [
        (AttachmentKind.PHOTO, "a deep hole"),
        (AttachmentKind.PHOTO, ""),
    ]
    assert all(one.url.startswith(simulator.mastodon_url) for one in post.attachments)


async def test_only_what_is_addressed_to_named_people_is_private(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    for visibility in ("public", "unlisted", "private", "direct"):
        simulator.say_on_mastodon(visibility, visibility=visibility, author="dee@far.example")
    posts, _ = await _all(listener)
    assert [post.private for post in posts] == [False, False, False, True]
    assert [post.reply_with["visibility"] for post in posts] == ["public", "unlisted", "private", "direct"]
    assert {post.reply_with["acct"] for post in posts} == {"dee@far.example"}


async def test_a_private_answer_in_a_public_thread_is_a_talk_of_its_own(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    root = simulator.say_on_mastodon("a hole", author="dee")
    simulator.say_on_mastodon("my number is 555", author="dee", in_reply_to=root, visibility="direct")
    (public, private), _ = await _all(listener)
    assert public.conversation_id == root
    assert private.conversation_id == f"{root}/direct"
    assert private.in_reply_to == root


async def test_a_thread_keeps_its_id_for_a_listener_that_begins_in_its_middle(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    root = simulator.say_on_mastodon("who saw this?", mention=False)
    between = simulator.say_on_mastodon("no idea", author="ann", in_reply_to=root, mention=False)
    named = simulator.say_on_mastodon("ask the city", author="bob", in_reply_to=between)
    posts, batch = await _all(listener)
    assert [(one.post_id, one.kind) for one in posts] == [
        (root, PostKind.CONTEXT),
        (between, PostKind.CONTEXT),
        (named, PostKind.MENTION),
    ]
    simulator.say_on_mastodon("and again", author="bob", in_reply_to=named)
    async with _listener(simulator) as another:
        later, _ = await _all(another, batch.cursor)
    assert {one.conversation_id for one in (*posts, *later)} == {root}


async def test_an_answer_on_the_same_page_as_its_post_stays_a_mention(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    first = simulator.say_on_mastodon("a hole", author="dee")
    simulator.say_on_mastodon("still there", author="dee", in_reply_to=first)
    posts, _ = await _all(listener)
    assert [one.kind for one in posts] == [PostKind.MENTION, PostKind.MENTION]


async def test_the_thread_around_a_post_is_fetched_with_our_own_in_it(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    first = simulator.say_on_mastodon("a hole", author="dee")
    second = simulator.say_on_mastodon("indeed", author="ann", in_reply_to=first, mention=False)
    (post,), _ = await _all(listener)
    around = await listener.thread(post.conversation_id, post.post_id)
    assert [(one.post_id, one.kind, one.in_reply_to) for one in around] == [(second, PostKind.CONTEXT, first)]
    simulator.delete_on_mastodon(first)
    assert await listener.thread(post.conversation_id, post.post_id) == []


async def test_boosts_of_our_posts_are_no_mentions(simulator: RunningSimulator, listener: MastodonListener) -> None:
    own = simulator.say_on_mastodon("closed on Monday", author="Philly311Demo", mention=False)
    simulator.say_on_mastodon(author="dee", boost_of=own)
    assert (await _all(listener))[0] == []


async def test_an_edit_is_heard_once(simulator: RunningSimulator, listener: MastodonListener) -> None:
    said = simulator.say_on_mastodon("a hole on Locust", author="dee")
    _, batch = await _all(listener)
    simulator.say_on_mastodon("a hole on Spruce", author="dee", edit_of=said)
    (edited,), batch = await _all(listener, batch.cursor)
    assert (edited.edit_chain, edited.in_reply_to) == (said, None)
    assert "Spruce" in edited.text
    assert (await _all(listener, batch.cursor))[0] == []


async def test_the_cursor_is_an_id_as_text_and_outlives_its_post(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    ids = [simulator.say_on_mastodon(f"hole {number}") for number in range(12)]  # notifications 91 to 102
    first, batch = await _all(listener)
    assert [one.post_id for one in first] == ids
    assert json.loads(batch.cursor or "")["after"] == "102"
    simulator.delete_on_mastodon(ids[-1])
    later = simulator.say_on_mastodon("after it")
    assert [one.post_id for one in (await _all(listener, batch.cursor))[0]] == [later]


@pytest.mark.parametrize("kind", ["repeat", "reorder"])
async def test_a_page_out_of_order_or_come_twice_moves_no_cursor_back(
    simulator: RunningSimulator, listener: MastodonListener, kind: str
) -> None:
    ids = [simulator.say_on_mastodon(f"hole {number}") for number in range(3)]
    _, batch = await _all(listener)
    later = simulator.say_on_mastodon("one more")
    simulator.fault("mastodon", kind, "notifications")
    again = await listener.fetch(batch.cursor)
    heard, _ = await _all(listener, again.cursor)
    assert {one.post_id for one in (*again.posts, *heard)} - set(ids) == {later}


async def test_posts_that_are_gone_are_found_out(simulator: RunningSimulator, listener: MastodonListener) -> None:
    kept, gone = simulator.say_on_mastodon("kept"), simulator.say_on_mastodon("gone")
    simulator.delete_on_mastodon(gone)
    version = f"{gone}:2026-11-22T09:00:00.000+00:00"
    assert await listener.deleted([kept, gone, version]) == [gone, version]
    simulator.fault("mastodon", "status", status=404, times=None)
    with pytest.raises(ChannelUnavailable):  # a server that has nothing at all has deleted nothing
        await listener.deleted([kept])


async def test_the_stream_wakes_us_and_what_is_heard_comes_by_the_page(
    simulator: RunningSimulator, listener: MastodonListener
) -> None:
    woken = asyncio.Event()
    listener.wake_by(woken.set)
    cursor = (await listener.fetch(None)).cursor
    await _until_streaming(listener)
    said = simulator.say_on_mastodon("a hole")
    await asyncio.wait_for(woken.wait(), 5)
    posts, batch = await _all(listener, cursor)
    assert [post.post_id for post in posts] == [said]
    woken.clear()
    simulator.delete_on_mastodon(said)
    await asyncio.wait_for(woken.wait(), 5)
    assert (await listener.fetch(batch.cursor)).deleted == [said]


async def _until_streaming(listener: MastodonListener) -> None:
    async with asyncio.timeout(5):
        while not {one.what: one.ok for one in await listener.check()}["stream"]:  # a call of its own, so no busy wait
            pass


async def test_a_pause_of_an_hour_ends_when_the_stream_says_so(
    database: Database, simulator: RunningSimulator, listener: MastodonListener
) -> None:
    with database.write() as session:
        session.add(Account(name="toots", channel=Channel.MASTODON))
    understood = asyncio.Event()

    async def heard() -> None:
        understood.set()

    hearing = Hearing(
        database=database,
        account_name="toots",
        listener=listener,
        holder="here",
        heard=heard,
        poll_every=timedelta(hours=1),
    )
    task = asyncio.create_task(hearing.listen())
    try:
        await _until_streaming(listener)
        simulator.say_on_mastodon("a hole")
        await asyncio.wait_for(understood.wait(), 5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_server_without_a_stream_is_polled(simulator: RunningSimulator, listener: MastodonListener) -> None:
    simulator.fault("mastodon", "status", "streaming", status=404, times=None)
    listener.wake_by(lambda: None)
    cursor = (await listener.fetch(None)).cursor
    said = simulator.say_on_mastodon("a hole")
    assert [post.post_id for post in (await _all(listener, cursor))[0]] == [said]
    assert {one.what: one.ok for one in await listener.check()}["stream"] is False


async def test_a_missing_scope_is_told_as_permission(simulator: RunningSimulator, listener: MastodonListener) -> None:
    body = {"error": "This action is outside the authorized scopes"}
    simulator.fault("mastodon", "status", "notifications", status=403, body=body)
    with pytest.raises(PermissionMissing, match="scopes"):
        await listener.fetch(None)


async def test_the_servers_own_limit_is_kept(tmp_path: Path) -> None:
    settings = SimulatorSettings(tmp_path / "small.db", port=0, mastodon_calls=3)
    with RunningSimulator(settings.database, settings) as simulator:
        async with _listener(simulator) as listener:
            assert not (await listener.fetch(None)).posts
            with pytest.raises(RateLimited) as limited:
                await listener.fetch(None)
            assert timedelta(minutes=4) < limited.value.retry_at - datetime.now(UTC) <= timedelta(minutes=5, seconds=2)
            simulator.limits(on=False)
            assert not (await listener.fetch(None)).posts


async def test_the_check_says_what_is_wrong_with_the_account(simulator: RunningSimulator) -> None:
    simulator.change_mastodon_account("Philly311Demo", note="Run by the Streets Department.")
    async with _listener(simulator, operator="streets department") as listener:
        found = {one.what: one.ok for one in await listener.check()}
        assert found == {"key": True, "scopes": True, "bot label": True, "named operator": True, "stream": None}
        simulator.change_mastodon_account("Philly311Demo", bot=False, note="")
        found = {one.what: one.ok for one in await listener.check()}
        assert (found["bot label"], found["named operator"]) == (False, False)
        simulator.fault("mastodon", "bad_key", "me")
        (key,) = await listener.check()
        assert (key.what, key.ok) == ("key", False)
        assert "Development" in key.advice
