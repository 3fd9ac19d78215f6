"""What can be said of a bot's account: its token, how it appears, what it may read, its webhook, the clock."""

from collections.abc import Callable
from datetime import datetime

import telegram
from telegram.error import TelegramError

from listeners.findings import clock as clock_finding
from listeners.findings import named_operator
from listeners.protocol import Finding

MANY_WAITING = 100
NO_ANSWER = (TelegramError, LookupError, TypeError, AttributeError)


async def findings_of(
    bot: telegram.Bot,
    *,
    webhook_url: str,
    operator: str,
    clock: Callable[[], datetime],
    their_date: Callable[[], str],
    explain: Callable[[Exception], str],
) -> list[Finding]:
    """All findings, the token first; without a good token nothing else can be asked.

    `their_date`: the Date header of Telegram's last answer. `explain`: an SDK error in words.
    """
    try:
        me = await bot.get_me()
        found = [_token(me), _groups(me), clock_finding(clock(), their_date(), "Telegram")]
    except NO_ANSWER as error:
        advice = "Ask @BotFather for the token (/mybots, API Token), put it into the settings and restart."
        return [Finding("token", False, explain(error), advice)]
    for look in (_operator(bot, operator), _webhook(bot, webhook_url, clock())):
        try:
            found.append(await look)
        except NO_ANSWER as error:
            found.append(Finding("Telegram", None, explain(error), "Run the check again."))
    return found


def _token(me: telegram.User) -> Finding:
    return Finding("token", True, f"it opens @{me.username}, shown as “{me.full_name}”; Telegram labels it as a bot")


def _groups(me: telegram.User) -> Finding:
    if not me.can_join_groups:
        return Finding("groups", True, "the bot cannot be added to groups; it hears private chats alone")
    if me.can_read_all_group_messages:
        advice = "With @BotFather: /setprivacy, the bot, Enable; then take it out of its groups and add it again."
        said = "privacy mode is off: in groups it is sent every message, also those that are not meant for the city"
        return Finding("groups", None, said, advice)
    return Finding("groups", True, "privacy mode is on: in groups it is sent only what names it, commands and answers")


async def _operator(bot: telegram.Bot, operator: str) -> Finding:
    shown = (await bot.get_my_description()).description + (await bot.get_my_short_description()).short_description
    return named_operator(operator, shown, "With @BotFather: /setdescription, choose the bot, say who answers for it.")


async def _webhook(bot: telegram.Bot, wanted: str, now: datetime) -> Finding:
    info = await bot.get_webhook_info()
    waiting = f"{info.pending_update_count} waiting"
    if not wanted:
        if not info.url:
            return Finding("webhook", True, f"none is set, and we poll; {waiting}")
        advice = "Start the worker: it takes the webhook away. Or set `webhooks` on the account."
        return Finding("webhook", False, "one is set, but the account polls: nothing is heard", advice)
    if info.url != wanted:
        advice = "Start the worker: it sets the webhook. See that PUBLIC_URL is right and reachable from outside."
        return Finding("webhook", False, "ours is not set at Telegram", advice)
    if info.last_error_message and info.last_error_date and info.pending_update_count:
        ago = (now - info.last_error_date).total_seconds() / 60
        said = f"Telegram could not deliver {ago:.0f} min ago: {info.last_error_message}; {waiting}"
        advice = "See that the address answers from outside with a valid certificate on port 443, 80, 88 or 8443."
        return Finding("webhook", False, said, advice)
    enough = info.pending_update_count < MANY_WAITING
    return Finding("webhook", enough, f"it is set and answers; {waiting}", "" if enough else "Look at the desk's log.")
