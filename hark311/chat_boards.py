"""How posts are read for the boards of tweet chats: the classifier's rooms behind what the responders ask for.

They are imported at the first post, since the classifier takes seconds to load and most processes never read one.
"""

from collections.abc import Sequence

from hark311.settings import Settings
from models import Understanding
from responders.chats.reading import Asked, BoardReader, Line, Reading


def board_reader_of(settings: Settings) -> BoardReader:
    """The reader, with the desk's language where an engine translates."""
    translates = settings.translation_url or settings.translation_model
    return BoardReader(read, most_alike, settings.translation_into if translates else "")


def read(line: Line, asked: Asked, understanding: Understanding | None) -> Reading:
    """Lane and question of one post."""
    from classifier.chat.reading import ChatLine, ChatPlanView, read_post

    said = ChatLine(line.text, line.minute, line.reply_to_question, line.by_host)
    return read_post(said, ChatPlanView(asked.questions, asked.grace), understanding)


def most_alike(text: str, others: Sequence[str]) -> int | None:
    """Which of the others asks nearly the same."""
    from classifier.chat import alike

    return alike.most_alike(text, others)
