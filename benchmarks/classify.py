"""What understanding a post costs: time per post on one core, and memory.

    python -m benchmarks.classify --posts 4000 --json

Beside the rule classifier stand its parts, and two plain ways to do a part of its work with the same words: spaCy's
own EntityRuler with the English category cues, and one regular expression per category. Posts are made up from our
own phrases, about 110 characters each. Time is the CPU time of this process; the median of several rounds counts.
"""

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import spacy
from rich.console import Console
from rich.table import Table
from spacy.pipeline import EntityRuler

from benchmarks.memory import resident_mb
from classifier.cues import spell_out
from classifier.language import guess_language
from classifier.lexicons import read_lexicon
from classifier.places import find_places
from classifier.redaction import find_private
from classifier.rules import build
from classifier.taxonomy import services_of_taxonomy
from classifier.words import read_words

ROUNDS = 5
OPENINGS = ("Hey @Philly311 ", "", "Hello, ", "@Philly311 please help: ", "Second time I write. ")
PROBLEMS = (
    "there is a huge pothole that already cost me a tire",
    "the street light has been out for two weeks and it is pitch black",
    "somebody dumped a mattress and six tires in the alley behind us",
    "our recycling was skipped again, bins are still full at the curb",
    "a car with no plates has not moved for a month",
    "the traffic light is stuck on red and nobody knows what to do",
    "rats are everywhere around the dumpster of the diner",
    "water is bubbling up through the pavement since this morning",
    "hay un bache enorme y nadie lo arregla",
    "路灯坏了两个星期，请尽快修",
    "thank you for fixing the sidewalk so fast, great job",
    "when is trash day this week because of the holiday?",
)
PLACES = (
    "at 5th & Market",
    "on the 1200 block of Pine St",
    "near Clark Park",
    "at 2217 Spring Garden St",
    "by my house",
    "22nd and walnut",
)
ENDINGS = (
    ". Please fix it soon.",
    ", call me at 215-555-0142.",
    "!",
    ". Thanks",
    ". It is really dangerous for the kids here.",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds per post, and how many posts a second one core does."""

    what: str
    ms_per_post: float
    posts_per_second: float


@dataclass(frozen=True, slots=True)
class Result:
    posts: int
    mean_characters: float
    build_seconds: float
    rss_before_mb: float
    rss_after_mb: float
    costs: tuple[Cost, ...]


def made_up(count: int, seed: int) -> list[str]:
    """Posts put together from our own words, the same for the same seed."""
    chance = random.Random(seed)
    return [
        chance.choice(OPENINGS) + chance.choice(PROBLEMS) + " " + chance.choice(PLACES) + chance.choice(ENDINGS)
        for _ in range(count)
    ]


def measured(what: str, work: Callable[[Sequence[str]], object], posts: Sequence[str]) -> Cost:
    work(posts[: len(posts) // 4])
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work(posts)
        times.append(time.process_time() - started)
    each = statistics.median(times) / len(posts)
    return Cost(what, round(each * 1000, 4), round(1 / each, 1))


def plain_cues() -> dict[str, list[str]]:
    """The English cues that are one phrase, written out, per category: what the two plain ways can use."""
    return {
        code: [
            phrase
            for cue in groups.get("strong", [])
            if "~" not in cue and ".." not in cue
            for phrase in spell_out(cue)
        ]
        for code, groups in read_lexicon("category_en").items()
    }


def entity_ruler() -> Callable[[Sequence[str]], object]:
    nlp = spacy.blank("en")
    ruler = EntityRuler(nlp, phrase_matcher_attr="LOWER")
    ruler.add_patterns([{"label": code, "pattern": one} for code, phrases in plain_cues().items() for one in phrases])
    return lambda posts: [ruler(nlp.make_doc(post)).ents for post in posts]


def expressions() -> Callable[[Sequence[str]], object]:
    found = [
        re.compile(r"\b(?:" + "|".join(map(re.escape, phrases)) + r")\b", re.IGNORECASE)
        for phrases in plain_cues().values()
    ]
    return lambda posts: [[one.findall(post) for one in found] for post in posts]


def run(count: int, seed: int) -> Result:
    posts = made_up(count, seed)
    before = resident_mb()
    started = time.process_time()
    classifier = build()
    built = time.process_time() - started
    services = services_of_taxonomy()
    after = resident_mb()
    costs = (
        measured("rule classifier, all of it", lambda some: classifier.classify(some, services), posts),
        measured("  words", lambda some: [read_words(post) for post in some], posts),
        measured("  language", lambda some: [guess_language(post) for post in some], posts),
        measured("  places", lambda some: [find_places(post) for post in some], posts),
        measured("  private details", lambda some: [find_private(post) for post in some], posts),
        measured("plain spaCy EntityRuler, English categories only", entity_ruler(), posts),
        measured("one regular expression per category, English only", expressions(), posts[: max(1, count // 10)]),
    )
    mean = statistics.fmean(map(len, posts))
    return Result(len(posts), round(mean, 1), round(built, 2), before, after, costs)


def shown(result: Result) -> Table:
    table = Table(title=f"{result.posts} posts of {result.mean_characters} characters, one core")
    table.add_column("what")
    table.add_column("ms per post", justify="right")
    table.add_column("posts/s", justify="right")
    for cost in result.costs:
        table.add_row(cost.what, f"{cost.ms_per_post:.3f}", f"{cost.posts_per_second:.0f}")
    table.caption = (
        f"built in {result.build_seconds} s; memory {result.rss_before_mb} MB before (interpreter, models, spaCy), "
        f"{result.rss_after_mb} MB after"
    )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    result = run(options.posts, options.seed)
    if options.json:
        json.dump(asdict(result), sys.stdout, indent=2)
    else:
        Console().print(shown(result))


if __name__ == "__main__":
    main()
