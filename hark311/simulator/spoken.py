"""What residents may say, as the control API takes it: validated shapes for posts on X and Telegram messages."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Reference = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
"""An id, or `key:` and the key under which the post was stored."""


class Spoken(BaseModel):
    """The strictness all shapes here share: an unknown name is an error, not a typo that passes."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Resident(Spoken):
    """A person on the simulated X; unknown handles are opened on first use."""

    handle: str = Field(pattern=r"^@?[A-Za-z0-9_]{1,15}$")
    name: str | None = None
    protected: bool | None = None


class Picture(Spoken):
    """A photo: drawn by code unless its bytes are given."""

    alt: str | None = None
    content_base64: str | None = None
    mime: str = "image/png"


def _resident(value: object) -> object:
    return {"handle": value} if isinstance(value, str) else value


class SaidOnX(Spoken):
    """One post a resident makes on X. `late_by` (seconds) and `visible_at` hold it back after its id is given."""

    key: str | None = None
    author: Annotated[Resident, BeforeValidator(_resident)] = Resident(handle="a_neighbor")
    text: str = ""
    created_at: AwareDatetime | None = None
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    in_reply_to: Reference | None = None
    quote_of: Reference | None = None
    repost_of: Reference | None = None
    edit_of: Reference | None = None
    photos: list[Picture] = Field(default_factory=list, max_length=4)
    mention: bool = True
    reply_settings: Literal["everyone", "mentionedUsers", "following", "subscribers", "verified"] = "everyone"
    lang: str = "und"
    late_by: float = Field(0, ge=0)
    visible_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "SaidOnX":
        if not (self.text or self.photos or self.repost_of):
            raise ValueError("a post needs text, photos or repost_of")
        return self


class MessageOnX(Spoken):
    """A direct message a resident writes to us on X; `group` puts it into a chat of several."""

    key: str | None = None
    author: Annotated[Resident, BeforeValidator(_resident)] = Resident(handle="a_neighbor")
    text: str = Field("", max_length=10_000)
    photos: list[Picture] = Field(default_factory=list, max_length=1)
    group: str | None = Field(None, pattern=r"^[0-9]{1,19}$")
    created_at: AwareDatetime | None = None


class Person(Spoken):
    """A Telegram person. Without an id, the username (or first name) finds the same person again."""

    id: int | None = None
    is_bot: bool = False
    first_name: str = "Resident"
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Chat(Spoken):
    """A Telegram chat; left out, the message goes to the person's private chat with the bot."""

    id: int
    type: Literal["private", "group", "supergroup"] = "private"
    title: str | None = None


class Pin(Spoken):
    """A shared place; `live_period` (seconds) makes it a live location."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    horizontal_accuracy: float | None = Field(None, ge=0, le=1500)
    live_period: int | None = None


class Venue(Spoken):
    """A named place."""

    latitude: float
    longitude: float
    title: str
    address: str


class Contact(Spoken):
    """A shared contact card."""

    phone_number: str
    first_name: str


class Sound(Spoken):
    """A voice message; its bytes are silence unless given."""

    duration: int = 3
    mime_type: str = "audio/ogg"
    content_base64: str | None = None


class Paper(Spoken):
    """A document; its bytes are its name unless given."""

    file_name: str = "note.txt"
    mime_type: str = "text/plain"
    content_base64: str | None = None


def _picture(value: object) -> object:
    return {} if value is True else value


class SaidOnTelegram(Spoken):
    """One message a resident sends. `album` becomes several messages that share a media_group_id."""

    key: str | None = None
    chat: Chat | None = None
    sender: Person = Field(default_factory=Person, alias="from")
    date: AwareDatetime | None = None
    text: str | None = Field(None, max_length=4096)
    caption: str | None = Field(None, max_length=1024)
    photo: Annotated[Picture | None, BeforeValidator(_picture)] = None
    album: list[Picture] = Field(default_factory=list, max_length=10)
    location: Pin | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    voice: Sound | None = None
    document: Paper | None = None
    reply_to: Reference | None = None
    edit_of: Reference | None = None
    thread_id: int | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> "SaidOnTelegram":
        kinds = (self.text, self.photo, self.album, self.location, self.venue, self.contact, self.voice, self.document)
        if sum(1 for kind in kinds if kind) != 1:
            names = "text, photo, album, location, venue, contact, voice, document"
            raise ValueError(f"a message carries exactly one of {names}")
        return self


class ButtonPress(Spoken):
    """A person presses an inline button under one of the bot's messages."""

    chat_id: int
    message_id: int
    callback_data: str = Field(alias="data", max_length=64)
    sender: Person | None = Field(None, alias="from")


Json = dict[str, Any]
"""A JSON object on its way out."""
