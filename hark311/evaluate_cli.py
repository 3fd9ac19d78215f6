"""`hark evaluate`: its options, and who measures what."""

from pathlib import Path
from typing import Annotated

import typer

from hark311.terminal import AsJson, Data, err, fail, out, progress, settings_of, told


@told
def evaluate(
    task: Annotated[
        str,
        typer.Argument(
            help="intent, category, emergency, language, location, resolve, neighbours, learning, length or chat.",
            show_default=False,
        ),
    ],
    files: Annotated[list[Path] | None, typer.Argument(help="JSONL files with labelled texts; length: YAML.")] = None,
    data: Data = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Write a page and its figures into this directory.")] = None,
    city: Annotated[
        str, typer.Option(help="location, resolve: whose gazetteer knows the names; location needs none.")
    ] = "",
    ids: Annotated[Path | None, typer.Option(help="resolve: a file of the row ids to count.")] = None,
    repeats: Annotated[
        Path | None, typer.Option(help="neighbours: JSONL of first, again and category to plant.")
    ] = None,
    pairs: Annotated[int, typer.Option(help="neighbours: how many suggestions to draw for readers.", min=1)] = 300,
    write: Annotated[Path | None, typer.Option("--out", help="neighbours: write them here.")] = None,
    judged: Annotated[list[Path] | None, typer.Option(help="neighbours: a reader's verdicts on them.")] = None,
    pool: Annotated[list[Path] | None, typer.Option(help="learning: files whose labels may be asked for.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="learning: files to measure on.")] = None,
    labels: Annotated[int, typer.Option(help="learning: labels to ask for.", min=1)] = 1000,
) -> None:
    """Score the classifier on labelled texts, one JSON object a line; labels are in fields named like the task.

    Example: `hark evaluate category labelled.jsonl --report ./measured`

    `resolve` measures metres to the lat and lon of each line, with the gazetteer of a city.

    Example: `hark evaluate resolve requests.jsonl --city philadelphia --json`

    `neighbours` plants repeats among reports (text, lat, lon, created) and says how many are found; with --out it
    writes suggestions for readers to judge, and with --judged it reads their verdicts.

    `length` counts texts as X does, and compares with twitter-text's conformance file.

    Example: `hark evaluate length validate.yml --json`

    `chat` reads posts of a tweet chat (text, minute, reply_to_question) with six questions at minutes 5 to 50, and says
    how often the question they belong to and the lane they stand in are right.

    Example: `hark evaluate chat posts.jsonl --json`

    `learning` plays how fast it learns: it asks for the labels it is least certain of, and is measured again.

    Example: `hark evaluate learning --pool mine.jsonl --test others.jsonl --labels 1000 --json`
    """
    from hark311 import evaluating, evaluating_places

    settings = settings_of("evaluate", data)
    if task == "learning":
        evaluating.learning(settings, pool or [], test or [], labels, as_json=as_json, fail=fail, out=out, err=err)
        return
    if task == "neighbours":
        evaluating_places.neighbours(
            settings, files or [], repeats, pairs, write, judged or [], as_json=as_json, fail=fail, out=out, err=err
        )
        return
    if not files:
        fail(f"Name the files to score {task} on.", 2)
    if task == "length":
        from hark311 import evaluating_length

        evaluating_length.length(files, as_json=as_json, fail=fail, out=out)
        return
    if task == "chat":
        from hark311 import evaluating_chat

        evaluating_chat.chat(settings, files, as_json=as_json, fail=fail, progress=progress, out=out, err=err)
        return
    if task == "resolve":
        evaluating_places.resolve(
            settings, files, city or settings.city, ids, as_json=as_json, fail=fail, out=out, err=err
        )
        return
    evaluating.evaluate(
        settings, task, files, city, as_json=as_json, report=report, fail=fail, progress=progress, out=out, err=err
    )
