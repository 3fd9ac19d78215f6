"""From a resident's words to a point: the gazetteer at work between the listener and the desk."""

from sqlmodel import col, select

from models import Post, Understanding
from tests.town import Town


def understanding(town: Town, post_id: str) -> Understanding:
    with town.database.read() as session:
        mention_id = town.mention_of(post_id).id
        query = select(Understanding).where(Understanding.mention_id == mention_id)
        return session.exec(query.order_by(col(Understanding.id).desc())).one()


def test_a_corner_becomes_a_point_and_its_one_name_in_the_draft(town: Town) -> None:
    post_id = town.simulator.say_on_x("There is a deep pothole at 5th n Market, a car lost its tire", author="dee_215")
    town.hear()
    draft, found = town.request_of(town.mention_of(post_id).id), understanding(town, post_id)
    assert draft.address_string == "5th St & Market St"
    assert draft.lat is not None
    assert abs(draft.lat - 39.951) < 0.002
    assert draft.missing == []
    first = found.candidates()[0]
    with town.database.read() as session:
        said = session.get_one(Post, first.post_id).text
    assert said[first.start : first.end] == "5th n Market"
    assert (first.lat, first.lon) == (draft.lat, draft.long)
    assert found.gazetteer_version


def test_a_street_with_two_halves_is_asked_about_and_given_no_point(town: Town) -> None:
    post_id = town.simulator.say_on_x("the streetlight is out at 512 5th St", author="dee_215")
    town.hear()
    mention = town.mention_of(post_id)
    draft, found = town.request_of(mention.id), understanding(town, post_id)
    assert (draft.lat, draft.long) == (None, None)
    assert draft.missing == ["which_place"]
    assert found.place_question
    reply = town.reply_to(mention.id).text
    assert "N 5th St" in reply
    assert "S 5th St" in reply
