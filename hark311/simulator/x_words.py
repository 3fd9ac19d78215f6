"""A post's words as X handles them: weighted length, t.co links, escaping, mentions, long posts, search words."""

import hashlib
import html
import re
import warnings
from dataclasses import dataclass, field

from hark311.simulator.spoken import Json

with warnings.catch_warnings():
    # twitter-text-parser still imports pkg_resources, which warns about itself
    warnings.simplefilter("ignore")
    from twitter_text import (
        extract_urls_with_indices,
        parse_tweet,
    )

MAX_WEIGHT = 280
URL_WEIGHT = 23
_CUT = 272
MENTION = re.compile(r"(?<![\w@/&])@([A-Za-z0-9_]{1,15})(?![\w@])")
_TAG = re.compile(r"(?<![\w&#/])#(\w*[^\W\d_]\w*)")
_WORD = re.compile(r"[#@]?\w+(?:['’]\w+)*")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def weighted_length(text: str) -> int:
    """Length as X counts it (twitter-text configuration 3): at most 280 fits."""
    return int(parse_tweet(text).weightedLength)


def fits(text: str) -> bool:
    """Whether a text fits into 280; most texts are decided without the full count.

    The bound: an address needs a dot and weighs 23 at most, any other character 1 (ASCII) or at most 2.
    """
    at_most = len(text) + sum(1 for character in text if character > "\x7f") + URL_WEIGHT * text.count(".")
    if at_most <= MAX_WEIGHT:
        return True
    return weighted_length(text) <= MAX_WEIGHT


def search_words(text: str) -> str:
    """The words of a text, lower case, one space around each, so that a phrase is a plain substring."""
    return f" {' '.join(_WORD.findall(text.casefold().replace('’', chr(39))))} "


def short_link(target: str) -> str:
    """The t.co address of a target; always the same for the same target."""
    number = int.from_bytes(hashlib.sha256(target.encode()).digest()[:8], "big")
    letters = ""
    for _ in range(10):
        number, place = divmod(number, 62)
        letters += _ALPHABET[place]
    return f"https://t.co/{letters}"


@dataclass
class Dressed:
    """A post's text as the API shows it. Entity positions count characters of the shown text."""

    shown: str
    entities: Json
    note: Json | None = None
    mentions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


def _escape(text: str) -> str:
    return html.escape(text, quote=False)


def _linked(text: str, tail: list[tuple[str, str]]) -> tuple[str, list[Json]]:
    """Escape a text, put t.co links for its addresses and for `tail` (target, display); return it with url entities."""
    found = extract_urls_with_indices(text) if "." in text else []
    pieces: list[str] = []
    urls: list[Json] = []
    length = at = 0

    def add(piece: str) -> None:
        nonlocal length
        pieces.append(piece)
        length += len(piece)

    def link(target: str, display: str) -> None:
        short = short_link(target)
        urls.append(
            {"start": length, "end": length + len(short), "url": short, "expanded_url": target, "display_url": display}
        )
        add(short)

    for url in found:
        start, end = url["indices"]
        add(_escape(text[at:start]))
        target = url["url"] if "://" in url["url"] else f"http://{url['url']}"
        link(target, target.partition("://")[2][:26])
        at = end
    add(_escape(text[at:]))
    for target, display in tail:
        if length:
            add(" ")
        link(target, display)
    return "".join(pieces), urls


def _entities(shown: str, urls: list[Json]) -> Json:
    mentions = [
        {"start": match.start(), "end": match.end(), "username": match[1]}
        for match in (MENTION.finditer(shown) if "@" in shown else ())
    ]
    tags = [
        {"start": match.start(), "end": match.end(), "tag": match[1]}
        for match in (_TAG.finditer(shown) if "#" in shown else ())
    ]
    found = {"mentions": mentions, "hashtags": tags, "urls": urls}
    return {name: values for name, values in found.items() if values}


def _head(text: str) -> str:
    """The beginning of a long text that X shows: whole words, room left for the ellipsis and link."""
    weight = 0
    for index, character in enumerate(text):
        weight += 1 if ord(character) < 4352 else 2
        if weight > _CUT:
            cut = text[:index]
            return cut.rsplit(" ", 1)[0] if " " in cut[-40:] else cut
    return text


def dress(text: str, address: str, photos: int) -> Dressed:
    """Turn what an author wrote into what the API shows.

    `address` is the post's own web address, to which photo links and the rest of a long post point. A text over
    280 is cut with an ellipsis and link, its whole stands in `note` (the note_tweet object).
    """
    handles = list(dict.fromkeys(match[1] for match in MENTION.finditer(text))) if "@" in text else []
    tags = list(dict.fromkeys(match[1].casefold() for match in _TAG.finditer(text))) if "#" in text else []
    media = [(f"{address}/photo/1", "pic.twitter.com/simulated")] if photos else []
    if fits(text):
        shown, urls = _linked(text, media)
        return Dressed(shown, _entities(shown, urls), None, handles, tags)
    whole, whole_urls = _linked(text, [])
    shown, urls = _linked(_head(text) + "…", [(address, address.partition("://")[2]), *media])
    note: Json = {"text": whole}
    if entities := _entities(whole, whole_urls):
        note["entities"] = entities
    return Dressed(shown, _entities(shown, urls), note, handles, tags)
