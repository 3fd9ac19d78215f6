"""Posting to the simulated X with the real tweepy client, and how X refuses."""

import pytest
import tweepy

from hark311.simulator import RunningSimulator, SimulatorSettings
from tests.hark311.simulator.pointed import pointed_client

ME = 311000311


def test_a_reply_hangs_in_the_thread_and_fills_in_the_author(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("Hole on Pine St", author="rosa")
    sent = x.create_tweet(text="Thank you, we have sent a crew.", in_reply_to_tweet_id=asked)
    assert sent.data["text"] == "@rosa Thank you, we have sent a crew."
    ours = x.get_users_tweets(
        ME, tweet_fields=["conversation_id", "referenced_tweets", "in_reply_to_user_id"], user_auth=True
    ).data[0]
    assert str(ours.id) == sent.data["id"]
    assert str(ours.conversation_id) == asked
    assert (ours.referenced_tweets[0].type, str(ours.referenced_tweets[0].id)) == ("replied_to", asked)
    assert [post["text"] for post in simulator.our_replies_on_x(asked)] == [sent.data["text"]]


def test_bystanders_can_be_left_out_of_a_reply(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("@bystander and @Philly311Demo, this hole", author="rosa")
    bystander = x.get_user(username="bystander").data.id
    sent = x.create_tweet(text="On it.", in_reply_to_tweet_id=asked, exclude_reply_user_ids=[bystander])
    assert sent.data["text"] == "@rosa On it."
    again = x.create_tweet(text="Still on it.", in_reply_to_tweet_id=asked)
    assert again.data["text"] == "@rosa @bystander Still on it."


def refusal(client: tweepy.Client, text: str, to: str | None = None) -> str:
    with pytest.raises(tweepy.Forbidden) as caught:
        client.create_tweet(text=text, in_reply_to_tweet_id=to)
    return str(caught.value.api_messages[0])


def test_the_same_words_twice_are_refused_as_duplicate(simulator: RunningSimulator, x: tweepy.Client) -> None:
    first, second = simulator.say_on_x("One", author="ann"), simulator.say_on_x("Two", author="bob")
    x.create_tweet(text="We are on it.", in_reply_to_tweet_id=first)
    assert refusal(x, "We are on it.", second) == "You are not allowed to create a Tweet with duplicate content."


def test_deleted_words_may_be_posted_again(x: tweepy.Client) -> None:
    sent = x.create_tweet(text="Storm warning")
    assert x.delete_tweet(sent.data["id"]).data["deleted"] is True
    with pytest.raises(tweepy.NotFound):
        x.delete_tweet(sent.data["id"])
    assert x.create_tweet(text="Storm warning").data["id"] != sent.data["id"]


def test_a_reply_to_someone_who_did_not_call_us_is_refused(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("This city never fixes anything", mention=False)
    assert "you have not been mentioned" in refusal(x, "We can help", asked)


def test_a_quote_of_ours_counts_as_a_call(simulator: RunningSimulator, x: tweepy.Client) -> None:
    ours = x.create_tweet(text="Leaf collection starts Monday").data["id"]
    quoting = simulator.say_on_x("Not on my street", quote_of=ours, mention=False)
    assert x.create_tweet(text="Which street?", in_reply_to_tweet_id=quoting).data["id"]


def test_the_summon_rule_can_be_switched_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    database = tmp_path_factory.mktemp("open") / "city.sqlite"
    settings = SimulatorSettings(database, port=0, summon_rule=False, duplicate_rule=False)
    with RunningSimulator(database, settings) as running:
        asked = running.say_on_x("Nobody called", mention=False)
        client = pointed_client(running)
        for _ in range(2):
            client.create_tweet(text="Hello", in_reply_to_tweet_id=asked)
        assert len(running.our_replies_on_x(asked)) == 2
        client.session.close()


def test_a_reply_to_what_is_gone_or_hidden_is_refused(simulator: RunningSimulator, x: tweepy.Client) -> None:
    gone, hidden = simulator.say_on_x("Gone"), simulator.say_on_x("Hidden", author="shy")
    simulator.delete_on_x(gone)
    simulator.change_author("shy", protected=True)
    for target in (gone, hidden, "12345"):
        assert "deleted or not visible" in refusal(x, f"To {target}", target)


def test_a_block_and_restricted_replies_are_refused(simulator: RunningSimulator, x: tweepy.Client) -> None:
    asked = simulator.say_on_x("Hm", author="angry")
    simulator.change_author("angry", blocks_us=True)
    assert "blocked" in refusal(x, "Sorry", asked)
    followers_only = simulator.say_on_x("Friends?", reply_settings="following", mention=False)
    assert "restricted who can reply" in refusal(x, "Hello", followers_only)
    for setting in ("mentionedUsers", "following", "verified", "subscribers"):
        named = simulator.say_on_x(f"City, {setting}?", reply_settings=setting)
        assert x.create_tweet(text=f"Yes, {setting}?", in_reply_to_tweet_id=named).data["id"]


def test_length_is_counted_as_x_counts(x: tweepy.Client) -> None:
    assert x.create_tweet(text="字" * 140).data["id"]
    assert "too long" in refusal(x, "字" * 141)
    assert x.create_tweet(text="a" * 256 + " https://example.com/" + "b" * 90).data["id"]
    with pytest.raises(tweepy.BadRequest):
        x.create_tweet(text=" ")


def test_an_app_token_cannot_post(x: tweepy.Client) -> None:
    with pytest.raises(tweepy.Forbidden):
        x.create_tweet(text="Hello", user_auth=False)
