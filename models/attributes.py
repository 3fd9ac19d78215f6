"""The questions a service asks beside what and where. Source: GeoReport v2, GET service definition."""

from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from models.database import json_column, str_enum


class Datatype(StrEnum):
    """GeoReport v2, GET service definition: how an attribute is answered."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE_VALUE_LIST = "singlevaluelist"
    MULTI_VALUE_LIST = "multivaluelist"


class ServiceAttribute(SQLModel, table=True):
    """One attribute of a service, with GeoReport's names. `values`: {"key", "name"} pairs of a list, in order.

    `variable` False: information only, nothing is answered. `questions`: how we ask a resident for it, per language
    (tag -> sentence); without one the description is asked. `private`: asked for in private only (a licence plate).
    """

    __tablename__ = "service_attribute"

    service_code: str = Field(primary_key=True, foreign_key="service.service_code")
    code: str = Field(primary_key=True)
    variable: bool = True
    datatype: Datatype = Field(default=Datatype.STRING, sa_type=str_enum(Datatype))
    required: bool = False
    datatype_description: str = ""
    description: str = ""
    order: int = Field(default=0, description="GeoReport's order among the attributes of its service")
    values: list[dict[str, Any]] = Field(default_factory=list, sa_type=json_column())
    questions: dict[str, str] = Field(default_factory=dict, sa_type=json_column())
    private: bool = False
    active: bool = Field(default=True, description="False: the city does not ask it any more")
