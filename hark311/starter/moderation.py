"""The policy of moderation a new city starts with; from then on supervisors change it on the desk."""

import tomllib
from datetime import datetime
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from models import ModerationClause, ModerationKind


class _Clause(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[a-z][a-z_]*$")
    permits: list[ModerationKind] = Field(min_length=1)
    longest_days: int = Field(ge=1, le=365)
    only_in_chat: bool = False
    title: dict[str, str]
    words: dict[str, str]


def load_policy(now: datetime) -> list[ModerationClause]:
    """The starter clauses in their order. Raises pydantic.ValidationError for a file that cannot be used."""
    text = (files("hark311.starter") / "moderation.toml").read_text(encoding="utf-8")
    clauses = [_Clause.model_validate(one) for one in tomllib.loads(text)["clause"]]
    return [
        ModerationClause(
            code=one.code,
            title=one.title,
            words=one.words,
            permits=[kind.value for kind in one.permits],
            position=position,
            longest_days=one.longest_days,
            only_in_chat=one.only_in_chat,
            made_at=now,
        )
        for position, one in enumerate(clauses, start=1)
    ]
