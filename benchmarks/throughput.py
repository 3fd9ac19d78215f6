"""How fast posts are understood with several processes at once, and the memory one of them takes.

Each process is this module run by itself, so that it holds what a worker holds and nothing of the measuring one. It
reads its posts (a JSON list) from a file, says on standard output that it is ready, waits for a line, and tells.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.memory import resident_mb

BATCH = 256
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Throughput:
    """One run. Posts a second by the clock over all processes, and per second of CPU; shares are 0 to 1.

    Memory is that of one process, the largest of them: with the classifier and the encoder loaded, and after its share
    of the posts.
    """

    posts: int
    mean_characters: float
    processes: int
    posts_per_second: float
    posts_per_cpu_second: float
    read_by_encoder: float
    memory_loaded_mb: float
    memory_after_mb: float


@dataclass(frozen=True, slots=True)
class _Share:
    started: float
    ended: float
    cpu: float
    read: int
    loaded_mb: float
    after_mb: float


def understand(posts: Sequence[str], models: Path, processes: int = PROCESSES) -> Throughput:
    """Understands the posts once, shared out to processes that start together when all have loaded their models.

    Raises RuntimeError where one of them dies.
    """
    with tempfile.TemporaryDirectory(prefix="hark311-throughput-") as scratch:
        workers = []
        for first in range(processes):
            file = Path(scratch) / f"{first}.json"
            file.write_text(json.dumps(posts[first::processes]), "utf-8")
            command = [sys.executable, "-m", "benchmarks.throughput", str(file), str(models)]
            workers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        for one in workers:
            _line(one)
        for one in workers:
            _start(one)
        shares = [_Share(**json.loads(_line(one))) for one in workers]
        for one in workers:
            one.communicate()
    spent = max(one.ended for one in shares) - min(one.started for one in shares)
    return Throughput(
        posts=len(posts),
        mean_characters=round(sum(map(len, posts)) / len(posts), 1),
        processes=processes,
        posts_per_second=round(len(posts) / spent, 1),
        posts_per_cpu_second=round(len(posts) / sum(one.cpu for one in shares), 1),
        read_by_encoder=round(sum(one.read for one in shares) / len(posts), 4),
        memory_loaded_mb=max(one.loaded_mb for one in shares),
        memory_after_mb=max(one.after_mb for one in shares),
    )


def _line(worker: "subprocess.Popen[str]") -> str:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise RuntimeError("a process that understands posts died; its traceback stands above")
    return line


def _start(worker: "subprocess.Popen[str]") -> None:
    assert worker.stdin is not None, "made with a pipe"
    worker.stdin.write("\n")
    worker.stdin.flush()


def work(posts: Sequence[str], models: Path) -> None:
    """One of the processes."""
    sys.modules["torch"] = None  # type: ignore[assignment] # not importable, as in an install without the train extra
    from classifier.cascade import FollowingClassifier
    from classifier.model_files import ModelFiles
    from classifier.taxonomy import services_of_taxonomy

    classifier, services = FollowingClassifier(ModelFiles(models)), services_of_taxonomy()
    classifier.classify(posts[-BATCH:], services)  # opens the encoder, which waits for the first text it must read
    loaded = resident_mb()
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu, read = time.monotonic(), time.process_time(), 0
    for first in range(0, len(posts), BATCH):
        answers = classifier.classify(posts[first : first + BATCH], services)
        read += sum(any(why.encoder for why in one.explanations) for one in answers)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    print(json.dumps(asdict(_Share(started, ended, cpu, read, loaded, resident_mb()))), flush=True)


if __name__ == "__main__":
    work(json.loads(Path(sys.argv[1]).read_text("utf-8")), Path(sys.argv[2]))
