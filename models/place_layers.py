"""Layers of a city's gazetteer in the database: added in bulk, retired, restored, read fast, asked by box.

A city has at most one active layer of each name. The version of its gazetteer rises with every change of its layers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, TypedDict, Unpack

from sqlalchemy import column, insert, literal_column, table
from sqlmodel import Session, col, delete, func, or_, select, text

from models.database import Database, utc_now
from models.places import Feature, FeatureKind, LayerKind, PlaceFeature, PlaceLayer, Skipped
from models.shapes import Box, box_of
from models.transitions import record

CHUNK = 5_000
KEPT = 3
"""How many retired layers of a name are kept for going back."""
DESK_NICKNAMES = "desk nicknames"
"""The layer that the desk keeps; what it says wins over every other layer."""
ABANDONED = timedelta(days=1)
"""After this long an import that never came to its end is cleared away."""

_STREETS = (FeatureKind.STREET, FeatureKind.SEGMENT, FeatureKind.CROSSING)
_FIELDS = tuple(name for name in Feature.__dataclass_fields__ if name != "source")
_BOXES = table("place_feature_box", *(column(name) for name in ("id", "min_lon", "max_lon", "min_lat", "max_lat")))
_IN_BOX = text(
    "box(point(place_feature.min_lon, place_feature.min_lat), point(place_feature.max_lon, place_feature.max_lat))"
    " && box(point(:min_lon, :min_lat), point(:max_lon, :max_lat))"
)


class NoSuchLayer(LookupError):
    """There is no layer of this number, or it cannot be taken up again."""


class About(TypedDict, total=False):
    """What is known of the source of a layer, and who brings it."""

    attribution: str
    licence: str
    sha256: str
    skipped: Skipped
    by: str
    now: datetime


class Stretch(NamedTuple):
    """A stored stretch of a street, as a map needs it. `shape`: WKB."""

    id: int
    layer_id: int
    name: str
    shape: bytes | None


def add_layer(
    session: Session, city: str, kind: LayerKind, name: str, features: Iterable[Feature], **about: Unpack[About]
) -> PlaceLayer:
    """Store a small layer within this transaction; it retires the older one of its name. Large: `import_layer`."""
    layer = _begin(session, city, kind, name, about)
    for chunk in _chunks(features):
        _store(session, layer, chunk)
    _finish(session, layer, about)
    for old in _to_forget(session, layer):
        _forget(session, old, None)
    return layer


def import_layer(
    database: Database,
    city: str,
    kind: LayerKind,
    name: str,
    features: Iterable[Feature],
    told: Callable[[int], None] = lambda stored: None,
    **about: Unpack[About],
) -> PlaceLayer:
    """Store a layer of any size, a chunk a transaction, so that nobody waits long for the database.

    It becomes active, and the older one of its name retired, in the last transaction. Where `features` raises, what
    was stored so far is taken back. told: called with how many features are stored.
    """
    with database.write() as session:
        layer = _begin(session, city, kind, name, about)
    try:
        for chunk in _chunks(features):
            with database.write() as session:
                _store(session, layer, chunk)
            told(layer.features)
        with database.write() as session:
            layer = session.merge(layer)
            _finish(session, layer, about)
    except BaseException:
        _forget_slowly(database, layer)
        raise
    with database.read() as session:
        too_old = _to_forget(session, layer)
    for old in too_old:
        _forget_slowly(database, old)
    return layer


def active_layers(session: Session, city: str) -> list[PlaceLayer]:
    """The layers a city's gazetteer is made of, oldest first."""
    query = select(PlaceLayer).where(PlaceLayer.city == city, col(PlaceLayer.retired_at).is_(None))
    return list(session.exec(query.order_by(col(PlaceLayer.id))).all())


def all_layers(session: Session, city: str) -> list[PlaceLayer]:
    """Active and retired layers, newest first; without those whose import was cut short."""
    query = select(PlaceLayer).where(PlaceLayer.city == city, col(PlaceLayer.complete).is_(True))
    return list(session.exec(query.order_by(col(PlaceLayer.id).desc())).all())


def retire_layer(session: Session, layer_id: int, by: str = "hark", now: datetime | None = None) -> PlaceLayer:
    """Take a layer out of its city's gazetteer. It is kept. Raises NoSuchLayer where there is no such active one."""
    layer = session.get(PlaceLayer, layer_id)
    if layer is None or layer.retired_at is not None:
        raise NoSuchLayer(f"There is no active layer {layer_id}.")
    _retire(session, [layer], by, _after(session, layer.city, now))
    return layer


def restore_layer(session: Session, layer_id: int, by: str = "hark", now: datetime | None = None) -> PlaceLayer:
    """Let a retired layer count again; the active one of its name, if any, is retired. Raises NoSuchLayer."""
    layer = session.get(PlaceLayer, layer_id)
    if layer is None or layer.retired_at is None or not layer.complete:
        raise NoSuchLayer(f"There is no retired layer {layer_id}.")
    at = _after(session, layer.city, now)
    _retire(session, _namesakes(session, layer), by, at)
    layer.retired_at, layer.changed_at = None, at
    session.add(layer)
    record(session, "PlaceLayer", layer_id, by, f"{layer.name} restored", at)
    return layer


def gazetteer_version(session: Session, city: str) -> str:
    """Names what a city's gazetteer holds now: later after every change. Empty where it holds nothing."""
    changed = _last_change(session, city)
    return changed.strftime("%Y%m%dT%H%M%S.%fZ") if changed else ""


def features_of(session: Session, city: str) -> Iterator[Feature]:
    """Every feature of a city's active layers, by layer and in the order of its source; nicknames of the desk last.

    Of two nicknames of one name the later counts. Streets of a starter, which we drew ourselves, are left out where the
    city has streets of its own.
    """
    layers = sorted(active_layers(session, city), key=lambda one: one.name == DESK_NICKNAMES)
    weaker = _weaker(session, layers)
    for layer in layers:
        features = features_in_layer(session, layer.id or 0)
        yield from features if layer.id not in weaker else (one for one in features if one.kind not in _STREETS)


def features_in_layer(session: Session, layer_id: int) -> Iterator[Feature]:
    """Every feature of one layer in the order of its source; plain rows, because objects take ten times as long."""
    kinds = {kind.value: kind for kind in FeatureKind}
    layer = session.get(PlaceLayer, layer_id)
    source = str(layer.kind) if layer else ""
    query = text(f"SELECT {', '.join(_FIELDS)} FROM place_feature WHERE layer_id = :layer ORDER BY id")  # noqa: S608 - our own names
    rows = session.connection().execute(query, {"layer": layer_id}, execution_options={"yield_per": CHUNK})
    for kind, *rest in rows:
        yield Feature(kinds[kind], *(*rest, source))


def features_in(
    session: Session, city: str, box: Box, kinds: Collection[FeatureKind] = (), limit: int = 10_000
) -> list[PlaceFeature]:
    """Stored features of a city whose bounding box touches this one, by the spatial index. No kinds: all kinds.

    Without what `features_of` leaves out.
    """
    query = select(PlaceFeature).where(*_touching(session, city, box, kinds))
    return list(session.exec(query.order_by(col(PlaceFeature.id)).limit(limit)).all())


def stretches_in(session: Session, city: str, box: Box, limit: int) -> list[Stretch]:
    """The stretches of streets among them; plain rows, because a map shows hundreds and objects take thrice as long."""
    of_stretch = col(PlaceFeature.id), PlaceFeature.layer_id, PlaceFeature.name, col(PlaceFeature.shape)
    query = select(*of_stretch).where(*_touching(session, city, box, {FeatureKind.SEGMENT}))
    rows = session.exec(query.order_by(col(PlaceFeature.id)).limit(limit)).all()
    return [Stretch(number or 0, layer_id, name, shape) for number, layer_id, name, shape in rows]


def _touching(session: Session, city: str, box: Box, kinds: Collection[FeatureKind]) -> list[Any]:
    """What a feature has to be, to be found in a box."""
    active = active_layers(session, city)
    layers, weaker = [layer.id for layer in active], _weaker(session, active)
    if session.get_bind().dialect.name == "sqlite":
        touching = select(_BOXES.c.id).where(
            _BOXES.c.max_lon >= box.min_lon,
            _BOXES.c.min_lon <= box.max_lon,
            _BOXES.c.max_lat >= box.min_lat,
            _BOXES.c.min_lat <= box.max_lat,
        )
        inside: Any = col(PlaceFeature.id).in_(touching)
    else:
        inside = _IN_BOX.bindparams(**box._asdict())
    conditions = [inside, literal_column("+place_feature.layer_id").in_(layers)]  # the sign: not by that index
    if kinds:
        conditions.append(col(PlaceFeature.kind).in_(kinds))
    if weaker:
        conditions.append(or_(col(PlaceFeature.layer_id).not_in(weaker), col(PlaceFeature.kind).not_in(_STREETS)))
    return conditions


def _weaker(session: Session, layers: Sequence[PlaceLayer]) -> set[int | None]:
    """The starter's layers, where another layer has drawn the city's streets."""
    own = [one.id for one in layers if one.kind in (LayerKind.STREETS, LayerKind.OSM)]
    drawn = select(PlaceFeature.id).where(
        col(PlaceFeature.layer_id).in_(own),
        PlaceFeature.kind == FeatureKind.SEGMENT,
        col(PlaceFeature.shape).is_not(None),
    )
    if not own or session.exec(drawn.limit(1)).first() is None:
        return set()
    return {one.id for one in layers if one.kind == LayerKind.STARTER}


def count_features(session: Session, city: str) -> dict[FeatureKind, int]:
    """How many features of each kind a city's active layers hold."""
    query = (
        select(PlaceFeature.kind, func.count())
        .where(col(PlaceFeature.layer_id).in_([layer.id for layer in active_layers(session, city)]))
        .group_by(col(PlaceFeature.kind))
    )
    return {FeatureKind(kind): count for kind, count in session.exec(query).all()}


def _begin(session: Session, city: str, kind: LayerKind, name: str, about: About) -> PlaceLayer:
    """A layer that is not active yet."""
    at = about.get("now") or utc_now()
    layer = PlaceLayer(
        city=city,
        kind=kind,
        name=name,
        sha256=about.get("sha256", ""),
        attribution=about.get("attribution", ""),
        licence=about.get("licence", ""),
        complete=False,
        imported_at=at,
        changed_at=at,
        retired_at=at,
    )
    session.add(layer)
    session.flush()
    return layer


def _store(session: Session, layer: PlaceLayer, features: Sequence[Feature]) -> None:
    session.connection().execute(insert(PlaceFeature), [_row(layer.id, feature) for feature in features])
    layer.features += len(features)


def _finish(session: Session, layer: PlaceLayer, about: About) -> None:
    """Make a layer the active one of its name."""
    at, by = _after(session, layer.city, about.get("now")), about.get("by", "hark")
    _retire(session, _namesakes(session, layer), by, at)
    skipped = about.get("skipped") or Skipped(rows_read=layer.features)
    layer.rows_read, layer.skipped = skipped.rows_read, skipped.counts
    layer.complete, layer.changed_at, layer.retired_at = True, at, None
    session.add(layer)
    record(session, "PlaceLayer", layer.id or 0, by, f"{layer.name} imported", at)
    session.flush()


def _retire(session: Session, layers: Iterable[PlaceLayer], by: str, at: datetime) -> None:
    for layer in layers:
        layer.retired_at = layer.changed_at = at
        session.add(layer)
        record(session, "PlaceLayer", layer.id or 0, by, f"{layer.name} retired", at)


def _namesakes(session: Session, layer: PlaceLayer) -> list[PlaceLayer]:
    """The other active layer of this name, if there is one."""
    return [one for one in active_layers(session, layer.city) if one.name == layer.name and one.id != layer.id]


def _last_change(session: Session, city: str) -> datetime | None:
    query = select(func.max(PlaceLayer.changed_at)).where(PlaceLayer.city == city, col(PlaceLayer.complete).is_(True))
    return session.exec(query).one()


def _after(session: Session, city: str, now: datetime | None) -> datetime:
    """Now, but always after the last change of this city, also when the clock was set back."""
    now, last = now or utc_now(), _last_change(session, city)
    return max(now, last + timedelta(microseconds=1)) if last else now


def _to_forget(session: Session, layer: PlaceLayer) -> list[PlaceLayer]:
    """Retired layers of this name beyond the last KEPT, and imports that were cut short long ago."""
    query = select(PlaceLayer).where(
        PlaceLayer.city == layer.city, PlaceLayer.name == layer.name, col(PlaceLayer.retired_at).is_not(None)
    )
    retired = query.where(col(PlaceLayer.complete).is_(True)).order_by(col(PlaceLayer.retired_at).desc()).offset(KEPT)
    cut_short = query.where(
        col(PlaceLayer.complete).is_(False), col(PlaceLayer.imported_at) < layer.imported_at - ABANDONED
    )
    return [*session.exec(retired).all(), *session.exec(cut_short).all()]


def _forget(session: Session, layer: PlaceLayer, limit: int | None) -> bool:
    """Delete features of a layer, at most `limit`, and the layer once none is left. True: it is gone."""
    some = select(PlaceFeature.id).where(PlaceFeature.layer_id == layer.id).limit(limit)
    deleted = session.connection().execute(delete(PlaceFeature).where(col(PlaceFeature.id).in_(some))).rowcount
    if limit is not None and deleted == limit:
        return False
    session.connection().execute(delete(PlaceLayer).where(col(PlaceLayer.id) == layer.id))
    return True


def _forget_slowly(database: Database, layer: PlaceLayer) -> None:
    gone = False
    while not gone:
        with database.write() as session:
            gone = _forget(session, layer, CHUNK)


def _chunks(features: Iterable[Feature]) -> Iterator[list[Feature]]:
    rest = iter(features)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _row(layer_id: int | None, feature: Feature) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(feature, name) for name in _FIELDS}
    row["layer_id"] = layer_id
    box = _box(feature)
    row["min_lon"], row["min_lat"], row["max_lon"], row["max_lat"] = box or (None, None, None, None)
    return row


def _box(feature: Feature) -> Box | None:
    if feature.shape is not None:
        return box_of(feature.shape)
    if feature.lat is None or feature.lon is None:
        return None
    return Box(feature.lon, feature.lat, feature.lon, feature.lat)
