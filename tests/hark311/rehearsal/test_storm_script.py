"""The script of a storm: nobody reports twice, no two problems can be taken for one, and the same seed is the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.rehearsal.storm_script import MOST_ON_X, REPORTS, write_storm
from models import Channel, Feature, FeatureKind


def corners(count: int) -> list[Feature]:
    """A town of streets half a kilometre apart."""
    return [
        Feature(
            kind=FeatureKind.CROSSING,
            name=f"Elm{x} St",
            other=f"Oak{y} Ave",
            lat=40 + 0.005 * x,
            lon=-75 + 0.005 * y,
        )
        for x in range(count)
        for y in range(count)
    ]


@given(
    posts=st.integers(60, 400),
    problems=st.integers(1, 30),
    hours=st.floats(1, 12),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=25, deadline=None)
def test_every_author_reports_one_problem_once_before_they_say_more_about_it(
    posts: int, problems: int, hours: float, seed: int
) -> None:
    storm = write_storm(corners(8), posts=posts, problems=problems, hours=hours, seed=seed)
    assert len(storm.sayings) == posts
    assert [one.at for one in storm.sayings] == sorted(one.at for one in storm.sayings)
    problem_of: dict[tuple[Channel, str], int] = {}
    for one in storm.sayings:
        assert 0 <= one.at <= hours * 3600
        who = one.channel, one.author
        assert one.first == (who not in problem_of)
        assert problem_of.setdefault(who, one.problem) == one.problem
    assert len(problem_of) == sum(storm.authors.values())
    assert storm.authors[Channel.X] <= MOST_ON_X


def test_no_two_problems_stand_at_one_corner_and_each_is_closed_after_it_was_planned() -> None:
    storm = write_storm(corners(12), posts=300, problems=100, hours=6, seed=3)
    assert len({one.place for one in storm.problems}) == 100
    for one in storm.problems:
        assert one.service_code in REPORTS
        assert one.planned_at is None or one.planned_at < one.closes_at
        assert one.promised_at is None or one.promised_at < one.closes_at


def test_corners_that_lie_together_are_not_used_twice() -> None:
    near = [
        Feature(kind=FeatureKind.CROSSING, name=f"Elm{n} St", other="Oak Ave", lat=40 + 0.0005 * n, lon=-75.0)
        for n in range(6)
    ]
    with pytest.raises(ValueError, match="corners for 1 problems that lie apart, not for 2"):
        write_storm(near, posts=20, problems=2, hours=2, seed=1)


def test_the_same_seed_writes_the_same_storm() -> None:
    def one(seed: int) -> object:
        return write_storm(corners(6), posts=80, problems=12, hours=2, seed=seed)

    assert one(5) == one(5)
    assert one(5) != one(6)


def test_a_storm_of_five_thousand_posts_has_every_problem_told_and_eight_hundred_people_on_x() -> None:
    storm = write_storm(corners(30), posts=5000, problems=600, hours=6, seed=1)
    assert len({one.problem for one in storm.sayings}) == 600
    assert storm.authors[Channel.X] == MOST_ON_X
