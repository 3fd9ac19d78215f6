"""The price table: dated, ours or the operator's, and refused with the reason where it is wrong."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hark311.prices import MICRO, load_prices
from hark311.settings import SettingsError, load
from listeners.counting import ASK_EVERY
from models import Channel


def test_the_built_in_table_is_dated_and_prices_what_x_bills() -> None:
    prices = load_prices()
    assert prices.as_of == date(2026, 8, 22)
    assert (prices.of(Channel.X, "summoned_reply"), prices.of(Channel.X, "post_create_with_link")) == (10_000, 200_000)
    assert prices.of(Channel.TELEGRAM, "summoned_reply") == 0


GO_LIVE = Path(__file__).parents[2] / "docs" / "how-to" / "go-live-on-x.md"
A_MONTH = {
    "mentions read, as our own": ("owned_read", 100, 10_000),
    "their authors": ("user_read", 100, 10_000),
    "posts they answer": ("post_read", 50, 5_000),
    "authors of those": ("user_read", 50, 5_000),
    "open posts looked up again, once a day": ("post_read", 100, 10_000),
    "replies without a link": ("summoned_reply", 100, 10_000),
    "mentions counted by X, 12 times a day": ("count_read", 360, 360),
    "who we are, once a day": ("user_read", 30, 30),
}
"""Rows of the page's table: the price, and how many at 100 and at 10,000 mentions, by the assumptions above it."""


def _dollars(cell: str) -> int:
    """The amount at the end of a cell, such as "50: $0.25", in millionths."""
    return round(Decimal(cell.strip("* ").rpartition("$")[2].replace(",", "")) * MICRO)


def test_the_go_live_page_reckons_with_the_built_in_table() -> None:
    prices, page = load_prices(), GO_LIVE.read_text(encoding="utf-8")
    rows = {row[0]: row[1:] for line in page.splitlines() if len(row := [*map(str.strip, line.split("|")[1:-1])]) == 4}
    sums = [0, 0]
    for what, (name, *numbers) in A_MONTH.items():
        price, cells = prices.of(Channel.X, name), rows[what]
        assert [_dollars(cell) for cell in cells] == [price, *(number * price for number in numbers)], what
        sums = [so_far + number * price for so_far, number in zip(sums, numbers, strict=True)]
    assert [_dollars(cell) for cell in rows["**sum**"][1:]] == sums
    assert {what for what, cells in rows.items() if cells[0].startswith("$")} == set(A_MONTH)
    assert f"prices of {prices.as_of.day} {prices.as_of:%B %Y}" in page
    assert 2 * timedelta(days=1) / ASK_EVERY == 12  # yesterday and today are counted, each by a call


def test_the_go_live_page_knows_what_links_and_messages_cost() -> None:
    cost, page = load_prices().amounts[Channel.X], " ".join(GO_LIVE.read_text(encoding="utf-8").split())
    more = (cost["post_create_with_link"] - cost["summoned_reply"]) // 10_000  # cents for one: dollars for 100
    whole = cost["post_create_with_link"] / MICRO
    assert f"**with a link** costs ${whole:.3f}: ${more}.00 more for 100, ${more * 100:,}.00 more for 10,000" in page
    read, sent = cost["message_read"] / MICRO, cost["message_create"] / MICRO
    assert f"A direct message read costs ${read:.3f} and one sent ${sent:.3f}." in page


def test_an_operators_table_says_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('as_of = 2027-01-01\nsource = "our contract"\n[x]\nowned_read = 0.005\n')
    prices = load_prices(load(tmp_path, prices=file).prices)
    assert (prices.as_of, prices.source) == (date(2027, 1, 1), "our contract")
    assert (prices.of(Channel.X, "owned_read"), prices.of(Channel.X, "user_read")) == (5_000, 10_000)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("as_of = 2027-01-01\n", "source"),
        ('source = "s"\n', "as_of"),
        ('as_of = 2027-01-01\nsource = "s"\n[x]\nlikes = 1\n', "x.likes"),
        ('as_of = 2027-01-01\nsource = "s"\n[x]\npost_read = -1\n', "x.post_read"),
        ('as_of = 2027-01-01\nsource = "s"\n[x]\npost_read = nan\n', "x.post_read"),
        ('as_of = 2027-01-01\nsource = "s"\nx = 3\n', "x is no table"),
        ('as_of = 2027-01-01\nsource = "s"\n[fax]\npage = 1\n', "fax"),
        ("as_of = \n", "is no TOML"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_name(tmp_path: Path, written: str | None, said: str) -> None:
    file = tmp_path / "prices.toml"
    if written is not None:
        file.write_text(written)
    with pytest.raises(SettingsError, match=r"prices\.toml") as refused:
        load_prices(file)
    assert said in str(refused.value)
