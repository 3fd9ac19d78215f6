"""Maps as shapes: places land where they should, lengths are right, names never stand over each other."""

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

from hark311.console.map_drawing import (
    HEIGHT,
    METRES_PER_DEGREE,
    MIDDLE,
    WIDTH,
    Drawing,
    Mark,
    Sheet,
    Street,
    draw,
    on_earth,
    sheet_around,
    street_of,
)

LAT, LON = 40.0, -75.0
latitudes = st.floats(-80, 80)
longitudes = st.floats(-179, 179)
sheets = st.builds(Sheet, latitudes, longitudes, st.floats(0.5, 20))


def mark(lat: float = LAT, lon: float = LON, sign: str = "1", label: str = "there", precision_m: float = 0.0) -> Mark:
    return Mark(lat, lon, sign, label, precision_m)


def street(name: str, *points: tuple[float, float]) -> Street:
    """A street through points given as metres east and north of the middle."""
    squeeze = math.cos(math.radians(LAT))
    line = [(LON + x / METRES_PER_DEGREE / squeeze, LAT + y / METRES_PER_DEGREE) for x, y in points]
    return Street(name, LineString(line))


def grid(step: int = 100, reach: int = 400) -> list[Street]:
    along = range(-reach, reach + 1, step)
    streets = [street(f"{at + reach + 1}th St", (at, -reach), (at, reach)) for at in along]
    return streets + [street(f"Alder{at + reach} Ave", (-reach, at), (reach, at)) for at in along]


def drawn(*marks: Mark, streets: list[Street] | None = None) -> Drawing:
    return draw(sheet_around(marks), grid() if streets is None else streets, marks)


@given(sheets, st.floats(0, WIDTH), st.floats(0, HEIGHT))
def test_a_point_of_the_sheet_is_a_place_and_comes_back(sheet: Sheet, x: float, y: float) -> None:
    assert sheet.xy(*sheet.place(x, y)) == pytest.approx((x, y), abs=1e-3)


@given(sheets, st.floats(0, WIDTH), st.floats(0, HEIGHT))
def test_lengths_on_the_sheet_are_right_to_one_in_a_hundred(sheet: Sheet, x: float, y: float) -> None:
    if abs(sheet.lat) > 60:  # no city of ours lies there
        sheet = Sheet(math.copysign(60, sheet.lat), sheet.lon, sheet.metres)
    lat, lon = sheet.place(x, y)
    one, other = map(math.radians, (sheet.lat, lat))
    between = math.sin((other - one) / 2) ** 2
    between += math.cos(one) * math.cos(other) * math.sin(math.radians(lon - sheet.lon) / 2) ** 2
    metres = 2 * METRES_PER_DEGREE * 180 / math.pi * math.asin(math.sqrt(between))
    assert math.dist((x, y), (WIDTH / 2, HEIGHT / 2)) * sheet.metres == pytest.approx(metres, rel=0.01, abs=0.01)


@given(st.lists(st.tuples(st.floats(39.8, 40.2), st.floats(-75.3, -74.9), st.floats(0, 5000)), min_size=1, max_size=6))
def test_every_pin_lies_in_the_middle_that_narrow_screens_show(found: list[tuple[float, float, float]]) -> None:
    marks = [mark(lat, lon, precision_m=metres) for lat, lon, metres in found]
    sheet = sheet_around(marks)
    for one in marks:
        x, y = sheet.xy(one.lat, one.lon)
        assert abs(x - WIDTH / 2) <= MIDDLE / 2 + 1
        assert abs(y - HEIGHT / 2) <= MIDDLE / 2 + 1


@given(sheets)
def test_the_scale_bar_is_a_round_length_that_fits(sheet: Sheet) -> None:
    bar = draw(sheet, [], []).bar
    metres = bar.length * sheet.metres
    assert 40 <= bar.length <= 100.001
    assert f"{metres:.6g}".replace(".", "").replace("0", "")[:1] in ("1", "2", "5")
    assert bar.words.endswith((" ft", " mi"))


def test_north_is_up_and_east_is_right() -> None:
    sheet = sheet_around([mark()])
    assert sheet.xy(LAT + 0.001, LON)[1] < sheet.xy(LAT, LON)[1]
    assert sheet.xy(LAT, LON + 0.001)[0] > sheet.xy(LAT, LON)[0]


def test_one_place_is_shown_with_the_blocks_around_it() -> None:
    sheet = sheet_around([mark()])
    assert WIDTH * sheet.metres > 600
    assert sheet.xy(LAT, LON) == pytest.approx((WIDTH / 2, HEIGHT / 2))
    assert sheet.box.min_lon < LON < sheet.box.max_lon
    assert sheet.box.min_lat < LAT < sheet.box.max_lat


def test_the_circle_of_a_pin_is_as_wide_as_its_precision() -> None:
    drawing = drawn(mark(precision_m=80.0))
    assert drawing.pins[0].radius * drawing.sheet.metres == pytest.approx(80.0)


def test_only_what_lies_on_the_sheet_is_drawn() -> None:
    drawing = drawn(mark(), streets=[*grid(), street("Far Rd", (90_000, 0), (90_000, 500))])
    assert "Far Rd" not in {way.name for way in drawing.ways}
    numbers = [float(one) for way in drawing.ways for one in way.path.replace("M", "").replace(",", " ").split()]
    assert min(numbers) >= -4.1
    assert max(numbers) <= WIDTH + 4.1


def test_the_block_that_is_meant_is_lit_and_nothing_else_is() -> None:
    here = street("S 9th St", (0, -50), (0, 50))
    further, other = street("S 9th St", (0, 110), (0, 250)), street("Alder Ave", (-50, 0), (50, 0))
    meant = Mark(LAT, LON, "1", "1200 block of S 9th St", 40, lights=True)
    drawing = drawn(meant, streets=[here, further, other])
    plain, cross, lit = ((way.name, way.lit) for way in drawing.ways)
    assert (plain, cross, lit) == (("S 9th St", False), ("Alder Ave", False), ("S 9th St", True))
    assert not any(way.lit for way in drawn(mark(label="S 9th St & Alder Ave"), streets=[here, other]).ways)


def test_names_stand_along_their_streets_and_apart_from_each_other_and_from_pins() -> None:
    drawing = drawn(mark(), mark(LAT + 0.001, LON + 0.001, sign="2"))
    assert len(drawing.names) >= 8
    assert {round(abs(name.angle)) for name in drawing.names} == {0, 90}
    for name in drawing.names:
        assert all(math.dist((name.x, name.y), (pin.x, pin.y)) > 10 for pin in drawing.pins)
        assert all(math.dist((name.x, name.y), (one.x, one.y)) > 10 for one in drawing.names if one is not name)


def test_a_name_longer_than_its_street_is_left_out() -> None:
    assert drawn(mark(), streets=[street("Very Long Name Of A Short Lane", (-10, 0), (10, 0))]).names == []


def test_no_name_is_written_upside_down() -> None:
    drawing = drawn(mark(), streets=[street("Back St", (300, 5), (-300, 9)), street("Up St", (50, 300), (52, -300))])
    assert len(drawing.names) == 2
    assert all(-90 <= name.angle <= 90 for name in drawing.names)


def test_marks_at_one_point_share_a_pin_with_all_their_signs() -> None:
    drawing = drawn(mark(), mark(sign="2", label="the pin", precision_m=50), mark(LAT + 0.002, LON, sign="3"))
    assert [(pin.sign, pin.label) for pin in drawing.pins] == [("1, 2", "there; the pin"), ("3", "there")]
    assert drawing.pins[0].radius > 0


def test_without_lines_it_is_a_plain_plot_of_the_points() -> None:
    drawing = drawn(mark(), mark(LAT + 0.01, LON, sign="2"), streets=[])
    assert drawing.ways == []
    assert drawing.names == []
    assert len(drawing.pins) == 2
    assert f"M{WIDTH / 2:.1f},0V{HEIGHT}" in drawing.grid
    assert drawing.nearness == "middling"
    assert drawing.bar.words


def test_neighbours_are_dots_and_those_beyond_the_sheet_are_left_out() -> None:
    near, far = mark(LAT + 0.0005, LON, label="near"), mark(LAT + 1, LON, label="far")
    drawing = draw(sheet_around([mark()]), [], [mark()], [near, near, far])
    assert [dot.label for dot in drawing.dots] == ["near", "near"]


def test_shapes_are_read_and_what_is_no_line_is_left_out() -> None:
    line = LineString([(LON, LAT), (LON + 0.001, LAT)])
    for good in (line, MultiLineString([line])):
        read = street_of("A St", shapely.to_wkb(good))
        assert read is not None
        assert read.lines.equals(good)
    for bad in (None, b"", b"\x01nonsense", shapely.to_wkb(Point(LON, LAT)), shapely.to_wkb(LineString())):
        assert street_of("A St", bad) is None


@given(st.text(max_size=40), st.binary(max_size=60))
def test_nothing_stored_can_break_the_drawing(name: str, shape: bytes) -> None:
    found = street_of(name, shape)
    draw(sheet_around([mark(label=name)]), [found] if found else [], [mark(label=name)])


@pytest.mark.parametrize(
    ("lat", "lon", "so"),
    [(40.0, -75.0, True), (None, -75.0, False), (40.0, None, False), (91.0, 0.0, False), (math.nan, 0.0, False)],
)
def test_what_is_no_place_on_earth_is_known(lat: float | None, lon: float | None, so: bool) -> None:
    assert on_earth(lat, lon) is so
