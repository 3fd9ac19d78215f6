"""The `hark places` commands: a city's own sources in and out, what a text names, and what the gazetteer holds."""

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hark311.terminal import AsJson, Data, err, fail, out, settings_of, stored, told

if TYPE_CHECKING:  # loading them takes longer than --help should
    from hark311.place_files import Imported, Source
    from hark311.settings import Settings
    from models import Database, PlaceLayer

app = typer.Typer(help="Keep the city's gazetteer: streets, addresses, stops, landmarks, areas.", no_args_is_help=True)

_SLUG = re.compile(r"[a-z0-9-]{1,40}")
_SHOWN_REASONS = 12


class Kind(StrEnum):
    """What a file of places is."""

    STREETS = "streets"
    ADDRESSES = "addresses"
    OSM = "osm"
    STOPS = "stops"
    LANDMARKS = "landmarks"
    AREAS = "areas"
    PAST_REQUESTS = "past_requests"
    NICKNAMES = "nicknames"
    FEATURES = "features"


class AreaIs(StrEnum):
    """What an area decides."""

    CITY = "city"
    NEIGHBOURHOOD = "neighbourhood"
    DISTRICT = "district"
    WARD = "ward"
    DEPARTMENT = "department"
    OTHER = "other"


class NeedIs(StrEnum):
    """How exactly the place must be known."""

    POINT = "point"
    BLOCK = "block"
    ADDRESS = "address"
    NOTHING = "nothing"


City = Annotated[str, typer.Option("--city", help="Whose gazetteer, as the setting `city` has it.", show_default=False)]
Name = Annotated[
    str, typer.Option("--name", help="Names the source; a newer import replaces it.", show_default="kind of file")
]
Attribution = Annotated[str, typer.Option("--attribution", help="Whom to name for it: '© OpenStreetMap contributors'.")]
Licence = Annotated[str, typer.Option("--licence", help="Its licence, such as ODbL-1.0.")]
Column = Annotated[
    list[str] | None, typer.Option("--column", help="Which column is what: name=ROAD_NM. As often as needed.")
]
LayerId = Annotated[int, typer.Argument(help="Number of the layer; `hark places layers` lists them.")]


@app.command(name="import")
@told
def import_file(
    file: Annotated[Path, typer.Argument(help="GeoJSON, Shapefile, CSV, .osm.pbf, or GTFS zip.")],
    kind: Annotated[Kind, typer.Option("--kind", help="What the file holds.")],
    city: City = "",
    name: Name = "",
    attribution: Attribution = "",
    licence: Licence = "",
    column: Column = None,
    area_kind: Annotated[AreaIs, typer.Option("--area-kind", help="What areas decide.")] = AreaIs.NEIGHBOURHOOD,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Read one of the city's own sources into its gazetteer; a newer one of the same name replaces the older.

    Example: `hark places import centerline.geojson --kind streets --city philadelphia`
    """
    from classifier.places.importers import Options
    from hark311.place_files import Source
    from models import AreaKind, LayerKind

    named = name or (area_kind.value if kind is Kind.AREAS else kind.value)
    options = Options(_columns(column), AreaKind(area_kind))
    _import(Source(file, LayerKind(kind), named, options, attribution, licence), city, data, as_json)


@app.command()
@told
def learn(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or GeoJSON with address, lat and lon.")],
    city: City = "",
    name: Name = "",
    column: Column = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Learn streets, crossings and house numbers from the city's own past requests, which every 311 centre has.

    Example: `hark places learn requests-2025.csv --city philadelphia`
    """
    from classifier.places.importers import Options
    from hark311.place_files import Source
    from models import LayerKind

    kind = LayerKind.PAST_REQUESTS
    _import(Source(file, kind, name or kind.value, Options(_columns(column))), city, data, as_json)


def _opened(settings: "Settings") -> "Database":
    """The database, made where there is none yet: a city's places may be the first that is known of it."""
    from hark311 import wiring
    from models import migrations

    database = wiring.database_of(settings)
    migrations.upgrade(database)
    return database


def _import(source: "Source", city: str, data: Path | None, as_json: bool) -> None:
    from classifier.places.importers import BrokenSource
    from hark311.place_files import bring_in
    from models.place_layers import gazetteer_version

    settings = settings_of("places", data)
    database, city = _opened(settings), _city(city, settings)
    with _progress() as bar:
        shown = bar.add_task(f"Reading {source.file.name}", total=None, told="")
        try:
            found = bring_in(
                database,
                city,
                source,
                lambda rows, features: bar.update(shown, told=f"{rows:,} rows, {features:,} features"),
            )
        except BrokenSource as error:
            fail(str(error))
    if as_json:
        with database.read() as session:
            version = gazetteer_version(session, city)
        typer.echo(json.dumps(found.as_dict() | {"version": version}, indent=2))
    else:
        _say(found)


def _say(found: "Imported") -> None:
    layer, skipped = found.layer, found.skipped
    speed = layer.features / max(found.seconds, 0.001)
    out.print(
        f"Layer {layer.id}, {layer.name!r} of {layer.city}: {layer.features:,} features "
        f"from {skipped.rows_read:,} rows in {found.seconds:.1f} s ({speed:,.0f} a second).",
        highlight=False,
        soft_wrap=True,
    )
    if before := found.replaced:
        back = f"`hark places restore {before.id}` goes back."
        out.print(
            f"It replaces layer {before.id} ({before.features:,} features); {back}", highlight=False, soft_wrap=True
        )
    if skipped.rows:
        out.print(f"{skipped.rows:,} rows were skipped:", highlight=False)
    for reason, rows in list(skipped.counts.items())[:_SHOWN_REASONS]:
        lines = ", ".join(map(str, skipped.reasons[reason][1:]))
        first = f" (first: {lines})" if lines else ""
        out.print(f"  {rows:>9,}  {reason}{first}", highlight=False, markup=False, soft_wrap=True)
    if len(skipped.reasons) > _SHOWN_REASONS:
        out.print(f"  and {len(skipped.reasons) - _SHOWN_REASONS} reasons more; --json has them all")


@app.command()
@told
def resolve(
    text: Annotated[str, typer.Argument(help="A post, or a place phrase.")],
    city: City = "",
    need: Annotated[NeedIs, typer.Option("--need", help="How exactly the place must be known.")] = NeedIs.POINT,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say where a text says it is: the candidates, and what to ask where it is not clear.

    Example: `hark places resolve "pothole at 5th and Cambria" --city philadelphia`
    """
    from hark311.gazetteers import GazetteerAtWork
    from models import Need

    settings = settings_of("places", data)
    database = stored(settings)
    with err.status("Loading the gazetteer..."):
        places = GazetteerAtWork(database, _city(city, settings)).now
    found = places.finder.find(text)
    resolved = places.resolver.resolve(text, found, need=Need(need))
    if as_json:
        told_places = [asdict(one) | {"phrase": text[one.start : one.end]} for one in found]
        candidates = [one.model_dump() for one in resolved.candidates]
        answer = {"needs_clarification": resolved.needs_clarification, "question": resolved.question}
        rest = {"note": resolved.note, "version": places.version}
        typer.echo(json.dumps({"places": told_places, "candidates": candidates} | answer | rest, indent=2))
        return
    if not places.version:
        err.print(f"There is no gazetteer of {_city(city, settings)} yet: `hark places import`.", style="yellow")
    if not found:
        out.print("No place is named.")
    table = Table("place", "kind", "lat", "lon", "to within", "score", "source")
    for one in resolved.candidates:
        point = [f"{degrees:.5f}" if degrees is not None else "" for degrees in (one.lat, one.lon)]
        within = f"{one.precision_m:.0f} m" if one.lat is not None else ""
        table.add_row(one.name, one.kind, *point, within, f"{one.score:.2f}", one.source)
    if resolved.candidates:
        out.print(table)
    for sentence in filter(None, (resolved.question, resolved.note)):
        out.print(sentence, highlight=False, markup=False, soft_wrap=True)


@app.command()
@told
def stats(city: City = "", data: Data = None, as_json: AsJson = False) -> None:
    """Say what the gazetteer of a city holds, where it is from, how long it takes to load and how much memory.

    Example: `hark places stats --city philadelphia --json`
    """
    from hark311.gazetteers import GazetteerAtWork
    from hark311.place_files import layer_as_dict
    from models.place_layers import active_layers, count_features

    settings = settings_of("places", data)
    database, city = stored(settings), _city(city, settings)
    with err.status("Loading the gazetteer..."):
        before, started = _memory_mb(), time.monotonic()
        places = GazetteerAtWork(database, city).now
        seconds, memory = time.monotonic() - started, _memory_mb() - before
    with database.read() as session:
        layers = active_layers(session, city)
        counts = count_features(session, city)
    gazetteer = places.gazetteer
    told_all: dict[str, Any] = {
        "city": city,
        "version": places.version,
        "features": {str(kind): count for kind, count in sorted(counts.items())},
        "streets": len(gazetteer.streets),
        "names": gazetteer.name_count,
        "crossings": sum(len(gazetteer.meeting(street)) for street in range(len(gazetteer.streets))) // 2,
        "load_seconds": round(seconds, 2),
        "memory_mb": round(memory, 1),
        "attribution": sorted({one.attribution for one in layers if one.attribution}),
        "layers": [layer_as_dict(one) for one in layers],
    }
    if as_json:
        typer.echo(json.dumps(told_all, indent=2))
        return
    table = Table("", "", show_header=False, title=f"The gazetteer of {city}")
    for kind, count in told_all["features"].items():
        table.add_row(kind, f"{count:,}")
    for label, said in (
        ("streets by name", f"{told_all['streets']:,}"),
        ("names in all", f"{told_all['names']:,}"),
        ("crossings known", f"{told_all['crossings']:,}"),
        ("loads in", f"{seconds:.1f} s, {memory:.0f} MB"),
        ("version", places.version or "none"),
        ("attribution", "; ".join(told_all["attribution"])),
    ):
        table.add_row(label, said)
    out.print(table)
    out.print(_table(layers))


@app.command(name="export")
@told
def export_file(
    file: Annotated[Path, typer.Argument(help="File to write: .geojson, or any other ending for lines of JSON.")],
    city: City = "",
    data: Data = None,
) -> None:
    """Write the gazetteer of a city into a file for any GIS or for `hark places import FILE --kind features`.

    Example: `hark places export philadelphia.geojson --city philadelphia`
    """
    from classifier.places.importers.features import as_line
    from models.place_layers import active_layers, features_in_layer

    settings = settings_of("places", data)
    city, count = _city(city, settings), 0

    def lines() -> Iterator[str]:
        for layer in layers:
            for feature in features_in_layer(session, layer.id or 0):
                yield as_line(feature, layer.name)

    with stored(settings).read() as session, _progress() as bar:
        layers = active_layers(session, city)
        if not layers:
            fail(f"There is no gazetteer of {city} yet: `hark places import`.")
        shown = bar.add_task(f"Writing {file.name}", total=None, told="")
        collection = file.suffix.lower() == ".geojson"
        with file.open("w", encoding="utf-8") as target:
            if collection:
                credit = sorted({one.attribution for one in layers if one.attribution})
                target.write(f'{{"type": "FeatureCollection", "attribution": {json.dumps(credit)}, "features": [\n')
            for count, line in enumerate(lines(), start=1):
                target.write((",\n" if collection and count > 1 else "") + line + ("" if collection else "\n"))
                if count % 1000 == 0:
                    bar.update(shown, told=f"{count:,} features")
            target.write("\n]}\n" if collection else "")
    typer.echo(f"{count} features are in {file}.")


@app.command(name="layers")
@told
def list_layers(city: City = "", data: Data = None, as_json: AsJson = False) -> None:
    """List the layers of a city's gazetteer, and the retired ones that can be restored.

    Example: `hark places layers --city philadelphia`
    """
    from hark311.place_files import layer_as_dict
    from models.place_layers import all_layers

    settings = settings_of("places", data)
    with stored(settings).read() as session:
        found = all_layers(session, _city(city, settings))
    if as_json:
        typer.echo(json.dumps([layer_as_dict(one) for one in found], indent=2))
    else:
        out.print(_table(found))


@app.command()
@told
def retire(layer: LayerId, data: Data = None) -> None:
    """Take a layer out of its city's gazetteer. It is kept, and `hark places restore` brings it back.

    Example: `hark places retire 3`
    """
    from models.place_layers import retire_layer

    found = _changed(layer, data, retire_layer)
    typer.echo(f"Layer {layer}, {found.name!r} of {found.city}, counts no longer.")


@app.command()
@told
def restore(layer: LayerId, data: Data = None) -> None:
    """Let a retired layer count again instead of the one that replaced it.

    Example: `hark places restore 3`
    """
    from models.place_layers import restore_layer

    found = _changed(layer, data, restore_layer)
    typer.echo(f"Layer {layer}, {found.name!r} of {found.city}, counts again.")


def _changed(layer: int, data: Path | None, change: Callable[..., "PlaceLayer"]) -> "PlaceLayer":
    from models.place_layers import NoSuchLayer

    with stored(settings_of("places", data)).write() as session:
        try:
            return change(session, layer, by="hark places")
        except NoSuchLayer as error:
            fail(str(error))


def _city(said: str, settings: "Settings") -> str:
    if said and not _SLUG.fullmatch(said):
        fail(f"{said!r} cannot name a city: small letters, digits and hyphens, such as new-haven.", 2)
    return said or settings.city


def _columns(said: Sequence[str] | None) -> dict[str, str]:
    """ "name=ROAD_NM" -> {"name": "ROAD_NM"}."""
    split = [one.partition("=") for one in said or ()]
    for ours, sign, theirs in split:
        if not (ours and sign and theirs):
            fail(f"--column {ours}{sign}{theirs}: say it as --column name=ROAD_NM.", 2)
    return {ours: theirs for ours, _, theirs in split}


def _progress() -> Progress:
    text = TextColumn("{task.description}: {task.fields[told]}", markup=False)
    return Progress(SpinnerColumn(), text, TimeElapsedColumn(), console=err, transient=True)


def _table(layers: Sequence["PlaceLayer"]) -> Table:
    table = Table("layer", "name", "kind", "features", "imported", "state", "attribution")
    for one in layers:
        state = f"retired {one.retired_at:%Y-%m-%d}" if one.retired_at else "active"
        imported = f"{one.imported_at:%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), one.name, one.kind, f"{one.features:,}", imported, state, one.attribution)
    return table


def _memory_mb() -> float:
    """The most memory this process ever held, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
