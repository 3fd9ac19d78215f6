"""The residents of a storm: each says their lines on their network when the time has come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from hark311.rehearsal.storm_script import Saying, Storm
from hark311.simulator import RunningSimulator
from models import Channel


@dataclass(slots=True)
class Residents:
    """Speaks the script. `said`: (what was said, its channel post id); `first_of`: an author's report by its id."""

    simulator: RunningSimulator
    storm: Storm
    said: list[tuple[Saying, str]] = field(default_factory=list)
    first_of: dict[tuple[Channel, str], str] = field(default_factory=dict)
    _next: int = 0

    @property
    def done(self) -> bool:
        return self._next == len(self.storm.sayings)

    def speak_until(self, seconds: float) -> None:
        """Say all that is due so many seconds into the storm."""
        due = self._due(seconds)
        for saying in due:
            post_id = self._say(saying)
            self.said.append((saying, post_id))
            if saying.first:
                self.first_of[saying.channel, saying.author] = post_id

    def _due(self, seconds: float) -> Sequence[Saying]:
        begin = self._next
        while self._next < len(self.storm.sayings) and self.storm.sayings[self._next].at <= seconds:
            self._next += 1
        return self.storm.sayings[begin : self._next]

    def _say(self, saying: Saying) -> str:
        box, under = self.simulator, self.first_of.get((saying.channel, saying.author))
        match saying.channel:
            case Channel.X:
                words = f"@{box.settings.x_handle} {saying.words}"
                more = {"in_reply_to": under} if under else {}
                return box.say_on_x(words, author=saying.author, **more)
            case Channel.TELEGRAM:
                sender = {"id": 10**9 + crc32(saying.author.encode()) % 10**8, "first_name": saying.author}
                done = box.say_on_telegram(saying.words, **{"from": sender})
                return f"{done['chat_id']}:{done['message_id']}"
            case Channel.MASTODON:
                words = f"@{box.settings.mastodon_acct} {saying.words}"
                more = {"in_reply_to": under} if under else {}
                return box.say_on_mastodon(words, author=saying.author, **more)
            case _:
                words = f"@{box.settings.bluesky_handle} {saying.words}"
                more = {"in_reply_to": under} if under else {}
                return box.say_on_bluesky(words, author=saying.author, **more)
