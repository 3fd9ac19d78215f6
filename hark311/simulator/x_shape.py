"""Posts and users as X API v2 JSON: only the fields asked for, expansions, and errors for what is gone.

Field and expansion names are taken in the older spelling (`tweet.fields`, `referenced_tweets.id`) and in the
newer one (`post.fields`, `referenced_posts.id`); answers use the older.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z
from hark311.simulator.x_network import XNetwork, photo_path

EDIT_WINDOW = timedelta(minutes=30)
_NEWER = {
    "referenced_posts": "referenced_tweets",
    "referenced_posts.id": "referenced_tweets.id",
    "referenced_posts.id.author_id": "referenced_tweets.id.author_id",
    "note_post": "note_tweet",
    "edit_history_post_ids": "edit_history_tweet_ids",
}


def listed(query: Mapping[str, str], *names: str) -> set[str]:
    """The comma lists of any of these parameters, in the older spelling."""
    found: set[str] = set()
    for name in names:
        found.update(_NEWER.get(part, part) for part in query.get(name, "").split(",") if part)
    return found


class Shape:
    """One request's choice of fields, and the includes and errors it gathers while posts are shaped."""

    def __init__(self, network: XNetwork, query: Mapping[str, str], base_url: str) -> None:
        self._network = network
        self._base_url = base_url
        self._fields = listed(query, "tweet.fields", "post.fields")
        self._expansions = listed(query, "expansions")
        self._user_fields = listed(query, "user.fields")
        self._media_fields = listed(query, "media.fields")
        self._users: dict[int, Json] = {}
        self._posts: dict[int, Json] = {}
        self._media: dict[str, Json] = {}
        self.errors: list[Json] = []

    def posts(self, rows: Iterable[sqlite3.Row]) -> list[Json]:
        """Shape posts and gather what they refer to."""
        shaped = []
        for row in rows:
            shaped.append(self._post(row))
            self._expand(row)
        return shaped

    @property
    def includes(self) -> Json:
        """Users, posts and media the expansions asked for; empty parts are left out."""
        parts = {
            "users": list(self._users.values()),
            "tweets": list(self._posts.values()),
            "media": list(self._media.values()),
        }
        return {name: values for name, values in parts.items() if values}

    def body(self, data: object, meta: Json | None = None) -> Json:
        """A whole answer; data, includes, errors and meta appear only where there are any."""
        whole: Json = {}
        if data is not None and data != []:
            whole["data"] = data
        if includes := self.includes:
            whole["includes"] = includes
        if self.errors:
            whole["errors"] = self.errors
        if meta is not None:
            whole["meta"] = meta
        return whole

    def _post(self, row: sqlite3.Row) -> Json:
        history = self._network.edit_history(row)
        shaped: Json = {"id": str(row["id"]), "text": row["shown"], "edit_history_tweet_ids": history}
        fields = self._fields
        if "author_id" in fields or "author_id" in self._expansions:
            shaped["author_id"] = str(row["author_id"])
        if "created_at" in fields:
            shaped["created_at"] = iso_z(row["created_ms"])
        if "conversation_id" in fields:
            shaped["conversation_id"] = str(row["conversation_id"])
        wants_replied_user = "in_reply_to_user_id" in fields or "in_reply_to_user_id" in self._expansions
        if wants_replied_user and row["in_reply_to_user"]:
            shaped["in_reply_to_user_id"] = str(row["in_reply_to_user"])
        wants_references = "referenced_tweets" in fields or any("referenced_tweets" in one for one in self._expansions)
        if wants_references and (references := _references(row)):
            shaped["referenced_tweets"] = [{"type": kind, "id": str(number)} for kind, number in references]
        wants_entities = "entities" in fields or "entities.mentions.username" in self._expansions
        if wants_entities and row["entities"]:
            shaped["entities"] = json.loads(row["entities"])
        if "note_tweet" in fields and row["note"]:
            shaped["note_tweet"] = json.loads(row["note"])
        if row["photos"] and ("attachments" in fields or "attachments.media_keys" in self._expansions):
            shaped["attachments"] = {"media_keys": [key for key, _ in _media(row)]}
        if "geo" in fields and row["lat"] is not None and row["lon"] is not None:
            shaped["geo"] = {"coordinates": {"type": "Point", "coordinates": [row["lon"], row["lat"]]}}
        self._small_fields(row, shaped, len(history))
        return shaped

    def _small_fields(self, row: sqlite3.Row, shaped: Json, versions: int) -> None:
        fields = self._fields
        if "lang" in fields:
            shaped["lang"] = row["lang"]
        if "reply_settings" in fields:
            shaped["reply_settings"] = row["reply_settings"]
        if "withheld" in fields and (countries := self._network.withheld_in(row["id"])):
            shaped["withheld"] = {"copyright": False, "country_codes": countries}
        if "possibly_sensitive" in fields:
            shaped["possibly_sensitive"] = False
        if "edit_controls" in fields:
            until = datetime.fromtimestamp(row["created_ms"] / 1000, UTC) + EDIT_WINDOW
            shaped["edit_controls"] = {
                "edits_remaining": max(0, 6 - versions),
                "is_edit_eligible": row["in_reply_to"] is None,
                "editable_until": until.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
        if "public_metrics" in fields:
            replies = self._network.store.number(
                "SELECT count(*) FROM x_posts WHERE in_reply_to = ? AND deleted_ms IS NULL", (row["id"],)
            )
            shaped["public_metrics"] = {"reply_count": replies, "retweet_count": 0, "like_count": 0, "quote_count": 0}

    def _expand(self, row: sqlite3.Row) -> None:
        wanted = self._expansions
        if "author_id" in wanted:
            self.include_user(row["author_id"])
        if "in_reply_to_user_id" in wanted and row["in_reply_to_user"]:
            self.include_user(row["in_reply_to_user"])
        if "entities.mentions.username" in wanted and row["entities"]:
            for mention in json.loads(row["entities"]).get("mentions", []):
                self.include_user(int(mention["id"]))
        if "attachments.media_keys" in wanted:
            for key, photo in _media(row):
                self.include_photo(key, photo)
        if "edit_history_tweet_ids" in wanted:
            for version in self._network.edit_history(row):
                self._include_post(int(version), with_author=False)
        if "referenced_tweets.id" in wanted or "referenced_tweets.id.author_id" in wanted:
            for _, number in _references(row):
                self._include_post(number, with_author="referenced_tweets.id.author_id" in wanted)

    def include_user(self, number: int) -> None:
        """Put a user among the includes."""
        author = self._network.author(number) if number not in self._users else None
        if author is not None:
            self._users[number] = self.user(author)

    def _include_post(self, number: int, *, with_author: bool) -> None:
        if number in self._posts:
            return
        row = self._network.post(number)
        problem = problem_with(self._network, number, row, "referenced_tweets.id")
        if row is None or problem is not None:
            if problem is not None and problem not in self.errors:
                self.errors.append(problem)
            return
        self._posts[number] = self._post(row)
        if with_author:
            self.include_user(row["author_id"])

    def include_photo(self, key: str, photo: Json) -> None:
        """Put a photo among the includes."""
        self._media.setdefault(key, self._photo(key, photo))

    def _photo(self, key: str, photo: Json) -> Json:
        shaped: Json = {"media_key": key, "type": "photo"}
        known = {"url": self._base_url + photo_path(photo["name"]), "width": 320, "height": 240}
        shaped.update({name: value for name, value in known.items() if name in self._media_fields})
        if "alt_text" in self._media_fields and photo["alt"]:
            shaped["alt_text"] = photo["alt"]
        return shaped

    def user(self, author: sqlite3.Row) -> Json:
        """A user with the fields asked for; id, name and username always."""
        shaped: Json = {"id": str(author["id"]), "name": author["name"], "username": author["username"]}
        known: Json = {
            "protected": bool(author["protected"]),
            "verified": False,
            "created_at": iso_z(author["created_ms"]),
            "receives_your_dm": False,
            "description": "An invented account in the simulator.",
        }
        shaped.update({name: value for name, value in known.items() if name in self._user_fields})
        return shaped


def _references(row: sqlite3.Row) -> list[tuple[str, int]]:
    kinds = (("retweeted", "repost_of"), ("quoted", "quote_of"), ("replied_to", "in_reply_to"))
    return [(kind, int(row[column])) for kind, column in kinds if row[column]]


def _media(row: sqlite3.Row) -> Sequence[tuple[str, Json]]:
    photos = json.loads(row["photos"]) if row["photos"] else []
    return [(f"3_{row['edit_root'] + index}", photo) for index, photo in enumerate(photos)]


def problem_with(network: XNetwork, number: int, row: sqlite3.Row | None, parameter: str) -> Json | None:
    """The error object for a post that cannot be shown (unknown, deleted, not yet visible, protected), or None."""
    about = {"resource_type": "tweet", "resource_id": str(number), "value": str(number), "parameter": parameter}
    if row is None or row["deleted_ms"] is not None or row["visible_ms"] > network.store.now_ms():
        return {
            **about,
            "title": "Not Found Error",
            "detail": f"Could not find tweet with {parameter}: [{number}].",
            "type": "https://api.twitter.com/2/problems/resource-not-found",
        }
    author = network.author(row["author_id"])
    if author is not None and author["protected"]:
        return {
            **about,
            "title": "Authorization Error",
            "section": "data",
            "detail": f"Sorry, you are not authorized to see the Tweet with {parameter}: [{number}].",
            "type": "https://api.twitter.com/2/problems/not-authorized-for-resource",
        }
    return None
