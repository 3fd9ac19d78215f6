"""Sample posts by invented residents on every network, for demo and training; keyed: loading twice changes nothing."""

import json
from collections.abc import Callable, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

from hark311.simulator.bluesky_network import SaidOnBluesky
from hark311.simulator.box import Box
from hark311.simulator.mastodon_network import SaidOnMastodon
from hark311.simulator.spoken import Json, SaidOnTelegram, SaidOnX, Spoken


def read_samples() -> list[tuple[str, Json]]:
    """The samples in order: the network's name and what is said there."""
    text = (files("hark311.simulator") / "samples.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [(line.pop("network"), line) for line in lines]


def load_samples(box: Box) -> Json:
    """Say all samples on their networks; returns how many were new."""
    networks: dict[str, tuple[type[Spoken], Callable[[Any], Sequence[Any]]]] = {
        "x": (SaidOnX, box.x.say),
        "telegram": (SaidOnTelegram, box.telegram.say),
        "mastodon": (SaidOnMastodon, box.mastodon.say),
        "bluesky": (SaidOnBluesky, box.bluesky.say),
    }
    new = 0
    for network, run in groupby(read_samples(), key=lambda sample: sample[0]):
        shape, say = networks[network]
        new += sum(one.new for one in say([shape.model_validate(said) for _, said in run]))
    return {"new": new}
