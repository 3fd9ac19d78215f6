"""Forty sample posts by invented residents, for demo and training; keyed, so loading them twice changes nothing."""

import json
from importlib.resources import files
from itertools import groupby

from hark311.simulator.box import Box
from hark311.simulator.spoken import Json, SaidOnTelegram, SaidOnX


def read_samples() -> list[tuple[str, Json]]:
    """The samples in order: network (x or telegram) and what is said there."""
    text = (files("hark311.simulator") / "samples.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [(line.pop("network"), line) for line in lines]


def load_samples(box: Box) -> Json:
    """Say all samples on their networks; returns how many were new."""
    new = 0
    for network, run in groupby(read_samples(), key=lambda sample: sample[0]):
        spoken = [said for _, said in run]
        if network == "x":
            new += sum(one.new for one in box.x.say([SaidOnX.model_validate(said) for said in spoken]))
        else:
            done = box.telegram.say([SaidOnTelegram.model_validate(said) for said in spoken])
            new += sum(one.new for one in done)
    return {"new": new}
