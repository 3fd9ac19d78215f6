"""Killing the simulator loses nothing and doubles nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from hark311.simulator import RunningSimulator, SimulatorSettings

SERVE = """
import sys
from pathlib import Path
from hark311.simulator import SimulatorSettings, serve
serve(SimulatorSettings(Path(sys.argv[1]), port=int(sys.argv[2])))
"""


def start(database: Path, port: int) -> subprocess.Popen[bytes]:
    running = subprocess.Popen([sys.executable, "-c", SERVE, str(database), str(port)])
    until = time.monotonic() + 15
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/control/health", timeout=2).is_success:
                return running
        except httpx.TransportError:
            time.sleep(0.05)
    running.kill()
    raise TimeoutError("the simulator did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.timeout(45)
def test_kill_9_in_the_middle_of_writing_keeps_every_answered_write(tmp_path: Path) -> None:
    database, port = tmp_path / "city.sqlite", free_port()
    url = f"http://127.0.0.1:{port}"
    answered: dict[str, str] = {}
    running = start(database, port)

    def keep_writing() -> None:
        for number in range(100_000):
            posts = [{"key": f"w{number}-{part}", "text": f"Post {number} {part}"} for part in range(5)]
            try:
                done = httpx.post(f"{url}/control/x/posts", json=posts, timeout=5).json()["posts"]
            except httpx.TransportError:
                return
            answered.update({post["key"]: post["id"] for post in done})

    city = {"api_key": "simulator-open311-key", "service_code": "TREE", "address_string": "Pine St"}
    first = httpx.post(f"{url}/open311/v2/requests.json", data=city).json()[0]["service_request_id"]
    httpx.post(f"{url}/control/telegram/messages", json={"text": "Before", "key": "before"})
    writer = threading.Thread(target=keep_writing)
    writer.start()
    while len(answered) < 100:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    writer.join()
    again = start(database, port)
    try:
        stored = httpx.get(f"{url}/control/x/posts", params={"limit": 10000}).json()["posts"]
        kept = {post["key"]: post["id"] for post in stored}
        assert answered.items() <= kept.items()
        assert len(kept) % 5 == 0
        repeated = httpx.post(f"{url}/control/x/posts", json=[{"key": key, "text": "again"} for key in answered])
        assert {post["key"]: post["id"] for post in repeated.json()["posts"]} == answered
        newest = httpx.post(f"{url}/control/x/posts", json={"text": "After"}).json()["posts"][0]["id"]
        assert int(newest) > max(int(number) for number in kept.values())
        second = httpx.post(f"{url}/open311/v2/requests.json", data=city).json()[0]["service_request_id"]
        assert int(second) == int(first) + 1
        token = SimulatorSettings(database).telegram_token
        updates = httpx.get(f"{url}/telegram/bot{token}/getUpdates").json()["result"]
        assert [update["message"]["text"] for update in updates] == ["Before"]
    finally:
        again.kill()
        again.wait()


def test_update_ids_go_on_upward_after_a_restart(simulator: RunningSimulator) -> None:
    address = f"{simulator.telegram_base_url}{simulator.settings.telegram_token}/getUpdates"
    simulator.say_on_telegram("One")
    first = httpx.get(address).json()["result"][0]["update_id"]
    httpx.get(address, params={"offset": first + 1})
    simulator.restart()
    assert httpx.get(address).json()["result"] == []
    said = simulator.say_on_telegram("Two")
    after = httpx.get(address).json()["result"]
    assert [(update["update_id"], update["message"]["message_id"]) for update in after] == [(first + 1, 2)]
    assert said["message_id"] == 2


def test_stopping_does_not_wait_for_a_long_poll(simulator: RunningSimulator) -> None:
    address = f"{simulator.telegram_base_url}{simulator.settings.telegram_token}/getUpdates"
    answers: list[httpx.Response] = []
    poller = threading.Thread(target=lambda: answers.append(httpx.get(address, params={"timeout": 30}, timeout=40)))
    poller.start()
    time.sleep(0.2)
    started = time.monotonic()
    simulator.stop()
    poller.join()
    assert time.monotonic() - started < 5
    assert answers[0].json()["result"] == []
    simulator.start()
