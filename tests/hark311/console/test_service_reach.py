"""Where repeats of a service are looked for: by its kind of problem, or as a supervisor says."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.neighbours.reach import reach_of
from hark311.console.service_reach import Figures, read_figures
from models import Role, Service, ServiceReach
from tests.hark311.console.conftest import NOON, Browser, Running
from tests.hark311.console.factories import make_services, make_staff
from tests.hark311.console.test_evidence import words_of
from tests.hark311.console.test_learning import audit

HOLES = "SR-ST01"


@pytest.fixture
def services(desk: Running) -> Running:
    """Potholes are known as such; of lights nobody knows the kind."""
    with desk.rows() as session:
        make_services(session)
        session.get_one(Service, HOLES).category = "POTHOLE"
    return desk


@pytest.fixture
def supervisor(services: Running) -> Browser:
    with services.rows() as session:
        staff = make_staff(session, "Ada Brook", Role.SUPERVISOR)
    return services.browser_of(staff)


def keep(browser: Browser, radius: str = "", age: str = "", unit: str = "days", code: str = HOLES) -> int:
    return browser.post(f"/services/{code}/reach", "/services", radius=radius, age=age, unit=unit).status_code


def kept(desk: Running) -> Figures | None:
    with desk.database.read() as session:
        found = session.get(ServiceReach, HOLES)
    return Figures.own(found) if found else None


def said_of(page: str, name: str) -> str:
    """What one service's line says of repeats."""
    found = re.search(rf"<h2>{name}.*?Repeats:(.*?)</p>", page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


def test_without_figures_of_its_own_a_service_goes_by_its_kind(services: Running, supervisor: Browser) -> None:
    page = supervisor.get("/services").text
    kind, other = reach_of("POTHOLE"), reach_of("")
    assert said_of(page, "Pothole repair") == f"{kind.radius_m:g} m, {kind.hours / 24:g} days by its kind"
    assert said_of(page, "Street light out") == f"{other.radius_m:g} m, {other.hours / 24:g} days by its kind"
    assert f'placeholder="{kind.radius_m:g}"' in page
    assert "At most: 300 m, 90 days." in page


def test_a_supervisor_says_how_far_and_how_old_and_it_is_on_record(services: Running, supervisor: Browser) -> None:
    assert keep(supervisor, "35", "36", "hours") == 303
    assert kept(services) == Figures(35, 36)
    page = supervisor.get("/services").text
    assert said_of(page, "Pothole repair") == "35 m, 36 hours said by hand"
    assert re.search(r'name="radius"[^>]* value="35"', page)
    with services.database.read() as session:
        found = session.get_one(ServiceReach, HOLES)
    assert (found.checked_on, found.checked_by) == (NOON.date(), 1)
    keep(supervisor, "35", "36", "hours")
    keep(supervisor)
    assert kept(services) is None
    why = f"where repeats of {HOLES} are looked for"
    assert audit(services, "ServiceReach") == [
        ("staff:1", why, "by its kind", "35 m, 36 hours"),
        ("staff:1", why, "35 m, 36 hours", "by its kind"),
    ]


def test_one_figure_alone_leaves_the_other_to_the_kind(services: Running, supervisor: Browser) -> None:
    keep(supervisor, age="10")
    assert kept(services) == Figures(None, 240)
    assert said_of(supervisor.get("/services").text, "Pothole repair") == "50 m, 10 days said by hand"


def test_no_metres_switch_it_off(services: Running, supervisor: Browser) -> None:
    keep(supervisor, "0")
    assert kept(services) == Figures(0, None)
    assert said_of(supervisor.get("/services").text, "Pothole repair") == "looked for nowhere said by hand"


@pytest.mark.parametrize(
    ("radius", "age", "unit", "reason"),
    [
        ("-1", "", "days", "from 0 to 300"),
        ("301", "", "days", "from 0 to 300"),
        ("near", "", "days", "from 0 to 300"),
        ("nan", "", "days", "from 0 to 300"),
        ("", "0", "hours", "from 1 hour to 90 days"),
        ("", "91", "days", "from 1 hour to 90 days"),
        ("", "2161", "hours", "from 1 hour to 90 days"),
        ("", "1e3", "hours", "from 1 hour to 90 days"),
    ],
)
def test_figures_that_make_no_sense_are_refused_and_stay_in_the_form(
    services: Running, supervisor: Browser, radius: str, age: str, unit: str, reason: str
) -> None:
    answer = supervisor.post(f"/services/{HOLES}/reach", "/services", radius=radius, age=age, unit=unit)
    assert answer.status_code == 422
    assert reason in words_of(answer.text)
    assert f'value="{radius or age}"' in answer.text
    assert kept(services) is None


def test_others_read_it_and_change_nothing(services: Running, supervisor: Browser) -> None:
    keep(supervisor, "35")
    other = services.browser_of(services.staff())
    assert keep(other, "99") == 403
    assert kept(services) == Figures(35, None)
    assert said_of(other.get("/services").text, "Pothole repair") == "35 m, 45 days said by hand"


def test_a_service_nobody_knows_has_no_figures(services: Running, supervisor: Browser) -> None:
    assert keep(supervisor, "35", code="SR-NONE") == 404


@given(st.text(max_size=8), st.text(max_size=8), st.sampled_from(["hours", "days", ""]))
def test_whatever_is_typed_is_kept_within_the_bounds_or_refused(radius: str, age: str, unit: str) -> None:
    figures, problems = read_figures(radius, age, unit)
    if not problems:
        assert figures.radius_m is None or 0 <= figures.radius_m <= 300
        assert figures.hours is None or 1 <= figures.hours <= 2160
        assert (figures.radius_m is None) == (not radius.strip())
