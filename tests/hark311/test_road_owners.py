"""The road owners a new city starts with: what a file may hold, and what ours does."""

import pytest

from hark311.starter import StarterError, load_road_owners, parse_road_owners

ONE = '[[road_owner]]\ncode = "STATE"\nname = "the state"\nours = false\ncall = "State roads"\nnumber = ""\nnote = ""\n'


def test_the_state_keeps_its_roads_and_nobody_has_checked_the_number() -> None:
    owners = {one.code: one for one in load_road_owners()}
    assert owners["CITY"].ours
    assert not owners["STATE"].ours
    assert "PennDOT" in owners["STATE"].name
    assert all(one.checked_on is None for one in owners.values())
    assert all(one.name and (one.ours or one.call or one.note) for one in owners.values())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", r"no \[\[road_owner"),
        (ONE.replace("ours = false\n", ""), r"road owner 1 \(STATE\): ours"),
        (ONE.replace('"STATE"', '""'), "code"),
        (ONE * 2, "listed twice"),
        (ONE + 'fax = "1"\n', "fax"),
    ],
)
def test_an_owner_that_cannot_be_used_is_named(text: str, why: str) -> None:
    with pytest.raises(StarterError, match=why):
        parse_road_owners(text, "road_owners.toml")
