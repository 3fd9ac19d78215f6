"""What each network does of an act, asked of its adapter; what it does not offer holds on the desk alone."""

from collections.abc import Awaitable, Callable, Mapping

from models import CHANNELS, Channel, ModerationKind
from responders.protocol import Blockable, Hideable, Mutable, Responder

K = ModerationKind
HAPPENS: Mapping[tuple[Channel, ModerationKind], str] = {
    (Channel.X, K.HIDE): "X is asked to hide it, which it does only for replies in a thread that a post of ours began; "
    "everybody can still open hidden replies there.",
    (Channel.X, K.MUTE): "X is asked to mute the account for us. They are not told, and can go on answering us.",
    (Channel.MASTODON, K.MUTE): "Our Mastodon server is asked to mute the account for us. They are not told.",
    (Channel.MASTODON, K.BLOCK): "Our Mastodon server is asked to block the account: they no longer see our posts, "
    "and what they write no longer reaches us.",
    (Channel.BLUESKY, K.MUTE): "Bluesky is asked to mute the account for us. They are not told.",
    (Channel.BLUESKY, K.BLOCK): "Bluesky is asked to block the account. Blocks are public there: anybody can see it, "
    "and they can no longer read or answer us.",
}
"""What the network does when asked. Source: X API v2, hide replies and mutes; Mastodon API, accounts; Bluesky lexicons,
app.bsky.graph.muteActor and app.bsky.graph.block."""
_NOT_OFFERED = {
    K.HIDE: "offers us no way to hide somebody's post",
    K.MUTE: "offers us no mute",
    K.BLOCK: "offers us no block",
}


def what_happens(channel: Channel, kind: ModerationKind) -> str:
    """What an act does on the network, in a sentence for the form."""
    return HAPPENS.get((channel, kind)) or not_offered(channel, kind)


def not_offered(channel: Channel, kind: ModerationKind) -> str:
    """That the network cannot do it, in a sentence staff can read."""
    return f"{CHANNELS[channel].label} {_NOT_OFFERED[kind]}; it holds on the desk only."


def call_for(
    responder: Responder, kind: ModerationKind, post_id: str, author_id: str, *, undo: bool
) -> Callable[[], Awaitable[None]] | None:
    """The call that does or undoes an act; None where the channel has none."""
    if kind == K.HIDE and isinstance(responder, Hideable):
        hide = responder.unhide if undo else responder.hide
        return lambda: hide(post_id)
    if kind == K.MUTE and isinstance(responder, Mutable):
        mute = responder.unmute if undo else responder.mute
        return lambda: mute(author_id)
    if kind == K.BLOCK and isinstance(responder, Blockable):
        block = responder.unblock if undo else responder.block
        return lambda: block(author_id)
    return None
