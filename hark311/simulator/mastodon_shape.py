"""How Mastodon writes things as JSON: accounts, statuses, notifications, the server itself."""

import json
import sqlite3

from hark311.simulator.mastodon_network import MastodonNetwork
from hark311.simulator.mastodon_words import LIMIT, URL_WEIGHT, as_html, named_in
from hark311.simulator.spoken import Json
from hark311.simulator.store import iso_z

VERSION = "4.5.0"


class Shapes:
    """Writes rows of the network as the API's entities; `root` is the server's address."""

    def __init__(self, network: MastodonNetwork, root: str) -> None:
        self.network, self.root = network, root

    def account(self, number: int) -> Json:
        """An Account."""
        row = self.network.author(number)
        name = str(row["acct"])
        return {
            "id": str(row["id"]),
            "username": name.partition("@")[0],
            "acct": name,
            "display_name": row["name"],
            "locked": bool(row["locked"]),
            "bot": bool(row["bot"]),
            "group": False,
            "created_at": "2024-01-01T00:00:00.000Z",
            "note": f"<p>{row['note']}</p>",
            "url": f"{self.root}/@{name}",
            "fields": [],
            "emojis": [],
        }

    def status(self, row: sqlite3.Row) -> Json:
        """A Status."""
        network = self.network
        author = self.account(row["author_id"])
        parent = (
            network.store.row("SELECT * FROM ms_statuses WHERE id = ?", (row["in_reply_to"],))
            if row["in_reply_to"]
            else None
        )
        known = network.known_accounts()
        return {
            "id": str(row["id"]),
            "created_at": iso_z(row["created_ms"]),
            "in_reply_to_id": str(parent["id"]) if parent and parent["deleted_ms"] is None else None,
            "in_reply_to_account_id": str(parent["author_id"]) if parent and parent["deleted_ms"] is None else None,
            "sensitive": bool(row["spoiler"]),
            "spoiler_text": row["spoiler"],
            "visibility": row["visibility"],
            "language": row["language"],
            "uri": f"{self.root}/users/{author['acct']}/statuses/{row['id']}",
            "url": f"{self.root}/@{author['acct']}/{row['id']}",
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "edited_at": iso_z(row["edited_ms"]) if row["edited_ms"] else None,
            "content": as_html(row["text"], known, self.root),
            "reblog": None,
            "account": author,
            "media_attachments": [self.media(photo) for photo in json.loads(row["photos"])],
            "mentions": [
                {"id": str(network.us), "username": name, "url": f"{self.root}/@{name}", "acct": name}
                for name in dict.fromkeys(named_in(row["text"]))
                if name.lower() in known
            ],
            "tags": [],
            "emojis": [],
            "card": None,
            "poll": None,
        }

    def media(self, photo: Json) -> Json:
        """A MediaAttachment."""
        url = f"{self.root}/media/{photo['name']}.png"
        return {
            "id": photo["name"],
            "type": "image",
            "url": url,
            "preview_url": url,
            "remote_url": None,
            "meta": {"original": {"width": 320, "height": 240}},
            "description": photo["alt"],
            "blurhash": None,
        }

    def notification(self, row: sqlite3.Row) -> Json:
        """A Notification with the status as it stands now."""
        status = self.network.referred(str(row["status_id"]))
        return {
            "id": str(row["id"]),
            "type": row["type"],
            "created_at": iso_z(row["created_ms"]),
            "group_key": f"ungrouped-{row['id']}",
            "account": self.account(row["author_id"]),
            "status": self.status(status),
        }

    def configuration(self) -> Json:
        """What the server allows, as both forms of the instance tell it."""
        return {
            "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
            "statuses": {
                "max_characters": self.network.settings.mastodon_characters or LIMIT,
                "max_media_attachments": 4,
                "characters_reserved_per_url": URL_WEIGHT,
            },
            "media_attachments": {"description_limit": 1500, "image_size_limit": 16_777_216},
        }

    def instance_v1(self) -> Json:
        """The server, in the old form. Its streams are at its own address, path and all."""
        return {
            "uri": self.root.partition("://")[2],
            "title": self.network.settings.city_name,
            "short_description": "A simulated server",
            "version": VERSION,
            "urls": {"streaming_api": self.root},
            "stats": {"user_count": 2, "status_count": 0, "domain_count": 1},
            "languages": ["en"],
            "registrations": False,
            "configuration": self.configuration(),
        }

    def instance_v2(self) -> Json:
        """The server, in the new form."""
        streams = {"urls": {"streaming": self.root}}
        access = {"local": "public", "remote": "authenticated"}
        feeds = {"timelines_access": {"live_feeds": access, "hashtag_feeds": access}}
        return {
            "domain": self.root.partition("://")[2],
            "title": self.network.settings.city_name,
            "version": VERSION,
            "api_versions": {"mastodon": 2},
            "source_url": "",
            "description": "A simulated server",
            "languages": ["en"],
            "configuration": self.configuration() | streams | feeds,
            "registrations": {"enabled": False, "approval_required": False},
            "rules": [],
        }
