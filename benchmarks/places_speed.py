"""How fast places are found and resolved in a city of fifty thousand streets, on one core, and what that takes.

The measuring is done by this module run by itself, so that the memory is that of the gazetteer alone. It gets the
database and the posts (a JSON list), and prints what it measured.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import big_city
from benchmarks.memory import resident_mb
from benchmarks.others_posts import OthersPosts
from hark311.gazetteers import GazetteerAtWork
from models import Database, LayerKind, Need, migrations
from models.place_layers import add_layer

CITY = "big-city"
POSTS = 6_000
RUNS = 2


def measured(posts: OthersPosts) -> dict[str, Any]:
    """Half the posts are about the city, the others are posts of residents as they come. The better of RUNS runs."""
    told = big_city.posts(POSTS // 2) + posts.mixed(POSTS // 2, seed=3)
    with tempfile.TemporaryDirectory(prefix="hark311-places-") as folder:
        database = Database.in_file(Path(folder) / "hark.db")
        migrations.upgrade(database)
        started = time.perf_counter()
        with database.write() as session:
            layer = add_layer(
                session, CITY, LayerKind.STREETS, "centrelines", big_city.features(), now=datetime.now(UTC)
            )
            rows = layer.features
        stored = time.perf_counter() - started
        database.dispose()
        file = Path(folder) / "posts.json"
        file.write_text(json.dumps(told), "utf-8")
        runs = [_alone(Path(folder), file) for _ in range(RUNS)]
    best = max(runs, key=lambda one: float(one["posts_per_second"]))
    return {"streets": big_city.STREETS, "segments": rows, "stored_per_second": round(rows / stored), **best}


def _alone(folder: Path, posts: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.places_speed", str(folder / "hark.db"), str(posts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str]) -> int:
    texts = json.loads(Path(arguments[1]).read_text("utf-8"))
    database = Database.in_file(Path(arguments[0]))
    nothing = GazetteerAtWork(database, "nowhere")
    nothing.resolve("pothole at 5th and Market", nothing.find("pothole at 5th and Market"), need=Need.POINT)
    before, started = resident_mb(), time.perf_counter()
    places = GazetteerAtWork(database, CITY)
    version = places.version
    loaded, after = time.perf_counter() - started, resident_mb()
    assert version, "the gazetteer is there"
    located, spent = 0, []
    for text in texts:
        began = time.process_time()
        resolved = places.resolve(text, places.find(text), need=Need.POINT)
        spent.append(time.process_time() - began)
        located += bool(resolved.candidates and resolved.candidates[0].lat is not None)
    print(
        json.dumps(
            {
                "posts": len(texts),
                "located": round(located / len(texts), 4),
                "posts_per_second": round(len(texts) / sum(spent), 1),
                "p99_ms": round(quantiles(spent, n=100)[98] * 1000, 2),
                "load_seconds": round(loaded, 2),
                "memory_more_mb": round(after - before, 1),
                "memory_after_posts_mb": round(resident_mb() - before, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
