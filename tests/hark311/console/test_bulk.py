"""Several mentions at once: every final text is shown first, each is decided by itself, and all can be taken back."""

import re
from datetime import timedelta
from html import unescape

from sqlmodel import select

from models import Channel, Mention, MentionState, Reply, ReplyState, RequestState, Review, Role, ServiceRequest
from models.threads import posts_of
from responders.reopening import told_again
from tests.hark311.console.conftest import NOON, Browser, Running, token_in
from tests.hark311.console.factories import add_post, make_account, make_mention, make_ready, make_services, make_staff
from tests.hark311.console.test_queue import ids_on


def ready(desk: Running, how_many: int = 3) -> list[int]:
    with desk.rows() as session:
        make_services(session)
        account = make_account(session)
        return [
            make_ready(session, account, NOON - timedelta(minutes=9 - at), handle=f"neighbor_{at}").id or 0
            for at in range(how_many)
        ]


def press(browser: Browser, ids: list[int], action: str, **fields: str) -> str:
    """Tick some rows of the queue and press a button below it."""
    token = token_in(browser.get("/queue").text)
    picked = {f"m{one}": "yes" for one in ids}
    answer = browser.client.post("/queue/bulk", data={"csrf": token, "do": action, **picked, **fields})
    assert answer.status_code == 200, answer.text
    return answer.text


def ticked(page: str) -> dict[str, str]:
    """The form of the page that shows everything, as a browser would send it."""
    fields = {"csrf": token_in(page)}
    for name, value in re.findall(r'<input type="(?:hidden|checkbox)" name="(do|to|m\d+)" value="([^"]*)"', page):
        fields[name] = unescape(value)
    return fields


def states(desk: Running, ids: list[int]) -> list[MentionState]:
    return [desk.mention(one).state for one in ids]


def test_every_final_text_is_shown_before_one_button_approves_them_all(desk: Running) -> None:
    ids = ready(desk)
    browser = desk.browser_of(desk.staff())
    shown = press(browser, ids[:2], "approve")
    assert shown.count("When the city answers") == 2
    assert shown.count("When it does not answer") == 2
    assert "Pothole repair" in shown
    assert states(desk, ids) == [MentionState.DRAFTED] * 3, "looking decides nothing"
    told = browser.client.post("/queue/bulk/do", data=ticked(shown)).text
    assert "2 posts approved" in told
    assert states(desk, ids) == [MentionState.APPROVED, MentionState.APPROVED, MentionState.DRAFTED]
    with desk.database.read() as session:
        approved = session.exec(select(Reply).where(Reply.state == ReplyState.APPROVED)).all()
        assert len(approved) == 2
        assert all(one.approved_text and one.approved_by for one in approved)
        assert len(session.exec(select(Review)).all()) == 2
    assert {name for name, _ in desk.nudged(4)} == {"submit_request", "send_reply"}


def test_all_of_it_can_be_taken_back_within_the_hold(desk: Running) -> None:
    ids = ready(desk)
    browser = desk.browser_of(desk.staff())
    told = browser.client.post("/queue/bulk/do", data=ticked(press(browser, ids, "approve"))).text
    undone = browser.client.post("/queue/bulk/undo", data=ticked(told)).text
    assert "3 posts back in the queue" in undone
    assert states(desk, ids) == [MentionState.DRAFTED] * 3
    with desk.database.read() as session:
        assert {one.state for one in session.exec(select(Reply)).all()} == {ReplyState.DRAFT}
        assert {one.state for one in session.exec(select(ServiceRequest)).all()} == {RequestState.DRAFT}


def test_what_has_left_by_then_stays_and_is_named(desk: Running) -> None:
    ids = ready(desk, 2)
    browser = desk.browser_of(desk.staff())
    told = browser.client.post("/queue/bulk/do", data=ticked(press(browser, ids, "approve"))).text
    with desk.rows() as session:
        left = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == ids[0])).one()
        left.state = RequestState.SUBMITTING
        session.add(left)
    undone = browser.client.post("/queue/bulk/undo", data=ticked(told)).text
    assert "1 post back in the queue, 1 left as it was" in undone
    assert "It has left already and cannot be taken back." in undone
    assert states(desk, ids) == [MentionState.APPROVED, MentionState.DRAFTED]


def test_what_changed_after_the_look_is_left_out_and_the_rest_goes_on(desk: Running) -> None:
    ids = ready(desk)
    browser = desk.browser_of(desk.staff())
    shown = press(browser, ids, "approve")
    with desk.rows() as session:
        written = session.get_one(Mention, ids[0])
        add_post(session, written, "wait, it is on 6th", NOON)
        written.version += 1
        session.add(written)
        reply = session.exec(select(Reply).where(Reply.mention_id == ids[1])).one()
        reply.text = "Other words of a colleague."
        session.add(reply)
        assert len(posts_of(session, ids[0])) == 2
    told = browser.client.post("/queue/bulk/do", data=ticked(shown)).text
    assert "1 post approved, 2 left as they were" in told
    assert told.count("It changed since you looked at it.") == 2
    assert states(desk, ids) == [MentionState.DRAFTED, MentionState.DRAFTED, MentionState.APPROVED]


def test_what_cannot_be_approved_is_listed_with_its_reasons(desk: Running) -> None:
    ids = ready(desk, 2)
    lou = desk.staff("Lou Okafor")
    with desk.rows() as session:
        account = make_account(session)
        danger = make_ready(session, account, NOON, handle="wires").id or 0
        session.get_one(Mention, danger).danger = True
        bare = make_mention(session, account, NOON).id or 0
    desk.product.desk.claim(ids[1], lou.id or 0)
    shown = press(desk.browser_of(desk.staff()), [*ids, danger, bare], "approve")
    assert "Approve: 1 post, 3 left out" in shown
    assert "A danger is answered on its own page." in shown
    assert "Lou Okafor is working on it." in shown
    assert "Nothing to approve" in shown


def test_what_holds_more_than_one_request_is_read_on_its_own_page(desk: Running) -> None:
    ids = ready(desk, 2)
    with desk.rows() as session:
        mention = session.get_one(Mention, ids[0])
        first = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == ids[0])).one()
        answer = told_again(session, first, mention, NOON)
        answer.answers_city, answer.description = True, "What they answered, which nobody has read"
        session.add(answer)
    shown = press(desk.browser_of(desk.staff()), ids, "approve")
    assert "Approve: 1 post, 1 left out" in shown
    assert "More than one request waits in it: read them on its own page" in shown


def test_closing_several_needs_one_reason_and_can_be_undone(desk: Running) -> None:
    ids = ready(desk)
    browser = desk.browser_of(desk.staff())
    shown = press(browser, ids, "close")
    asked = browser.client.post("/queue/bulk/do", data=ticked(shown))
    assert asked.status_code == 422
    assert "Say why" in asked.text
    told = browser.client.post("/queue/bulk/do", data={**ticked(shown), "reason": "a prank of one school class"}).text
    assert "3 posts closed" in told
    assert states(desk, ids) == [MentionState.REJECTED] * 3
    with desk.database.read() as session:
        assert {one.reason for one in session.exec(select(Review)).all()} == {"a prank of one school class"}
    browser.client.post("/queue/bulk/undo", data=ticked(told))
    assert states(desk, ids) == [MentionState.DRAFTED] * 3


def test_several_are_set_aside_assigned_and_joined(desk: Running) -> None:
    ids = ready(desk, 4)
    browser = desk.browser_of(desk.staff())
    with desk.rows() as session:
        lou = make_staff(session, "Lou Okafor").id or 0
    assigned = ticked(press(browser, ids[:2], "assign"))
    browser.client.post("/queue/bulk/do", data={**assigned, "to": str(lou)})
    assert [desk.mention(one).assigned_to for one in ids] == [lou, lou, None, None]
    assert ids_on(browser.get(f"/queue?assignee={lou}").text) == ids[:2]
    shown = press(browser, ids[1:3], "join")
    with desk.database.read() as session:
        head = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == ids[1])).one()
    told = browser.client.post("/queue/bulk/do", data={**ticked(shown), "head": str(head.id)}).text
    assert "2 posts joined" in told
    with desk.database.read() as session:
        follower = session.exec(select(ServiceRequest).where(ServiceRequest.mention_id == ids[2])).one()
        assert (follower.state, follower.joined_to_id) == (RequestState.JOINED, head.id)
    aside = ticked(press(browser, ids[3:], "aside"))
    browser.client.post("/queue/bulk/do", data={**aside, "reason": "chatter"})
    assert desk.mention(ids[3]).state == MentionState.SET_ASIDE


def test_assigning_several_is_undone_to_whose_each_was(desk: Running) -> None:
    ids = ready(desk, 4)
    with desk.rows() as session:
        lou, vera = (make_staff(session, name).id or 0 for name in ("Lou Okafor", "Vera Holt"))
        for one, whose in zip(ids, (vera, None, lou, vera), strict=True):
            session.get_one(Mention, one).assigned_to = whose
    browser = desk.browser_of(desk.staff())
    told = browser.client.post("/queue/bulk/do", data={**ticked(press(browser, ids, "assign")), "to": str(lou)}).text
    assert [desk.mention(one).assigned_to for one in ids] == [lou] * 4
    assert "it was so already" in told
    with desk.rows() as session:
        session.get_one(Mention, ids[3]).assigned_to = None
    undone = browser.client.post("/queue/bulk/undo", data=ticked(told)).text
    assert [desk.mention(one).assigned_to for one in ids] == [vera, None, lou, None]
    assert "2 posts assigned as before, 1 left as it was" in undone
    assert "It was assigned anew meanwhile, and stays so." in undone


def test_assigning_to_nobody_in_particular_is_undone_too(desk: Running) -> None:
    ids = ready(desk, 2)
    with desk.rows() as session:
        lou = make_staff(session, "Lou Okafor").id or 0
        session.get_one(Mention, ids[0]).assigned_to = lou
    browser = desk.browser_of(desk.staff())
    told = browser.client.post("/queue/bulk/do", data={**ticked(press(browser, ids, "assign")), "to": ""}).text
    assert [desk.mention(one).assigned_to for one in ids] == [None, None]
    with desk.rows() as session:
        session.get_one(Mention, ids[1]).assigned_to = lou
    browser.client.post("/queue/bulk/undo", data=ticked(told))
    assert [desk.mention(one).assigned_to for one in ids] == [lou, lou], "the second had not been changed"
    again = press(browser, ids, "assign")
    nothing = browser.client.post("/queue/bulk/do", data={**ticked(again), "to": str(lou)}).text
    assert "Take all back" not in nothing, "nothing was changed"


def test_only_those_who_may_decide_alone_may_decide_together(desk: Running) -> None:
    ids = ready(desk, 1)
    with desk.rows() as session:
        viewer, drafter = make_staff(session, role=Role.VIEWER), make_staff(session, role=Role.DRAFTER)
    for staff, action, expected in (
        (viewer, "approve", 403),
        (viewer, "assign", 403),
        (drafter, "approve", 403),
        (drafter, "close", 403),
        (drafter, "assign", 200),
    ):
        browser = desk.browser_of(staff)
        token = token_in(browser.get("/account").text)
        for path in ("/queue/bulk", "/queue/bulk/do", "/queue/bulk/undo"):
            answer = browser.client.post(path, data={"csrf": token, "do": action, f"m{ids[0]}": "yes"})
            assert answer.status_code == expected, (action, path)
        assert browser.client.post("/queue/bulk", data={"do": action}).status_code == 403, "no token"
    assert states(desk, ids) == [MentionState.DRAFTED]


def test_hostile_words_are_shown_harmless_and_what_is_no_id_is_ignored(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        hostile = make_mention(
            session, make_account(session, Channel.MASTODON), NOON, "<script>alert(1)</script>{{ 7*7 }}"
        )
    browser = desk.browser_of(desk.staff())
    shown = press(browser, [hostile.id or 0], "close", mx="1", m99999999999999999999="1", m0="1", m77="1")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in shown
    assert "<script>alert" not in shown
    token = token_in(browser.get("/queue").text)
    for wrong in ({}, {"do": "explode", "m1": "yes"}, {"do": "approve"}):
        assert browser.client.post("/queue/bulk/do", data={"csrf": token, **wrong}).status_code == 303
