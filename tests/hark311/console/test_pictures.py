"""Pictures in a reply: taken with their words, shown as they will be posted, frozen by approval."""

import io
from datetime import timedelta

import httpx
import pytest
from PIL import Image
from sqlmodel import select

from hark311.simulator.pictures import draw_png
from models import Account, Channel, KeyRule, Mention, ReplyPicture, ReplyState, RuleAbout
from models.pictures import LONGEST_ALT
from tests.hark311.console.conftest import NOON, Browser, Running, token_in
from tests.hark311.console.factories import make_account, make_ready, make_services
from tests.hark311.console.test_mention import reply_of

SAYS = 'A red sign: "no parking" <Mon & Thu>'


@pytest.fixture(params=[Channel.X, Channel.TELEGRAM], ids=str)
def ready(request: pytest.FixtureRequest, desk: Running) -> Mention:
    """A mention whose drafts are right, on a channel that shows four pictures and on one that shows one."""
    with desk.rows() as session:
        make_services(session)
        account = make_account(session, request.param)
        return make_ready(session, account, NOON - timedelta(minutes=5), handle="dee_from_ninth")


def _add(browser: Browser, mention: Mention, file: bytes, alt_text: str = SAYS, token: str = "") -> httpx.Response:
    token = token or token_in(browser.get("/account").text)
    return browser.client.post(
        f"/mentions/{mention.id}/pictures",
        data={"csrf": token, "alt_text": alt_text},
        files={"picture": ("sign.png", file, "image/png")},
    )


def _kept(desk: Running) -> list[ReplyPicture]:
    with desk.database.read() as session:
        return list(session.exec(select(ReplyPicture)).all())


def test_a_picture_is_shown_with_its_words_and_is_posted_as_it_is_shown(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    before = reply_of(desk, ready).revision
    assert _add(browser, ready, draw_png("sign")).status_code == 303
    (picture,) = _kept(desk)
    page = browser.get(f"/mentions/{ready.id}").text
    assert f'src="/mentions/{ready.id}/pictures/{picture.id}" alt="A red sign: &#34;no parking&#34; &lt;Mon' in page
    shown = browser.get(f"/mentions/{ready.id}/pictures/{picture.id}")
    assert (shown.content, shown.headers["content-type"]) == (picture.content, picture.media_type)
    assert reply_of(desk, ready).revision == before + 1


def test_without_words_for_who_cannot_see_it_no_picture_is_taken(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    for words in (" \n ", "x" * (LONGEST_ALT + 1)):
        assert _add(browser, ready, draw_png("sign"), words).status_code == 422
    assert _kept(desk) == []


@pytest.mark.parametrize(
    "file",
    [b"", b"GIF89a", draw_png("sign")[:200], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" * 9],
    ids=["nothing", "a GIF", "half a PNG", "SVG", "nonsense"],
)
def test_a_file_that_is_no_picture_is_refused_in_a_sentence(desk: Running, ready: Mention, file: bytes) -> None:
    answer = _add(desk.browser_of(desk.staff()), ready, file)
    assert answer.status_code == 422
    assert SAYS.split(":")[0] in answer.text
    assert _kept(desk) == []


def test_a_file_that_unpacks_to_a_giant_is_refused(desk: Running, ready: Mention) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 500_000
    assert _add(desk.browser_of(desk.staff()), ready, bomb.getvalue()).status_code == 422


def test_a_file_larger_than_any_picture_is_not_even_read(desk: Running, ready: Mention) -> None:
    assert _add(desk.browser_of(desk.staff()), ready, b"x" * 10 * 1024 * 1024).status_code == 413


def test_where_and_when_a_photo_was_taken_is_not_posted(desk: Running, ready: Mention) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera of Dee", 6
    exif.get_ifd(0x8825)[2] = (39.0, 57.0, 3.0)
    photo = io.BytesIO()
    Image.effect_noise((2400, 1600), 90).convert("RGB").save(photo, "JPEG", quality=92, exif=exif)
    assert _add(desk.browser_of(desk.staff()), ready, photo.getvalue()).status_code == 303
    (picture,) = _kept(desk)
    with Image.open(io.BytesIO(picture.content)) as posted:
        assert not posted.getexif()
        assert posted.height > posted.width  # turned upright
        assert max(posted.size) <= 2048
    assert b"Camera of Dee" not in picture.content
    assert len(picture.content) <= 900 * 1024


def test_there_are_no_more_pictures_than_the_channel_shows(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    answers = [_add(browser, ready, draw_png(f"sign {number}")).status_code for number in range(5)]
    with desk.database.read() as session:
        on_x = session.get_one(Mention, ready.id).account_id and len(_kept(desk)) == 4
    assert answers == ([303] * 4 + [422] if on_x else [303] + [422] * 4)


def test_words_are_changed_and_a_picture_is_taken_away(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    _add(browser, ready, draw_png("sign"))
    at = f"/mentions/{ready.id}/pictures/{_kept(desk)[0].id}"
    assert browser.post(at, do="describe", alt_text="A sign").status_code == 303
    assert [one.alt_text for one in _kept(desk)] == ["A sign"]
    assert browser.post(at, do="remove").status_code == 303
    assert _kept(desk) == []
    assert browser.post(at, do="remove").status_code == 422


def test_what_is_approved_keeps_its_pictures_as_they_were(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    _add(browser, ready, draw_png("sign"))
    assert browser.decide(ready.id or 0, "approve").status_code == 303
    at = f"/mentions/{ready.id}/pictures/{_kept(desk)[0].id}"
    assert browser.post(at, do="remove").status_code == 409
    assert _add(browser, ready, draw_png("other")).status_code == 409
    assert [one.alt_text for one in _kept(desk)] == [SAYS]


def test_a_colleague_who_does_not_hold_it_changes_nothing(desk: Running, ready: Mention) -> None:
    _add(desk.browser_of(desk.staff()), ready, draw_png("sign"))
    assert _add(desk.browser_of(desk.staff("Ali Reza")), ready, draw_png("other")).status_code == 409
    assert len(_kept(desk)) == 1


def test_a_form_from_elsewhere_adds_nothing(desk: Running, ready: Mention) -> None:
    assert _add(desk.browser_of(desk.staff()), ready, draw_png("sign"), token="0" * 64).status_code == 403
    assert _kept(desk) == []


def test_a_picture_of_another_mention_is_not_shown_here(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    _add(browser, ready, draw_png("sign"))
    assert browser.get(f"/mentions/{(ready.id or 0) + 1}/pictures/{_kept(desk)[0].id}").status_code == 404


def test_a_picture_added_after_the_first_key_is_covered_by_no_key(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        rule = KeyRule(about=RuleAbout.ACCOUNT, wanted=[], made_at=NOON)
        rule.wanted = [session.get_one(Account, ready.account_id).name]
        session.add(rule)
    mara, sam = desk.browser_of(desk.staff("Mara Jennings")), desk.browser_of(desk.staff("Sam Lee"))
    mara.decide(ready.id or 0, "approve")
    assert desk.mention(ready.id or 0).second_key
    _add(sam, ready, draw_png("sign"))
    assert not desk.mention(ready.id or 0).second_key
    sam.decide(ready.id or 0, "approve")
    assert reply_of(desk, ready).state == ReplyState.IN_REVIEW
    mara.decide(ready.id or 0, "approve")
    assert reply_of(desk, ready).state == ReplyState.APPROVED


def test_what_is_said_of_a_picture_is_public_too(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    with desk.database.read() as session:
        public = session.get_one(Account, ready.account_id).channel == Channel.X
    _add(browser, ready, draw_png("sign"), "A note: call me at 215-555-0123")
    answer = browser.decide(ready.id or 0, "approve")
    assert ("holds a private detail" in answer.text, answer.status_code) == ((True, 422) if public else (False, 303))


def test_a_risk_word_in_what_is_said_of_a_picture_asks_for_a_second_key(desk: Running, ready: Mention) -> None:
    with desk.rows() as session:
        session.add(KeyRule(about=RuleAbout.RISK_WORDS, wanted=["lawyer*"], made_at=NOON))
    browser = desk.browser_of(desk.staff())
    _add(browser, ready, draw_png("sign"), "The door of our lawyers")
    browser.decide(ready.id or 0, "approve")
    assert desk.mention(ready.id or 0).second_key


def test_a_reply_with_pictures_is_not_approved_among_many(desk: Running, ready: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    _add(browser, ready, draw_png("sign"))
    picked = {"csrf": token_in(browser.get("/queue").text), "do": "approve", f"m{ready.id}": "yes"}
    answer = browser.client.post("/queue/bulk", data=picked, follow_redirects=True)
    assert "Its reply has pictures" in answer.text
