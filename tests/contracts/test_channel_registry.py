"""A channel is whole: facts, an ear, a voice, a way to count, and a stage the contract suites hold it to."""

import inspect
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from typing_extensions import is_protocol

from listeners.protocol import ChecksCompliance, Listener
from listeners.registry import LISTENERS, listener_class
from models import CHANNELS, Channel
from responders.protocol import Responder
from responders.registry import LENGTHS, RESPONDERS, length_of, responder_class
from tests.contracts.stages import STAGES

SPEAKING = [channel for channel, facts in CHANNELS.items() if facts.speaks]
"""A partner's report comes by our own endpoint: nothing is heard there, and nothing is said."""
MOST_LINES = 300
"""Of what a channel is on our side, so that the next one is as soon written."""


def _methods(protocol: type) -> dict[str, Callable[..., Any]]:
    """What a protocol itself asks for, by name."""
    names = [name for name in vars(protocol) if not name.startswith("_") or name in ("__aenter__", "__aexit__")]
    return {name: method for name in names if inspect.isfunction(method := vars(protocol)[name])}


def _abilities(protocol: type) -> set[str]:
    """What a protocol asks for, and every ability declared beside it."""
    beside = vars(sys.modules[protocol.__module__]).values()
    return {name for one in beside if isinstance(one, type) and is_protocol(one) for name in vars(one)}


def _types(method: Callable[..., Any]) -> dict[str, Any]:
    return {name: Self if found is Self else found for name, found in typing.get_type_hints(method).items()}


@pytest.mark.parametrize("channel", SPEAKING)
def test_every_channel_is_whole(channel: Channel) -> None:
    assert channel in CHANNELS
    assert channel in LISTENERS
    assert channel in RESPONDERS
    assert channel in LENGTHS
    assert channel in STAGES


@pytest.mark.parametrize("channel", SPEAKING)
def test_a_channel_that_is_swept_has_an_ear_that_can_ask(channel: Channel) -> None:
    assert CHANNELS[channel].sweeps == (vars(listener_class(channel)).keys() >= _methods(ChecksCompliance).keys())


def test_nothing_is_registered_that_is_no_channel() -> None:
    for table in (LISTENERS, RESPONDERS, STAGES):
        assert set(table) == set(SPEAKING)
    assert set(CHANNELS) == set(LENGTHS) == set(Channel)


@pytest.mark.parametrize("channel", list(Channel))
def test_the_facts_of_a_channel_make_sense(channel: Channel) -> None:
    facts = CHANNELS[channel]
    assert facts.label
    assert facts.length_unit
    assert facts.reply_limit > 0
    assert length_of(channel, "") == 0
    assert length_of(channel, "a") == 1
    assert length_of(channel, "a" * facts.reply_limit) == facts.reply_limit


@pytest.mark.parametrize("channel", SPEAKING)
@pytest.mark.parametrize(
    ("protocol", "adapter_of"), [(Listener, listener_class), (Responder, responder_class)], ids=["ear", "voice"]
)
def test_an_adapter_has_the_protocols_methods_as_they_are_written(
    channel: Channel, protocol: type, adapter_of: Callable[[Channel], type]
) -> None:
    adapter = adapter_of(channel)
    assert adapter.channel == channel  # type: ignore[attr-defined]  # the first thing the protocol asks for
    wanted = _methods(protocol)
    assert len(wanted) >= 4
    for name, asked in wanted.items():
        given = getattr(adapter, name, None)
        assert given is not None, f"{adapter.__name__} has no {name}"
        assert inspect.iscoroutinefunction(given) == inspect.iscoroutinefunction(asked), name
        assert list(inspect.signature(given).parameters) == list(inspect.signature(asked).parameters), name
        assert _types(given) == _types(asked), name


@pytest.mark.parametrize("channel", SPEAKING)
def test_an_adapter_promises_nothing_in_public_beyond_what_is_asked_with_isinstance(channel: Channel) -> None:
    for protocol, adapter in ((Listener, listener_class(channel)), (Responder, responder_class(channel))):
        public = {name for name, value in vars(adapter).items() if inspect.isfunction(value) and name[0] != "_"}
        assert public <= _abilities(protocol)


@pytest.mark.parametrize("channel", [Channel.MASTODON, Channel.BLUESKY])
def test_the_two_adapters_of_a_channel_are_small(channel: Channel) -> None:
    files = [inspect.getsourcefile(adapter_of(channel)) for adapter_of in (listener_class, responder_class)]
    lines = {file: Path(file or "").read_text(encoding="utf-8").count("\n") for file in files}
    assert len(lines) == 2
    assert sum(lines.values()) <= MOST_LINES, lines
