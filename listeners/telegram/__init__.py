"""Telegram: updates through python-telegram-bot, asked for by long polling or brought to us by webhook."""

from listeners.telegram.listener import TelegramListener
from listeners.telegram.webhook import TelegramWebhook

__all__ = ["TelegramListener", "TelegramWebhook"]
