"""The price table: dated, ours or the operator's, and refused with the reason where it is wrong."""

from datetime import date
from pathlib import Path

import pytest

from hark311.prices import load_prices
from hark311.settings import SettingsError, load
from models import Channel


def test_the_built_in_table_is_dated_and_prices_what_x_bills() -> None:
    prices = load_prices()
    assert prices.as_of == date(2026, 8, 22)
    assert (prices.of(Channel.X, "summoned_reply"), prices.of(Channel.X, "post_create_with_link")) == (10_000, 200_000)
    assert prices.of(Channel.TELEGRAM, "summoned_reply") == 0


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
