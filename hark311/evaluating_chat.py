"""`hark evaluate chat`: the lane and the question of a chat's posts, held against labels."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from classifier.chat.evaluation import ChatFigures, LineBroken, read_labelled, score
from hark311 import wiring
from hark311.evaluating import Fail
from hark311.settings import Settings
from models.chats import ChatLane


def chat(
    settings: Settings,
    files: Sequence[Path],
    *,
    as_json: bool,
    fail: Fail,
    progress: Callable[[], Progress],
    out: Console,
    err: Console,
) -> None:
    """Read every post of the files as the board would, and say how often the question and the lane are right."""
    try:
        posts = read_labelled(files)
    except LineBroken as error:
        fail(f"{error}. Nothing was measured.", 1)
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}. Nothing was measured.", 2)
    if not posts:
        fail("The files hold no posts. Nothing was measured.", 1)
    with err.status("Loading the classifier..."):
        classifier = wiring.classifier_of(settings)
    with progress() as bar:
        shown = bar.add_task("Reading the chat", total=len(posts))
        found = score(posts, classifier, lambda done: bar.update(shown, completed=done))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
        return
    _show(found, out)


def _show(found: ChatFigures, out: Console) -> None:
    out.print(f"{found.n} posts: question right {found.question_accuracy:.1%}, lane right {found.lane_accuracy:.1%}")
    table = Table("lane", "posts", "recall", "taken for", title="By the labelled lane")
    for lane in ChatLane:
        n, recall = found.lane(lane)
        if recall is not None:
            wrong = [
                f"{one.value} {count}" for one in ChatLane if one != lane and (count := found.confusion[lane, one])
            ]
            table.add_row(lane.value, str(n), f"{recall:.1%}", ", ".join(wrong))
    out.print(table)
