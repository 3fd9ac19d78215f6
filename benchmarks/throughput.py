"""How fast posts are understood with several processes at once, and the memory one of them takes."""

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Empty
from typing import Any

from benchmarks.classify import resident_mb

BATCH = 256
PROCESSES = 2
_SECONDS_TO_START, _SECONDS_TO_LOOK = 180, 5


@dataclass(frozen=True, slots=True)
class Throughput:
    """One run. Posts a second by the clock over all processes, and per second of CPU; shares are 0 to 1.

    Memory is that of one process, the largest of them: before anything of ours is loaded but the interpreter and what
    it imports, with the classifier loaded, and after its share of the posts.
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
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=_work, args=(posts[first::processes], models, ready, told), daemon=True)
        for first in range(processes)
    ]
    for one in workers:
        one.start()
    shares: list[_Share] = []
    while len(shares) < processes:
        try:
            shares.append(told.get(timeout=_SECONDS_TO_LOOK))
        except Empty:
            if any(one.exitcode for one in workers):
                raise RuntimeError("a process that understands posts died; its traceback stands above") from None
    for one in workers:
        one.join()
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


def _work(posts: Sequence[str], models: Path, ready: Barrier, told: Any) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.modules["torch"] = None  # type: ignore[assignment] # not importable, as in an install without the train extra
    from classifier.cascade import FollowingClassifier
    from classifier.model_files import ModelFiles
    from classifier.taxonomy import services_of_taxonomy

    classifier, services = FollowingClassifier(ModelFiles(models)), services_of_taxonomy()
    classifier.classify(posts[-BATCH:], services)  # opens the encoder, which waits for the first text it must read
    loaded = resident_mb()
    ready.wait(_SECONDS_TO_START)
    started, cpu, read = time.monotonic(), time.process_time(), 0
    for first in range(0, len(posts), BATCH):
        answers = classifier.classify(posts[first : first + BATCH], services)
        read += sum(any(why.encoder for why in one.explanations) for one in answers)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    told.put(_Share(started, ended, cpu, read, loaded, resident_mb()))
