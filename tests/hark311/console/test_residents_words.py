"""What residents write is shown as they wrote it, and never becomes a part of the page."""

import pytest

from models import Alarm, Mention, Post, Understanding
from tests.hark311.console.conftest import NOON, Running
from tests.hark311.console.factories import (
    first_post,
    make_account,
    make_author,
    make_mention,
    make_services,
    raise_alarm,
    understand,
)
from tests.hark311.console.hostile import make_hostile

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}</textarea><svg onload=alert(3)>'


@pytest.fixture
def attacked(desk: Running) -> Mention:
    """A mention with an attack in every field that somebody outside can fill."""
    with desk.rows() as session:
        make_services(session)
        account = make_account(session, handle=ATTACK)
        account.trouble, account.cursor = ATTACK, ATTACK
        return make_hostile(session, account, NOON, ATTACK)


@pytest.mark.parametrize("path", ["/queue", "/queue/live", "/queue?view=all", "/channels", "/mentions/{id}"])
def test_no_field_of_a_resident_becomes_markup(desk: Running, attacked: Mention, path: str) -> None:
    answer = desk.browser_of(desk.staff()).get(path.replace("{id}", str(attacked.id)))
    assert answer.status_code == 200
    assert "alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
    assert "<svg onload" not in answer.text
    assert "{{ 7 * 7 }}" in answer.text


def test_what_staff_type_back_does_not_become_markup_either(desk: Running, attacked: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    answer = browser.decide(
        attacked.id or 0, "approve", reply_text=ATTACK, reason=ATTACK, lat=ATTACK, service_code=ATTACK, language=ATTACK
    )
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text


def test_the_words_of_a_resident_stand_in_no_address(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON, "zanzibar pothole")
        raise_alarm(session, mention, "rule", NOON)
    browser = desk.browser_of(desk.staff())
    for path in ("/queue", f"/mentions/{mention.id}"):
        page = browser.get(path).text
        addresses = [part.split('"')[0] for part in page.split('href="')[1:] + page.split('action="')[1:]]
        assert not any("zanzibar" in address for address in addresses)


def test_names_that_turn_the_writing_around_are_kept_apart(desk: Running) -> None:
    name = "\N{RIGHT-TO-LEFT OVERRIDE}evil"
    with desk.rows() as session:
        author = make_author(session, name=name)
        mention = make_mention(session, make_account(session), NOON, author=author)
    browser = desk.browser_of(desk.staff())
    for path in ("/queue", f"/mentions/{mention.id}"):
        assert f"<bdi>{name}</bdi>" in browser.get(path).text.replace(' class="post-author"', "")


def test_every_writing_gets_its_own_direction_and_language(desk: Running) -> None:
    with desk.rows() as session:
        mention = make_mention(session, make_account(session), NOON, "حفرة كبيرة في الشارع")
        understand(session, mention, first_post(session, mention), NOON, language="ar")
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert '<p class="post-words" dir="auto" lang="ar">' in page


def test_the_attack_really_was_stored(desk: Running, attacked: Mention) -> None:
    with desk.database.read() as session:
        assert first_post(session, attacked).text == ATTACK
        for table in (Post, Understanding, Alarm):
            assert session.get(table, 1) is not None
