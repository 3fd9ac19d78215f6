"""The card of what we think and why: answers with their probability, the words for and against, several problems."""

import re
from datetime import timedelta

import pytest

from hark311.console.marks import pieces
from hark311.product import Product
from models import Contribution, Explanation, Mention, Post, Understanding
from models.deletion import forget_post
from tests.hark311.console.conftest import NOON, Running, StartDesk
from tests.hark311.console.factories import first_post, make_account, make_mention, make_services, understand
from tests.hark311.console.learning import Covering, make_explained


@pytest.fixture
def explained(desk: Running) -> Mention:
    with desk.rows() as session:
        make_services(session)
        return make_explained(session, NOON - timedelta(minutes=5))


def words_of(page: str) -> str:
    """The page as a person reads it: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_every_answer_has_its_probability_and_the_words_for_and_against_it(desk: Running, explained: Mention) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{explained.id}").text
    said = words_of(page[page.index("What we think") :])
    for expected in ("Pothole repair 71 %", "Street light out 22 %", "asks for a service 90 %", "complains 7 %"):
        assert expected in said
    assert "because of: pothole deep against it: street light" in said
    assert "because of: is out against it: thanks" in said
    assert "Urgency no sign of danger" in said
    assert "Language English 98 %" in said


def test_the_words_stand_out_in_the_post_by_how_much_they_count(desk: Running, explained: Mention) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{explained.id}").text
    thread = page[: page.index("What we think")]
    assert '<mark class="ev ev-for w3" data-ev="weighed">pothole</mark>' in thread
    assert '<mark class="ev ev-for w2" data-ev="weighed">deep</mark>' in thread
    assert '<mark class="ev ev-against w2" data-ev="weighed">street light</mark>' in thread
    assert ">school</mark>" not in thread


def test_the_numbers_add_up(desk: Running, explained: Mention) -> None:
    page = desk.browser_of(desk.staff()).get(f"/mentions/{explained.id}").text
    table = page[page.index("<caption>Pothole repair") : page.index("</table>")]
    numbers = [float(one.replace("−", "-")) for one in re.findall(r'<td class="num">([^<]+)</td>', table)]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1]) == pytest.approx(2.5)
    assert "the sentence as a whole" in table


def test_several_problems_are_told_with_their_words(desk: Running, explained: Mention) -> None:
    said = words_of(desk.browser_of(desk.staff()).get(f"/mentions/{explained.id}").text)
    assert "It tells of 2 problems" in said
    assert "Street light out 80 % the street light over it is out" in said


def test_too_unsure_says_why_and_shows_what_it_might_be(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON, "it happened again")
        found = understand(
            session,
            mention,
            first_post(session, mention),
            NOON,
            service_code=None,
            abstained=True,
            intent=None,
            runners_up=[("SR-TR02", 0.3), ("SR-DU04", 0.28)],
        )
        found.abstained_because = "nothing in it tells which service it is for"
    said = words_of(desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text)
    assert "Nothing in it tells which service it is for. You decide." in said
    assert "Perhaps about Missed trash collection 30 %" in said
    assert "What the author wants unsure" in said


def test_a_residents_words_are_shown_as_words_wherever_they_count(desk: Running) -> None:
    attack = "<script>alert(1)</script> pothole"
    with desk.rows() as session:
        make_services(session)
        mention = make_mention(session, make_account(session), NOON, attack)
        post = first_post(session, mention)
        found = understand(session, mention, post, NOON)
        whole = Contribution(start=0, end=25, weight=2, post_id=post.id)
        explained = Explanation(task="category", value="SR-ST01", probability=0.9, score=2, rest=0, words=[whole])
        explained.occluded = [whole]
        found.explanations = [explained.model_dump(mode="json")]
    page = desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}").text
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4


def test_weights_never_hide_danger_and_spans_outside_the_text_are_left_out() -> None:
    far = Contribution(start=90, end=99, weight=50)
    near = Contribution(start=0, end=4, weight=1)
    cut = pieces("wire down", [], [far, near])
    assert [(one.text, one.kind, one.strength) for one in cut] == [("wire", "for", 3), (" down", "", 0)]


def understanding_of(desk: Running, mention: Mention) -> Understanding:
    with desk.database.read() as session:
        found = session.get(Understanding, 1)
    assert found is not None
    assert found.mention_id == mention.id
    return found


def test_the_whole_sentence_is_asked_about_once_and_kept(start_desk: StartDesk) -> None:
    covering = Covering()
    desk = start_desk({"explainer": covering})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    browser = desk.browser_of(desk.staff())
    path = f"/mentions/{mention.id}/occlusion"
    assert f'href="{path}"' in browser.get(f"/mentions/{mention.id}").text
    for _ in range(2):
        part = browser.client.get(path, headers={"hx-request": "true"})
        assert "<html" not in part.text
        assert "these count: pothole" in words_of(part.text)
    assert covering.asked == 1
    assert understanding_of(desk, mention).explained()[0].occluded
    assert browser.get(path).status_code == 303


def test_without_an_explainer_nothing_is_offered(desk: Running, explained: Mention) -> None:
    browser = desk.browser_of(desk.staff())
    assert "sentence as a whole?" not in browser.get(f"/mentions/{explained.id}").text
    assert browser.get(f"/mentions/{explained.id}/occlusion").status_code == 303


class _Failing:
    def occlude(self, understanding: Understanding, posts: object) -> list[Explanation]:
        raise RuntimeError("no model")


def test_an_explainer_that_fails_breaks_no_page(start_desk: StartDesk) -> None:
    desk = start_desk({"explainer": _Failing()})
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    browser = desk.browser_of(desk.staff())
    part = browser.client.get(f"/mentions/{mention.id}/occlusion", headers={"hx-request": "true"})
    assert part.status_code == 200
    assert "could not be worked out now" in part.text
    assert "Pothole repair" in browser.get(f"/mentions/{mention.id}").text


class _Deleting(Covering):
    """Its author deletes the post while we work on it."""

    def __init__(self, parts: list[Product]) -> None:
        super().__init__()
        self.parts = parts

    def occlude(self, understanding: Understanding, posts: object) -> list[Explanation]:
        with self.parts[0].database.write() as session:
            post = session.get_one(Post, 1)
            forget_post(session, post, "listener", "its author deleted it", NOON)
        return understanding.explained()


def test_what_is_deleted_meanwhile_is_not_kept(start_desk: StartDesk) -> None:
    parts: list[Product] = []
    desk = start_desk({"explainer": _Deleting(parts)})
    parts.append(desk.product)
    with desk.rows() as session:
        make_services(session)
        mention = make_explained(session, NOON)
    desk.browser_of(desk.staff()).get(f"/mentions/{mention.id}/occlusion")
    assert understanding_of(desk, mention).explanations == []
