"""Addresses that others gave us lead to the public Internet or nowhere, and to the host that was looked at."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from hark311.outgoing import PrivateAddress, Reach, is_public
from tests.responders.elsewhere import Receiver, receiver_of_webhooks

PUBLIC = "93.184.215.14"
NAME = "pager.riverton.example"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiver_of_webhooks() as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:21f::1", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - an address that is refused
        ("::1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::1", False),
        ("64:ff9b::a01:203", False),
        ("64:ff9b::5db8:d70e", True),
    ],
)
def test_an_address_is_public_or_is_not(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server with an answer for each look-up of NAME in turn; the names it was asked for."""
    real, waiting, asked = socket.getaddrinfo, list(answers), list[str]()

    def answer(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != NAME:
            return real(host, port, *rest, **more)
        asked.append(host)
        return [one for address in waiting.pop(0) for one in real(address, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


async def test_a_name_is_looked_up_once_and_called_where_it_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, ["127.0.0.1"], [PUBLIC])
    async with Reach(private=True).client() as client:
        answer = await client.post(f"http://{NAME}:{receiver.port}/danger", content=b"{}")
    assert (answer.status_code, asked) == (200, [NAME])
    assert receiver.taken[0].headers["host"] == f"{NAME}:{receiver.port}"


@pytest.mark.parametrize("answer", [["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["::1"]])
async def test_a_name_with_one_private_address_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    names(monkeypatch, answer, answer)
    url = f"http://{NAME}:{receiver.port}/danger"
    async with Reach().client() as client:
        with pytest.raises(PrivateAddress, match=f"{NAME} stands in our own network"):
            await client.post(url, content=b"{}")
    with Reach().sync_client() as client, pytest.raises(PrivateAddress):
        client.post(url, content=b"{}")
    assert receiver.taken == []


def test_who_may_go_to_this_machine_may_go_no_further_into_our_network() -> None:
    here = Reach(loopback=True)
    assert [here.may_call(one) for one in ("127.0.0.1", PUBLIC, "10.1.2.3")] == [True, True, False]


def test_a_name_nobody_knows_was_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with Reach().sync_client() as client, pytest.raises(httpx.ConnectError, match=f"{NAME} is not known"):
        client.get(f"https://{NAME}/")
