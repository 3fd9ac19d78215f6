"""What a resident asks a bot to do in one word: /status, /start with what a printed code carries, or plain "stop".

Source: Bot API, MessageEntity (bot_command) and deep linking (an argument of at most 64 letters, digits, _ and -).
"""

import re

import telegram

from listeners.protocol import OurAccount

COMMANDS = frozenset({"status", "mycases", "new", "forget", "human", "start", "stop", "help"})
"""The commands we know. Another one is read as the words it stands for: /report a hole."""
STOP = "stop"
_ARGUMENT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def command_of(message: telegram.Message, us: OurAccount) -> tuple[str, str]:
    """The command a message to us begins with, without its slash, and the argument of a start; "" for none."""
    text = str(message.text or message.caption or "")
    if text.strip().rstrip(".!").casefold() == STOP:
        return STOP, ""
    marks = message.entities or message.caption_entities
    leading = next((one for one in marks if (one.type, one.offset) == (telegram.MessageEntity.BOT_COMMAND, 0)), None)
    if leading is None:
        return "", ""
    name, _, bot = text[1 : leading.length].partition("@")  # a command is ASCII: its UTF-16 units are its characters
    name = name.lower()
    if name not in COMMANDS or (bot and bot.lower() != us.handle.lower()):
        return "", ""
    argument = text[leading.length :].strip()
    return name, argument if name == "start" and _ARGUMENT.fullmatch(argument) else ""
