"""What the linter says to search rules, before X is asked and paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.search_rules import LONGEST, lint_rule


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("#", "# alone says nothing"),
        ("pothole #", "# alone says nothing"),
        ("@", "@ alone says nothing"),
        ("pothole " * 100, "characters"),
        ('"pot hole', "quotation mark"),
        ("“pothole”", "straight quotation marks"),
        ("(pothole", "parenthesis"),
        ("pothole)", "parenthesis"),
        (")pothole(", "parenthesis"),
        ("pothole ()", "nothing between"),
        ("-pothole", "must not have"),
        ("-pothole -tree", "must not have"),
        ("pothole OR -tree", "must not have"),
        ("pothole OR", "OR stands between"),
        ("OR pothole", "OR stands between"),
        ("pothole OR OR tree", "OR stands between"),
        ("pothole AND tree", "A space means and"),
        ("NOT pothole", "Write a minus"),
        ("pothole or tree", "OR in capitals"),
        ("-(pothole tree) philly", "before each word"),
        ("has:media", "may not stand alone"),
        ("is:reply lang:en", "may not stand alone"),
        ("pothole OR lang:en", "may not stand alone"),
        ("pothole is:retweet", "Reposts are left out"),
        ("pothole sample:10", "missed"),
        ("pothole is:great", "does not know is:great"),
        ("pothole has:potholes", "does not know has:potholes"),
        ("pothole since:2020-01-01", "does not know since:"),
        ("pothole from:", "needs something"),
        ("https://phila.gov", "Write an address as url:"),
        ("$COIN", "shares"),
        ("pot*", "placeholder"),
        ("pothole !!!", "is none"),
    ],
)
def test_a_rule_x_would_refuse_or_that_finds_the_wrong_posts_is_refused(query: str, why: str) -> None:
    found = lint_rule(query)
    assert not found.ok
    assert why in " ".join(found.problems)


@pytest.mark.parametrize(
    "query",
    [
        "pothole philly",
        "#pothole philly",
        '"pot hole" (philly OR philadelphia) -song',
        "(pothole OR sinkhole) (philly OR phl) lang:en has:images",
        "to:PhillyMayor pothole",
        'url:"phila.gov/311" -from:spam_account',
        "pothole place_country:US point_radius:[-75.16 39.95 16km]",
        "坑 费城",
        "حفرة فيلادلفيا",
        "яма Филадельфия",
    ],
)
def test_a_good_rule_has_nothing_against_it(query: str) -> None:
    assert lint_rule(query, "Philly311Demo") == lint_rule(query)
    assert list(lint_rule(query).problems) == []
    assert list(lint_rule(query).warnings) == []


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("pothole", "all over the world"),
        ("#311", "all over the world"),
        ("the street".replace("street", "is"), "most posts of the world"),
        ("@Philly311Demo pothole", "heard anyway"),
        ("from:philly311demo pothole", "left out"),
        ("pothole philly -is:retweet", "not needed"),
    ],
)
def test_what_is_allowed_but_unwise_is_said(query: str, why: str) -> None:
    found = lint_rule(query, "Philly311Demo")
    assert found.ok
    assert why in " ".join(found.warnings)


def test_the_longest_rule_still_fits_with_what_we_add() -> None:
    longest_handle = "h" * 15
    assert LONGEST + len(f"() -is:retweet -from:{longest_handle}") <= 512


@given(st.text(max_size=80) | st.text(alphabet='()"-#@:*[] ORab', max_size=30))
def test_whatever_is_typed_is_judged_in_sentences(query: str) -> None:
    found = lint_rule(query, "Philly311Demo")
    for sentence in (*found.problems, *found.warnings):
        assert sentence.strip().endswith((".", "?"))
