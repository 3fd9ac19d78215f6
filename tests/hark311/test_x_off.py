"""X switched off, read-only, or out of order: everything else works on."""

import asyncio

from pydantic import SecretStr
from sqlmodel import col, select

from hark311 import wiring
from hark311.settings import AccountSettings
from hark311.simulated import accounts_of
from models import Account, AccountHealth, Mention, Understanding
from tests.town import Town


def _accounts(town: Town, **of_x: object) -> dict[str, AccountSettings]:
    accounts = accounts_of(town.settings)
    return accounts | {"x": accounts["x"].model_copy(update=of_x)}


def test_x_switched_off_is_neither_heard_nor_answered_and_the_rest_goes_on(town: Town) -> None:
    settings = town.settings.model_copy(update={"accounts": _accounts(town, enabled=False)})
    heard, spoken = wiring.listeners_of(settings), wiring.responders_of(settings)
    assert "x" not in heard
    assert "x" not in spoken
    assert "telegram" in heard
    assert "telegram" in spoken
    town.settings = settings
    town.simulator.say_on_telegram("no heat in our building")
    town.simulator.say_on_x("a hole")
    town.listen()
    with town.database.read() as session:
        assert len(session.exec(select(Mention)).all()) == 1
    assert town.simulator.calls(channel="x") == []


def test_read_only_x_is_heard_and_not_answered(town: Town) -> None:
    settings = town.settings.model_copy(update={"accounts": _accounts(town, read_only=True)})
    assert "x" in wiring.listeners_of(settings)
    assert "x" not in wiring.responders_of(settings)


def test_a_wrong_bearer_token_of_x_is_told_and_holds_up_nobody_else(town: Town) -> None:
    accounts = _accounts(town, bearer_token=SecretStr("wrong"))
    town.settings = town.settings.model_copy(update={"accounts": accounts})
    town.simulator.say_on_telegram("no heat in our building")
    town.listen()
    assert town.account("x").health == AccountHealth.CREDENTIALS_REJECTED
    assert town.account("telegram").health == AccountHealth.OK
    with town.database.read() as session:
        (mention,) = session.exec(select(Mention)).all()
        assert session.get_one(Account, mention.account_id).name == "telegram"


def test_an_edit_that_tells_of_danger_is_understood_anew(town: Town) -> None:
    said = town.simulator.say_on_x("there is a smell in our street, 5th and Market")
    town.listen("x")
    town.read()
    assert not town.mention_of(said).danger
    town.simulator.say_on_x("strong gas smell in our house, 6th and Market, people are dizzy", edit_of=said)
    town.listen("x")
    town.read()
    mention = town.mention_of(said)
    assert mention.version == 2
    assert mention.danger
    with town.database.read() as session:
        latest = session.exec(
            select(Understanding).where(Understanding.mention_id == mention.id).order_by(col(Understanding.id).desc())
        ).all()[0]
    assert (latest.mention_version, latest.danger) == (2, True)


def test_who_we_are_costs_one_look_and_no_post(town: Town) -> None:
    async def twice() -> None:
        (hearing,) = (one for one in town.hearings() if one.account_name == "x")
        async with hearing.listener:
            await hearing.listener.whoami()
            await hearing.listener.whoami()

    asyncio.run(twice())
    assert len(town.simulator.calls(operation="me")) == 1
    assert len(town.simulator.calls(operation="lookup")) == 1
