"""What a channel charges: a dated table, ours or the operator's, in millionths of a US dollar."""

import datetime as dates
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hark311.settings import SettingsError
from models import Channel

BUILT_IN = Path(__file__).with_name("prices.toml")
MICRO = 1_000_000

Amount = Annotated[Decimal, Field(ge=0, le=1000)]


class XPrices(BaseModel):
    """What X bills: a post or a person read, a post made."""

    model_config = ConfigDict(extra="forbid")

    post_read: Amount
    owned_read: Amount
    user_read: Amount
    message_read: Amount
    post_create: Amount
    post_create_with_link: Amount
    summoned_reply: Amount
    message_create: Amount
    post_delete: Amount
    content_manage: Amount
    count_read: Amount


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: dates.date
    source: str = Field(min_length=1)
    x: XPrices


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices as they stood on `as_of`; `source` says in a sentence where they are from."""

    as_of: dates.date
    source: str
    amounts: Mapping[Channel, Mapping[str, int]]

    def of(self, channel: Channel, what: str) -> int:
        """Millionths of a dollar for one of `what`; 0 where a channel charges nothing for it."""
        return self.amounts.get(channel, {}).get(what, 0)


def load_prices(file: Path | None = None) -> Prices:
    """The built-in table, or what `file` says over it. Raises SettingsError that names the file and what is wrong."""
    table = _read(BUILT_IN)
    if file:
        own = _read(file)
        if not isinstance(own.get("x", {}), dict):
            raise SettingsError(f"The price table {file} cannot be used: x is no table.")
        own_date = {name: own.get(name, "") for name in ("as_of", "source")}
        table = {**own, **own_date, "x": table["x"] | own.get("x", {})}
    try:
        checked = _Table.model_validate(table)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise SettingsError(f"The price table {file or BUILT_IN} cannot be used: {wrong}") from None
    of_x = {name: round(amount * MICRO) for name, amount in checked.x.model_dump().items()}
    return Prices(checked.as_of, checked.source, {Channel.X: of_x})


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return tomllib.load(opened, parse_float=Decimal)
    except OSError as error:
        raise SettingsError(f"The price table {file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The price table {file} is no TOML: {error}") from None
