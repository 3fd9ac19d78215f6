"""Where streets run and meet that are known only by some points on them."""

import math

import numpy as np
from numpy.typing import NDArray

from classifier.places.spots import METRES_PER_DEGREE, Spot

Floats = NDArray[np.float64]

_FARTHEST_M = 600.0
"""Streets whose known points are farther apart are not guessed to meet."""
_SHORT_M = 300.0
_NEAR_BY_M = 2000.0
_LOCAL_M = 400.0
_SPREAD_M = 40.0
_LEAST_PRECISION_M = 40.0


def extent(points: Floats) -> tuple[float, float, float, int] | None:
    """The point nearest the middle of a street, how far the street reaches from it in metres, how many points tell."""
    if not len(points):
        return None
    flat, _ = _flat(points, points[0])
    away = np.hypot(*(flat - np.median(flat, axis=0)).T)
    at = int(away.argmin())
    lat, lon = points[at].tolist()
    return lat, lon, float(np.hypot(*(flat - flat[at]).T).max()), len(np.unique(points.round(5), axis=0))


def guessed_crossings(one: Floats, other: Floats) -> list[Spot]:
    """Where two streets may meet, from points on each, (points, 2) in lat, lon order. Every spot is `estimated`."""
    if not (len(one) and len(other)):
        return []
    origin = one[0]
    (a, scale), (b, _) = _flat(one, origin), _flat(other, origin)
    away = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    spots: list[Spot] = []
    while (nearest := float(away.min())) <= _FARTHEST_M and len(spots) < 4:
        row, column = divmod(int(away.argmin()), len(b))
        place = _meet(a, b, a[row], b[column])
        lat, lon = (place / scale + origin).tolist()
        spots.append(Spot(lat, lon, max(_LEAST_PRECISION_M, nearest), estimated=True))
        away[np.hypot(*(a - a[row]).T) < 2 * _LOCAL_M] = math.inf
    return spots


def on_the_shorter(one: Floats, other: Floats) -> Spot | None:
    """Of two streets that are said to meet, somewhere on the short one, if the other is known near by at all."""
    ends = [(end, points) for end, points in ((extent(one), other), (extent(other), one)) if end is not None]
    for (lat, lon, reach, _), points in sorted(ends, key=lambda end: end[0][2]):
        flat, _ = _flat(points, np.array((lat, lon)))
        if len(ends) == 2 and reach <= _SHORT_M and np.hypot(*flat.T).min() <= _NEAR_BY_M:
            return Spot(lat, lon, max(_SHORT_M, reach), estimated=True)
    return None


def _flat(points: Floats, origin: Floats) -> tuple[Floats, Floats]:
    """Metres north and east of an origin, and the metres per degree of each."""
    scale = METRES_PER_DEGREE * np.array((1.0, math.cos(math.radians(float(origin[0])))))
    flat: Floats = (points - origin) * scale
    return flat, scale


def _meet(a: Floats, b: Floats, p: Floats, q: Floats) -> Floats:
    """Where the two streets' courses near p and q cross; where these are not known, the middle."""
    u, v = _course(a, p), _course(b, q)
    middle: Floats = (p + q) / 2
    if u is not None and v is not None:
        turn = float(u[0] * v[1] - u[1] * v[0])
        if abs(turn) > 0.4:
            step = q - p
            along = float(step[0] * v[1] - step[1] * v[0]) / turn
            place: Floats = p + along * u
            if np.hypot(*(place - middle)) <= _FARTHEST_M:
                return place
    if u is not None and v is not None:
        return middle
    if u is not None:
        return _foot(q, p, u)
    return middle if v is None else _foot(p, q, v)


def _foot(point: Floats, at: Floats, course: Floats) -> Floats:
    """The point of a line that is nearest."""
    foot: Floats = at + float((point - at) @ course) * course
    return foot


def _course(points: Floats, at: Floats) -> Floats | None:
    """The direction in which a street runs near a point, None where its points do not tell."""
    near = points[np.hypot(*(points - at).T) <= _LOCAL_M]
    if len(near) < 2:
        return None
    centred = near - near.mean(axis=0)
    _, size, direction = np.linalg.svd(centred, full_matrices=False)
    if size[0] < _SPREAD_M or size[1] > 0.5 * size[0]:
        return None
    found: Floats = direction[0]
    return found
