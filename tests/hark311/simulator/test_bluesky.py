"""The simulated Bluesky behaves where an adapter leans on it, and shows its page."""

from contextlib import closing

import httpx

from hark311.simulator import RunningSimulator


def _signed(simulator: RunningSimulator) -> httpx.Client:
    client = httpx.Client(base_url=f"{simulator.bluesky_url}/xrpc/", trust_env=False)
    settings = simulator.settings
    who = {"identifier": settings.bluesky_handle, "password": settings.bluesky_password}
    session = client.post("com.atproto.server.createSession", json=who).json()
    client.headers["authorization"] = f"Bearer {session['accessJwt']}"
    client.params = httpx.QueryParams(repo=session["did"], collection="app.bsky.feed.post")
    return client


def test_a_record_key_holds_one_record_which_can_be_put_anew_listed_and_deleted(simulator: RunningSimulator) -> None:
    key, record = "3n2vab35odk23", {"text": "one", "createdAt": "2026-11-22T08:00:00Z"}
    with closing(_signed(simulator)) as client:
        asked = {**client.params, "rkey": key, "record": record}
        first = client.post("com.atproto.repo.createRecord", json=asked)
        assert first.json()["uri"].endswith(key)
        assert first.headers["ratelimit-limit"]
        assert client.post("com.atproto.repo.createRecord", json=asked).status_code == 500
        put = client.post("com.atproto.repo.putRecord", json={**asked, "record": record | {"text": "two"}}).json()
        assert (put["uri"], put["cid"] != first.json()["cid"]) == (first.json()["uri"], True)
        listed = client.get("com.atproto.repo.listRecords").json()["records"]
        assert [one["value"]["text"] for one in listed] == ["two"]
        client.post("com.atproto.repo.deleteRecord", json=asked)
        gone = client.get("com.atproto.repo.getRecord", params={"rkey": key})
        assert (gone.status_code, gone.json()["error"]) == (400, "RecordNotFound")


def test_wrong_keys_tokens_and_lengths_are_refused_by_name(simulator: RunningSimulator) -> None:
    with closing(_signed(simulator)) as client:
        said = {**client.params, "record": {"text": "a" * 301, "createdAt": "2026-11-22T08:00:00Z"}}
        assert "too big" in client.post("com.atproto.repo.createRecord", json=said).json()["message"]
        said |= {"rkey": "not-a-tid", "record": {"text": "a", "createdAt": "2026-11-22T08:00:00Z"}}
        assert "record key" in client.post("com.atproto.repo.createRecord", json=said).json()["message"]
        client.headers["authorization"] += "x"
        assert client.get("com.atproto.server.getSession").json()["error"] == "InvalidToken"
        del client.headers["authorization"]
        assert client.get("com.atproto.server.getSession").status_code == 401


def test_residents_read_and_write_on_its_page(simulator: RunningSimulator) -> None:
    said = simulator.say_on_bluesky("<b>a hole</b>", author="dee_215", photos=[{"alt": "a deep hole"}])
    with httpx.Client(base_url=simulator.url, trust_env=False) as client:
        sent = client.post("/bluesky", data={"handle": "bo", "text": "here too", "in_reply_to": said, "mention": "on"})
        assert sent.status_code == 303
        page = client.get("/bluesky").text
        assert "&lt;b&gt;a hole&lt;/b&gt;" in page
        assert 'alt="a deep hole"' in page
        assert "depth1" in page
        wrong = client.post("/bluesky", data={"handle": "no handle!", "text": "x"})
        assert (wrong.status_code, "Nothing was sent" in wrong.text) == (422, True)
    assert [one["in_reply_to"] for one in simulator.bluesky_posts(by="residents")] == [None, said]
