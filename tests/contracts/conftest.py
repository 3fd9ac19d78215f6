"""A stage to speak on, and our adapters as the product wires them."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from hark311 import wiring
from hark311.settings import AccountSettings, Open311Settings, Settings, load
from hark311.simulator import RunningSimulator
from listeners.protocol import Listener
from models import Channel
from responders.protocol import Responder
from tests.contracts.stages import STAGES, Stage, simulator_settings

Hear = Callable[..., Listener]
Speak = Callable[..., Responder]


@pytest.fixture
def stage(channel: Channel, tmp_path: Path) -> Iterator[Stage]:
    """The channel of a suite, empty, in a simulator of its own."""
    settings = simulator_settings(tmp_path / "city.db")
    with RunningSimulator(settings.database, settings) as simulator:
        yield STAGES[channel](simulator)


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[[AccountSettings], Settings]:
    """Settings with one account of ours."""
    city = Open311Settings(base_url="http://127.0.0.1:9")
    return lambda account: load(tmp_path, accounts={"ours": account}, open311=city)


@pytest.fixture
def hear(stage: Stage, settings_of: Callable[[AccountSettings], Settings]) -> Hear:
    """Makes the channel's listener for our account, or for another one. Enter it before use."""

    def make(account: AccountSettings | None = None) -> Listener:
        return wiring.listeners_of(settings_of(account or stage.account()))["ours"][1]

    return make


@pytest.fixture
def speak(stage: Stage, settings_of: Callable[[AccountSettings], Settings]) -> Speak:
    """Makes the channel's responder for our account, or for another one. Enter it before use."""

    def make(account: AccountSettings | None = None) -> Responder:
        return wiring.responders_of(settings_of(account or stage.account()))["ours"]

    return make


@pytest.fixture
def closed_address() -> str:
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


def with_one_wrong_key(account: AccountSettings, *, right_form: bool) -> list[AccountSettings]:
    """The account once for each of its keys, with that key wrong: by one sign, or in its whole form."""
    spoilt: list[AccountSettings] = []
    for name in type(account).model_fields:
        value = getattr(account, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            key = value.get_secret_value()
            wrong = key[:-1] + ("2" if key.endswith("1") else "1") if right_form else "nonsense"
            spoilt.append(account.model_copy(update={name: SecretStr(wrong)}))
    return spoilt
