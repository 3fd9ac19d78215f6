"""Whom a danger is for: 911, the gas company, 988 ... One row per kind of danger, with the day somebody checked it."""

from datetime import date

from sqlmodel import Field, SQLModel


class Referral(SQLModel, table=True):
    """Where staff send a danger of one kind. `danger` is the rule's name ("gas"); a supervisor keeps it right.

    `checked_on`: the day a person last made sure of the number; None: nobody has, and the desk says so.
    """

    danger: str = Field(primary_key=True)
    call: str = Field(description="who answers, in plain words")
    number: str
    note: str = ""
    checked_on: date | None = None
    checked_by: int | None = Field(default=None, foreign_key="staff_user.id")


def family_of(rule: str) -> str:
    """The kind of danger that a rule's name speaks of: "gas, past or unsure" is "gas"."""
    return rule.partition(",")[0].strip()
