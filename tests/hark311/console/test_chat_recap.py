"""The recap of a chat: what anybody reads, what the desk decides, the files, and what is left to do."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from sqlmodel import col, select

from classifier.redaction import redact
from hark311.console.chats.recap_desk_pages import SHOWN
from hark311.console.chats.recap_pages import ON_A_PAGE
from hark311.console.chats.recap_showing import page_words
from models import (
    AuditEntry,
    Author,
    ChatEntry,
    ChatLane,
    ChatRecap,
    ChatTask,
    Post,
    Role,
    StaffUser,
    TweetChat,
)
from models.deletion import forget_post
from responders.chats.recap_publishing import publish
from responders.chats.recap_rounds import Recaps
from responders.wording import RIGHT_TO_LEFT
from tests.chats import an_entry
from tests.hark311.console.browsing import launched, violations
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_services, make_staff
from tests.recapped import ANSWER, ASKED, REPORT, SAID, Recapped, a_recapped_chat

STARTS = NOON - timedelta(hours=3)
ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}'
FORMULA = '=HYPERLINK("https://bad.example","click")'


@pytest.fixture
def desk(start_desk: StartDesk) -> Running:
    return start_desk({"redact": redact})


def make_recap(desk: Running, languages: tuple[str, ...] = ("en", "es"), *, published: bool = True) -> Recapped:
    """A chat whose recap is drafted and, unless told otherwise, published in all its languages."""
    with desk.rows() as session:
        make_services(session)
        made = a_recapped_chat(session, STARTS)
        made.made.chat.languages = list(languages)
        made.request.service_code = "SR-ST01"
        made.said.chosen = made.asked.chosen = True
        session.add_all([made.made.chat, made.request, made.said, made.asked])
    Recaps(desk.database, desk.clock).write()
    for language in languages if published else ():
        publish(desk.product.desk, made.id, language, made.made.host.id or 0, desk.url)
    return made


def host_of(desk: Running, made: Recapped) -> Browser:
    return desk.browser_of(made.made.host)


def test_the_recap_says_what_was_asked_answered_promised_and_reported(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    host.post(
        f"/chats/{made.id}/tasks", words="A third round a week", owner_name="Office of Sanitation", due_on="2026-04-01"
    )
    answer = desk.visitor().get(f"/recap/{made.made.chat.slug}/en")
    page = answer.text
    assert answer.status_code == 200
    for said in (
        made.made.chat.title,
        SAID,
        ASKED,
        ANSWER,
        "13075315",
        "1200 block of N 5th St",
        "A third round a week",
    ):
        assert said in page
    for private in ("1234 N", "555-0142", "Apt 2", "my house", REPORT):
        assert private not in page
    assert "noindex" in answer.headers["x-robots-tag"]
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert "<script" not in page


def test_only_who_was_chosen_is_named(desk: Running) -> None:
    made = make_recap(desk)
    with desk.database.read() as session:
        names = {one.id: one.handle for one in session.exec(select(Author)).all()}
    chosen = names[made.said.author_id]
    others = set(names.values()) - {chosen, names[made.asked.author_id]}
    for path in ("/en", "/transcript", "/transcript.csv", "/transcript.json"):
        text = desk.visitor().get(f"/recap/{made.made.chat.slug}{path}").text
        assert chosen in text
        assert not any(name in text for name in others)


def test_what_is_not_published_taken_off_or_invented_is_one_and_the_same_page(desk: Running) -> None:
    made = make_recap(desk, published=False)
    visitor, slug = desk.visitor(), made.made.chat.slug
    never = visitor.get("/recap/nothing-of-the-kind")
    assert never.status_code == 404
    unpublished = [visitor.get(f"/recap/{slug}{path}").text for path in ("", "/en", "/transcript", "/transcript.csv")]
    assert set(unpublished) == {never.text}
    host = host_of(desk, made)
    assert host.post(f"/chats/{made.id}/recap/en/publish").status_code == 303
    assert visitor.get(f"/recap/{slug}/en").status_code == 200
    assert visitor.get(f"/recap/{slug}/es").text == never.text
    host.post(f"/chats/{made.id}/recap/en/unpublish")
    assert visitor.get(f"/recap/{slug}/en").text == never.text


def test_a_post_deleted_after_publishing_is_gone_from_every_page_and_file(desk: Running) -> None:
    made = make_recap(desk)
    visitor, slug = desk.visitor(), made.made.chat.slug
    addresses = [f"/recap/{slug}{path}" for path in ("/en", "/transcript", "/transcript.csv", "/transcript.json")]
    host = host_of(desk, made)
    of_desk = [f"/chats/{made.id}/{path}" for path in ("recap", "export.html", "export.csv", "export.json")]
    assert all(SAID in visitor.get(one).text for one in addresses)
    assert all(SAID in host.get(one).text for one in of_desk)
    with desk.rows() as session:
        forget_post(session, session.get_one(Post, made.said.post_id), "listener", "deleted", NOON)
    assert not any(SAID in visitor.get(one).text for one in addresses)
    assert not any(SAID in host.get(one).text for one in of_desk)


def test_what_residents_write_never_becomes_markup_or_a_formula(desk: Running) -> None:
    made = make_recap(desk)
    with desk.rows() as session:
        for words in (ATTACK, FORMULA, "\N{RIGHT-TO-LEFT OVERRIDE}evil", "\t@SUM(1)"):
            an_entry(session, made.made, words, ChatLane.ANSWER, minute=8, question=1).chosen = True
        entry = session.exec(select(ChatEntry).order_by(col(ChatEntry.id).desc())).first()
        assert entry
        session.get_one(TweetChat, made.id).title = ATTACK
    host = host_of(desk, made)
    host.post(f"/chats/{made.id}/recap/en/publish")
    for answer in (
        desk.visitor().get(f"/recap/{made.made.chat.slug}/en"),
        desk.visitor().get(f"/recap/{made.made.chat.slug}/transcript"),
        host.get(f"/chats/{made.id}/recap?show=all"),
        host.get(f"/chats/{made.id}/recap/en"),
        host.get(f"/chats/{made.id}/export.html"),
        host.get(f"/chats/tasks?chat={made.id}&entry={entry.id}"),
    ):
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
    for client, path in (
        (desk.visitor(), f"/recap/{made.made.chat.slug}/transcript.csv"),
        (host, f"/chats/{made.id}/export.csv"),
    ):
        rows = list(csv.reader(io.StringIO(client.get(path).text.removeprefix("\ufeff"))))
        cells = [one for row in rows for one in row]
        assert f"'{FORMULA}" in cells
        assert not any(one.lstrip().startswith(("=", "+", "@")) for one in cells)


@pytest.mark.parametrize("language", ["ar", "fa", "km", "ht"])
def test_the_pages_speak_and_run_as_their_language_does(desk: Running, language: str) -> None:
    made = make_recap(desk, (language, "en"))
    for path in (f"/{language}", f"/transcript?in={language}"):
        answer = desk.visitor().get(f"/recap/{made.made.chat.slug}{path}")
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in answer.text
        assert page_words()[language]["transcript"] in answer.text


def test_every_language_has_every_word() -> None:
    english = page_words()["en"]
    for language, words in page_words().items():
        assert words.keys() == english.keys(), language
        for key, said in english.items():
            assert {one for one in ("{n}", "{day}", "{network}", "{kind}") if one in said} == {
                one for one in ("{n}", "{day}", "{network}", "{kind}") if one in words[key]
            }, (language, key)


def test_the_browser_chooses_among_the_published_languages(desk: Running) -> None:
    made = make_recap(desk)
    visitor = desk.visitor(**{"accept-language": "es-MX,es;q=0.9"})
    assert '<html lang="es"' in visitor.get(f"/recap/{made.made.chat.slug}").text
    assert '<html lang="en"' in desk.visitor(**{"accept-language": "ko"}).get(f"/recap/{made.made.chat.slug}").text


def test_a_long_transcript_stands_on_several_pages(desk: Running) -> None:
    made = make_recap(desk)
    with desk.rows() as session:
        for number in range(ON_A_PAGE):
            an_entry(session, made.made, f"said {number}", ChatLane.ANSWER, minute=9 + number / 10)
    desk.clock.forward(hours=1)
    host_of(desk, made).post(f"/chats/{made.id}/recap/en/publish")
    slug = made.made.chat.slug
    first, second = (desk.visitor().get(f"/recap/{slug}/transcript?page={page}").text for page in (1, 2))
    assert ("said 3<" in first, "said 199" in first, "said 199" in second) == (True, False, True)
    assert desk.visitor().get(f"/recap/{slug}/transcript?page=3").status_code == 404


def test_the_export_holds_the_decisions_and_strikes_out_private_details(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    export = host.get(f"/chats/{made.id}/export.json").json()
    report = next(one for one in export["posts"] if one["entry"] == made.report.id)
    assert "[phone removed]" in report["words"]
    assert (report["lane"], export["figures"]["answered"]) == ("service_request", 1)
    assert next(one for one in export["posts"] if one["entry"] == made.asked.id)["answer"] == ANSWER
    with desk.database.read() as session:
        told = session.exec(select(AuditEntry).where(AuditEntry.to_state == "exported 1")).all()
        assert [one.by for one in told] == [f"staff:{made.made.host.id}"]


def test_one_person_takes_the_words_of_500_posts_of_x_a_day(desk: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hark311.chat_export.X_A_DAY", 1)
    made = make_recap(desk)
    host = host_of(desk, made)
    words = [_words_on_x(host, made) for _ in range(2)]
    assert (bool(words[0]), bool(words[1])) == (True, False)
    desk.clock.forward(hours=25)
    assert _words_on_x(host_of(desk, made), made)


def _words_on_x(host: Browser, made: Recapped) -> str:
    posts = host.get(f"/chats/{made.id}/export.json").json()["posts"]
    return str(next(one["words"] for one in posts if one["network"] == "x"))


def test_a_guest_neither_exports_nor_decides(desk: Running) -> None:
    made = make_recap(desk)
    with desk.rows() as session:
        session.get_one(TweetChat, made.id).ended_at = NOON
    guest = desk.browser_of(made.made.guest)
    for path in ("recap", "recap/en", "export.csv", "export.html", "export.json"):
        assert guest.get(f"/chats/{made.id}/{path}").status_code == 403
    assert guest.get("/chats/tasks").status_code == 403
    assert guest.post(f"/chats/{made.id}/recap/en/unpublish").status_code == 403


def test_staff_choose_what_stands_in_it_and_say_it_in_their_words(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    path, page = f"/chats/{made.id}/recap/entries/{made.on_x.id}", f"/recap/{made.made.chat.slug}/en"
    english, spanish = "Somebody asks for more lights.", "Alguien pide más luces."
    host.post(path, **{"chosen": "yes", "words-en": english, "words-es": spanish, "show": "answers"})
    assert spanish in desk.visitor().get(f"/recap/{made.made.chat.slug}/es").text
    assert "Somebody asks for more lights." in desk.visitor().get(page).text
    refused = host.post(path, **{"chosen": "yes", "words-en": "Call 215-555-0142", "show": "answers"})
    assert (refused.status_code, "private detail" in refused.text) == (422, True)
    host.post(path, chosen="", show="answers")
    assert "Somebody asks for more lights." not in desk.visitor().get(page).text


def entries_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<li id="entry-(\d+)">', page)]


def test_posts_to_choose_from_are_listed_by_question_and_by_the_page_and_none_is_left_out(desk: Running) -> None:
    made = make_recap(desk)
    with desk.rows() as session:
        more = [
            an_entry(session, made.made, f"A1: lights on block {number}", minute=6, question=1).id
            for number in range(SHOWN + 3)
        ]
    host, recap = host_of(desk, made), f"/chats/{made.id}/recap"
    first = entries_on(host.get(f"{recap}?show=all&question=1").text)
    second = entries_on(host.get(f"{recap}?show=all&question=1&page=2").text)
    assert len(first) == SHOWN
    assert set(more) <= {*first, *second}
    assert not {*first} & {*second}
    assert not {*more} & {*entries_on(host.get(f"{recap}?show=all&question=2").text)}
    assert entries_on(host.get(f"{recap}?show=all&question=1&page=99").text) == second
    sent = {"chosen": "yes", "show": "all", "question": "1", "list_page": "2"}
    back = host.post(f"{recap}/entries/{second[0]}", recap, **sent).headers["location"]
    assert second[0] in entries_on(host.get(back).text)


def test_the_introduction_is_staffs_own(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    host.post(f"/chats/{made.id}/recap/en/intro", words="An hour well spent.")
    assert "An hour well spent." in desk.visitor().get(f"/recap/{made.made.chat.slug}/en").text
    refused = host.post(f"/chats/{made.id}/recap/en/intro", words=" ")
    assert (refused.status_code, "is empty" in refused.text) == (422, True)


def test_tasks_of_all_chats_stand_on_one_page_what_is_overdue_on_top(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    mine = {"owner": str(made.made.host.id)}
    host.post(f"/chats/{made.id}/tasks", words="Later", owner_name="Streets", due_on="2026-05-01")
    host.post(f"/chats/{made.id}/tasks", words="Sooner", owner_name="Sanitation", due_on="2026-03-11", **mine)
    desk.clock.forward(days=3)
    host = host_of(desk, made)
    page = host.get("/chats/tasks").text
    assert page.index("Sooner") < page.index("Later") < page.index("without an answer")
    assert "overdue since Mar 11" in page
    only = host.get("/chats/tasks?mine=yes").text
    assert ("Sooner" in only, "Later" in only) == (True, False)
    assert "1 overdue promise<" in page
    assert "Promises of tweet chats, overdue: 1" in host.get("/handover").text


def test_a_task_is_done_with_its_outcome_taken_up_and_made_a_post(desk: Running) -> None:
    made = make_recap(desk)
    host = host_of(desk, made)
    with desk.database.read() as session:
        task = session.exec(select(ChatTask)).one()
    base = f"/chats/{made.id}/tasks/{task.id}"
    assert host.post(f"{base}/done", answer="").status_code == 422
    posted = host.post(f"{base}/post", account=str(made.said.account_id), language="en", words="It is swept now.")
    assert posted.status_code == 303
    assert "It is swept now." in host.get(f"/chats/{made.id}").text, "it waits in the plan"
    host.post(f"{base}/done", answer="The state cleans it, weekly.")
    assert "The state cleans it, weekly." in host.get("/chats/tasks").text
    host.post(f"{base}/reopen")
    with desk.database.read() as session:
        again = session.get_one(ChatTask, task.id)
        assert (again.done_at, again.chat_post_id is not None) == (None, True)


def test_whoever_takes_no_part_reads_the_recap_and_changes_nothing(desk: Running) -> None:
    made = make_recap(desk)
    viewer = desk.browser_of(_viewer(desk))
    assert viewer.get(f"/chats/{made.id}/recap").status_code == 200
    for path in ("recap/en/publish", "recap/en/intro", f"recap/entries/{made.said.id}", "tasks"):
        assert viewer.post(f"/chats/{made.id}/{path}").status_code == 403


def _viewer(desk: Running) -> StaffUser:
    with desk.rows() as session:
        return make_staff(session, "Vic Olsen", Role.VIEWER)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with launched() as browser:
        yield browser


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_public_pages_are_accessible_and_fit(desk: Running, browser: Chromium, language: str) -> None:
    made = make_recap(desk, (language, "es"))
    host = host_of(desk, made)
    host.post(f"/chats/{made.id}/tasks", words="A third round a week", owner_name="Sanitation", due_on="2026-04-01")
    for path in (f"/{language}", f"/transcript?in={language}"):
        for width in (320, 1280):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{desk.url}/recap/{made.made.chat.slug}{path}")
            assert violations(page, dark=False) == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            page.close()


def test_recaps_stand_in_the_order_of_the_languages(desk: Running) -> None:
    made = make_recap(desk, ("es", "en"))
    page = host_of(desk, made).get(f"/chats/{made.id}/recap").text
    assert page.index("recap-es") < page.index("recap-en")
    with desk.database.read() as session:
        assert len(session.exec(select(ChatRecap)).all()) == 2
