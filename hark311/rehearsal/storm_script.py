"""What happens in a storm: which problems, who tells of them when and in which words, and what the city does.

All of it is made from one seed before the curtain rises, so that the same storm can be played again.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from models import Channel, Feature, FeatureKind

MOST_ON_X = 800
"""X shows no more than 800 mentions back, and lets an account post 100 times in 15 minutes."""
SHARES = {Channel.X: 800, Channel.TELEGRAM: 700, Channel.MASTODON: 400, Channel.BLUESKY: 500}
"""Authors on each channel, of 2,400."""
AUTHORS_PER_POST = 0.48
APART_DEGREES = 0.003
"""About 300 m: two problems never stand so near that a person could take one for the other."""

REPORTS: dict[str, tuple[str, ...]] = {
    "TREE": (
        "A tree came down in the storm and blocks the street at {place}",
        "Big branch fell on the sidewalk at {place}, nobody gets past",
        "Un árbol caído bloquea la calle en {place}",
        "Fallen tree at {place}, it took the fence with it",
    ),
    "SEWER_DRAIN": (
        "The storm drain at {place} is clogged and the corner is flooded",
        "Street is under water at {place}, the inlet does not take any of it",
        "La alcantarilla está tapada en {place} y la esquina está inundada",
        "Clogged inlet at {place}, water up to the curb",
    ),
    "TRAFFIC_SIGNAL": (
        "The traffic signal at {place} is dark since the storm",
        "Traffic light out at {place}, cars just guess whose turn it is",
        "El semáforo no funciona en {place}",
        "Traffic signal blinks red all night at {place}",
    ),
    "STREET_LIGHT": (
        "The street light at {place} is out, the whole corner is dark",
        "Street light out at {place} since the storm",
        "La luz de la calle está apagada en {place}",
        "Street lamp is dark at {place}",
    ),
    "POTHOLE": (
        "Deep pothole at {place}, it opened up with all that rain",
        "Huge pothole at {place}, two cars with flat tires already",
        "Hay un bache enorme en {place}",
        "Pothole the size of a bathtub at {place}",
    ),
    "ILLEGAL_DUMPING": (
        "Somebody dumped a pile of mattresses at {place}",
        "Illegal dumping at {place}: tires and bags of trash",
        "Tiraron basura y colchones en {place}",
        "Dumped rubbish all over the corner of {place}",
    ),
}
MORE = ("It is still there", "Any news about this?", "It got worse in the last hour", "Still waiting on this one")


class Closing:
    """Why the city closes a request, in the city's words; the first word of each is how often, of a hundred."""

    REASONS: Sequence[tuple[int, str]] = (
        (62, "Work completed. The crew repaired it."),
        (12, "No action taken: this is private property."),
        (8, "Duplicate of an earlier request."),
        (8, "Referred to the state department of transportation."),
        (6, "The crew could not find the problem at this location."),
        (4, ""),
    )

    @classmethod
    def pick(cls, dice: random.Random) -> str:
        return dice.choices([words for _, words in cls.REASONS], [share for share, _ in cls.REASONS])[0]


@dataclass(frozen=True, slots=True)
class Saying:
    """Something a resident says, so many seconds into the storm. `first`: it is their report, and not more about it."""

    at: float
    channel: Channel
    author: str
    problem: int
    words: str
    first: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and when (seconds into the storm) the city plans, promises and closes it."""

    number: int
    service_code: str
    place: str
    closes_at: float
    reason: str
    planned_at: float | None
    promised_at: float | None


@dataclass(frozen=True, slots=True)
class Storm:
    """The whole script. `sayings` in order of time."""

    problems: Sequence[Problem]
    sayings: Sequence[Saying]
    span: timedelta
    authors: dict[Channel, int] = field(default_factory=dict)


def write_storm(crossings: Sequence[Feature], *, posts: int, problems: int, hours: float, seed: int) -> Storm:
    """A storm of so many posts about so many problems. Raises ValueError where the town has too few corners for it."""
    dice, seconds = random.Random(seed), hours * 3600  # noqa: S311 - a script, not a secret
    places = _apart(crossings, problems, dice)
    if len(places) < problems:
        raise ValueError(f"this town has corners for {len(places)} problems that lie apart, not for {problems}")
    wrong = [_problem(number, place, seconds, dice) for number, place in enumerate(places)]
    authors = _authors(posts)
    told = sorted(_sayings(wrong, authors, posts, seconds, dice), key=lambda one: one.at)
    return Storm(wrong, told, timedelta(seconds=seconds), authors)


def _apart(crossings: Sequence[Feature], wanted: int, dice: random.Random) -> list[str]:
    """Corners, as residents call them, of which no two lie near each other or share a name."""
    corners = [
        (one.lat, one.lon, f"{one.other} and {one.name}")
        for one in crossings
        if one.kind == FeatureKind.CROSSING and one.other and one.lat is not None and one.lon is not None
    ]
    taken: dict[tuple[int, int], tuple[float, float]] = {}
    found = list[str]()
    for lat, lon, called in dice.sample(corners, len(corners)):
        if len(found) == wanted:
            break
        x, y = round(lat / APART_DEGREES), round(lon / APART_DEGREES)
        around = filter(None, (taken.get((x + dx, y + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)))
        if any(max(abs(one[0] - lat), abs(one[1] - lon)) < APART_DEGREES for one in around):
            continue
        taken[x, y] = lat, lon
        found.append(called)
    return found


def _problem(number: int, place: str, seconds: float, dice: random.Random) -> Problem:
    service_code = dice.choice(list(REPORTS))
    closes_at = dice.uniform(0.55, 0.85) * seconds
    planned = dice.uniform(0.40, 0.50) * seconds if dice.random() < 0.3 else None
    promised = dice.uniform(0.42, 0.52) * seconds if dice.random() < 0.06 else None
    return Problem(number, service_code, place, closes_at, Closing.pick(dice), planned, promised)


def _authors(posts: int) -> dict[Channel, int]:
    """How many people write on each channel; on X no more than it shows."""
    whole, shares = round(posts * AUTHORS_PER_POST), sum(SHARES.values())
    counts = {channel: max(1, whole * share // shares) for channel, share in SHARES.items()}
    counts[Channel.X] = min(counts[Channel.X], MOST_ON_X)
    return counts


def _sayings(
    problems: Sequence[Problem], authors: dict[Channel, int], posts: int, seconds: float, dice: random.Random
) -> Iterator[Saying]:
    """Every author reports one problem once; what is left of the posts is more about it by some of them."""
    firsts = []
    people = [(channel, f"neighbor{number}") for channel, count in authors.items() for number in range(count)]
    dice.shuffle(people)
    for number, (channel, author) in enumerate(people):
        problem = problems[number] if number < len(problems) else dice.choice(problems)
        words = dice.choice(REPORTS[problem.service_code]).format(place=problem.place)
        at = min(dice.expovariate(1 / (0.12 * seconds)), 0.38 * seconds)
        firsts.append(Saying(at, channel, author, problem.number, words, first=True))
    yield from firsts
    for _ in range(posts - len(firsts)):
        one = dice.choice(firsts)
        at = one.at + min(60 + dice.expovariate(1 / 1500), 0.5 * seconds)
        yield Saying(at, one.channel, one.author, one.problem, dice.choice(MORE), first=False)
