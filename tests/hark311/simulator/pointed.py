"""The real tweepy client, its requests carried to the simulator by an adapter below it."""

from dataclasses import replace
from typing import Any

import requests
import tweepy
from requests.adapters import HTTPAdapter

from hark311.simulator import RunningSimulator


class ToSimulator(HTTPAdapter):
    """Sends what was signed for https://api.twitter.com to another root."""

    def __init__(self, root: str) -> None:
        self._root = root
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Rewrite the address and send."""
        request.url = (request.url or "").replace("https://api.twitter.com", self._root)
        return super().send(request, *args, **options)


def pointed_client(simulator: RunningSimulator, **wrong_keys: str) -> tweepy.Client:
    """A tweepy client for a simulator; named keys may be replaced by wrong ones."""
    keys = replace(simulator.settings.x_keys, **wrong_keys)
    client = tweepy.Client(
        keys.bearer_token, keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret
    )
    client.session.mount("https://api.twitter.com", ToSimulator(simulator.x_url))
    return client
