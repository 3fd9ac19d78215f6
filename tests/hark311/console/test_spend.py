"""What calls cost, where staff see it: the spend page, the channels page, and the words about a link in a reply."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from hark311.console.spend_pages import PRICED
from hark311.prices import load_prices
from hark311.rates import Rates, Window
from models import Account, Channel, Mention
from models.ledger import Spend
from tests.hark311.console.conftest import NOON, Browser, Running, StartDesk
from tests.hark311.console.factories import make_account, make_ready, make_services
from tests.hark311.console.test_evidence import words_of

TODAY = NOON.date()
KEYS = dict.fromkeys(("bearer_token", "consumer_key", "consumer_secret", "access_token"), "k" * 40)


def _x_account(ceiling: float) -> dict[str, Any]:
    keys = {**KEYS, "access_token_secret": "s" * 40}
    return {
        "accounts": {"riverton": {"channel": "x", "monthly_ceiling": ceiling, **keys}},
        "open311": {"base_url": "https://city.example"},
    }


def _spent(desk: Running, *rows: tuple[date, str, int, int], name: str = "riverton") -> None:
    with desk.rows() as session:
        account = make_account(session)
        account.name = name
        session.add(account)
        for day, endpoint, units, cost in rows:
            session.add(
                Spend(
                    account_id=account.id or 0,
                    day=day,
                    endpoint=endpoint,
                    calls=3,
                    refused=1,
                    units=units,
                    microdollars=cost,
                )
            )


def _page(desk: Running, path: str) -> str:
    return words_of(desk.browser_of(desk.staff()).get(path).text)


def test_the_page_shows_each_kind_of_call_with_its_cost_and_the_dated_prices(start_desk: StartDesk) -> None:
    desk = start_desk(**_x_account(20))
    _spent(desk, (TODAY, "mentions", 40, 40_000), (TODAY, "people_in_answers", 30, 300_000), (TODAY, "other", 0, 0))
    page = _page(desk, "/spend")
    assert "What calls cost, March 2026" in page
    assert "People who come along $0.30 30 3 1" in page
    assert "Mentions $0.04 40 3 1" in page
    assert "$0.34 of $20.00 spent" in page
    assert "As of August 22, 2026" in page
    assert "a post or reply with a link in it $0.20" in page


@pytest.mark.parametrize(
    ("ceiling", "said"),
    [(0, "no ceiling is set"), (6, "above the ceiling"), (5, "The ceiling of $5.00 for this month")],
)
def test_staff_read_how_the_month_stands(start_desk: StartDesk, ceiling: float, said: str) -> None:
    desk = start_desk(**_x_account(ceiling))
    _spent(desk, (TODAY, "search", 1000, 5_000_000))
    assert said in _page(desk, "/spend")
    assert said in _page(desk, "/channels")


def test_a_reached_ceiling_is_said_before_the_approval_and_refuses_nothing(start_desk: StartDesk) -> None:
    desk = start_desk(**_x_account(5))
    _spent(desk, (TODAY, "search", 998, 4_990_000))
    with desk.rows() as session:
        make_services(session)
        account = session.exec(select(Account)).one()
        mention = make_ready(session, account, NOON - timedelta(minutes=5))
    browser, path = desk.browser_of(desk.staff()), f"/mentions/{mention.id}"
    assert 'id="ceiling"' not in browser.get(path).text
    with desk.rows() as session:
        session.exec(select(Spend)).one().microdollars = 5_000_000
    page = words_of(browser.get(path).text)
    assert "What is approved waits: $5.00 of this month" in page
    assert "$5.00 for X are spent." in page
    assert "Ready to approve" in page
    with desk.rows() as session:
        session.get_one(Mention, mention.id).danger = True
    assert "An answer to a danger goes all the same." in words_of(browser.get(path).text)
    assert browser.decide(mention.id or 0, "approve").status_code == 303


def test_an_earlier_month_stays_readable_and_a_month_that_is_none_shows_this_one(start_desk: StartDesk) -> None:
    desk = start_desk(**_x_account(5))
    _spent(desk, (date(2026, 2, 28), "search", 100, 500_000), (TODAY, "search", 1, 5_000))
    page = _page(desk, "/spend?month=2026-02")
    assert "What calls cost, February 2026" in page
    assert "$0.50 spent in this month" in page
    for odd in ("2026-13", "2031-01", "0000-00", "", "x" * 50, "1-1"):
        assert "What calls cost, " in _page(desk, f"/spend?month={odd}")
    assert "What calls cost, March 2026" in _page(desk, "/spend?month=2031-01")


def test_without_an_account_or_a_call_the_page_says_so(desk: Running) -> None:
    assert "No account is set up" in _page(desk, "/spend")
    with desk.rows() as session:
        make_account(session, Channel.TELEGRAM)
    assert "Nothing was called for in this month" in _page(desk, "/spend")


def test_a_limit_that_is_reached_is_on_the_channels_page_with_the_time_it_ends(
    start_desk: StartDesk, redis_at: str
) -> None:
    rates = Rates(redis_at, lambda: NOON)
    desk = start_desk(parts={"rates": rates}, **_x_account(0))
    _spent(desk)
    rates.note("riverton", Window("create_post", 100, 0, NOON + timedelta(minutes=9)))
    rates.note("riverton", Window("mentions (app)", 450, 12, NOON + timedelta(minutes=9)))
    page = _page(desk, "/channels")
    assert "Posts and replies: X takes no more for now. We go on today 12:09 pm; what waits is kept." in page
    assert page.count("Limit reached") == 1


def test_a_link_in_a_reply_shows_what_it_costs_more_before_it_is_approved(desk: Running) -> None:
    with desk.rows() as session:
        make_services(session)
        on_x = make_ready(session, make_account(session), NOON)
        on_telegram = make_ready(session, make_account(session, Channel.TELEGRAM), NOON)
    browser = desk.browser_of(desk.staff())
    dear = "The link makes it cost $0.20 instead of $0.01. Prices as of August 22, 2026."
    assert dear in words_of(_previewed(browser, on_x.id, "Look at phila.gov/311."))
    assert "instead of" not in _previewed(browser, on_x.id, "Thank you.")
    assert "instead of" not in _previewed(browser, on_telegram.id, "Look at phila.gov/311.")


def _previewed(browser: Browser, mention_id: int | None, text: str) -> str:
    return browser.decide(mention_id or 0, "preview", reply_text=text).text


def test_every_price_of_the_table_has_its_words() -> None:
    assert set(PRICED) == set(load_prices().amounts[Channel.X])
