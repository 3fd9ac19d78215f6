"""What somebody who works over HTTP alone reads off a chat's board."""

from hark311.rehearsal.chat_board_reading import read_board
from models import ChatLane

PAGE = """
<div id="board-danger"><div class="alarm row" data-entry="9" data-version="2"><p
class="alarm-words"><bdi>Ann</bdi> on X:
<q>gas &amp; smoke</q></p><div><a id="card-9" href="/chats/1/entries/9">Open</a></div></div></div>
<div id="board-lanes"><section id="lane-mine"><ol><li class="card mine late"><p class="card-words">Where is it?</p>
<p><a class="button" id="mine-4" href="/chats/1/entries/4?write=1">Answer</a>
<span class="sign tone-act"><svg><use href="#x"/></svg><span>answer handed in</span></span></p></li></ol></section>
<section data-lane="question"><ol><li class="row card late" data-entry="4" data-version="3">
<a class="row-link"><span class="card-top"><time data-since="x">0:40</time></span>
<span class="card-words">Where is <em>it</em>?</span><span class="card-marks">
<span class="card-for">for Gil Guest, late by
<time data-due="y">1:00</time></span></span></a></li>
<li class="row card settled" data-entry="5" data-version="1"><a><span class="card-words">How?</span>
<span class="sign">answered</span></a></li></ol></section>
<section data-lane="off_topic"><p class="lane-empty">None.</p></section></div>
<form><button name="do" value="resume">Go on</button><button name="do" value="end">End</button></form>
"""


def test_cards_are_read_with_their_lane_words_and_who_has_them() -> None:
    board = read_board(PAGE)
    danger, waiting, settled = board.cards
    assert (danger.id, danger.lane, danger.words) == (9, ChatLane.EMERGENCY, "Ann on X: gas & smoke")
    assert (waiting.id, waiting.version, waiting.lane, waiting.words) == (4, 3, ChatLane.QUESTION, "Where is it ?")
    assert waiting.assigned == "for Gil Guest, late by 1:00"
    assert waiting.waits
    assert waiting.late
    assert (settled.id, settled.sign, settled.waits) == (5, "answered", False)
    assert board.paused
    assert board.live
    assert [one.id for one in board.in_lanes(ChatLane.QUESTION)] == [4, 5]


def test_what_is_given_to_whoever_looks_is_read_with_its_sign() -> None:
    (mine,) = read_board(PAGE).mine
    assert (mine.id, mine.words, mine.sign) == (4, "Where is it?", "answer handed in")


def test_a_page_without_a_board_shows_nothing() -> None:
    board = read_board("<p>Sign in</p>")
    assert not board.cards
    assert not board.mine
    assert not board.live
