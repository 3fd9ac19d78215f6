"""Every route of the desk's server and who may use it: said here by hand, held against what the server does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from models import POWERS, Power, Role


class Open(StrEnum):
    """Whom a route asks for no power."""

    TO_ANYBODY = "anybody"
    TO_HOLDERS = "whoever holds the link: its secret stands in the address, and proves whose form it is"
    TO_STAFF = "anybody signed in who is no guest of a chat"
    TO_SIGNED_IN = "anybody signed in, a guest of the chat too"
    TO_CHAT = "whoever takes part in the chat, as a guest too"
    TO_HOSTS = "a host, co-host or moderator of the chat"
    TO_CHANNELS = "a channel with its signature"


Asks = Open | Power

IN_CHAT: Mapping[Open, frozenset[Role]] = {
    Open.TO_STAFF: frozenset(Role) - {Role.CHAT_GUEST},
    Open.TO_CHAT: frozenset([Role.CHAT_MODERATOR, Role.CHAT_GUEST, Role.SUPERVISOR, Role.ADMIN]),
    Open.TO_HOSTS: frozenset([Role.CHAT_MODERATOR, Role.SUPERVISOR, Role.ADMIN]),
}
"""Whom these are open to where the chat's moderator runs it, its guest is in it, and no other colleague is."""

WHO: Mapping[Asks, tuple[str, ...]] = {
    Open.TO_ANYBODY: (
        "GET /recap/{slug}",
        "GET /recap/{slug}/transcript",
        "GET /recap/{slug}/transcript.csv",
        "GET /recap/{slug}/transcript.json",
        "GET /recap/{slug}/{language}",
        "GET /",
        "GET /event/{slug}",
        "GET /health",
        "GET /policy",
        "GET /queue/bulk",
        "GET /second-step",
        "GET /sign-in",
        "GET /sign-in/{secret}",
        "POST /second-step",
        "POST /sign-in",
        "POST /sign-in/{secret}",
    ),
    Open.TO_HOLDERS: (
        "GET /appeal/{token}",
        "POST /appeal/{token}",
        "GET /photos/{link}",
        "GET /s/{token}",
        "POST /s/{token}/fixed/{question_id}/{said}",
        "POST /s/{token}/withdraw",
    ),
    Open.TO_CHANNELS: ("GET /webhooks/{name}", "POST /webhooks/{name}"),
    Open.TO_SIGNED_IN: (
        "GET /account",
        "GET /account/keys",
        "GET /account/second-step",
        "GET /chats",
        "GET /chats/{chat_id}.ics",
        "GET /chats/{chat_id}/board",
        "GET /chats/{chat_id}/board/live",
        "GET /chats/{chat_id}/entries/{entry_id}",
        "GET /chats/{chat_id}/entries/{entry_id}/live",
        "GET /chats/{chat_id}/events",
        "GET /chats/{chat_id}/stage",
        "GET /chats/{chat_id}/stage/live",
        "POST /account/keys",
        "POST /account/look",
        "POST /account/password",
        "POST /account/reads",
        "POST /account/second-step/begin",
        "POST /account/second-step/codes",
        "POST /account/second-step/off",
        "POST /account/second-step/prove",
        "POST /account/sessions/others/end",
        "POST /account/sessions/{sign_in_id}/end",
        "POST /sign-out",
    ),
    Open.TO_STAFF: (
        "GET /chats/tasks",
        "GET /chats/{chat_id}/recap",
        "GET /chats/{chat_id}/recap/{language}",
        "GET /chats/{chat_id}/export.csv",
        "GET /chats/{chat_id}/export.html",
        "GET /chats/{chat_id}/export.json",
        "GET /assignments",
        "GET /calendars",
        "GET /calendars/{calendar_id}",
        "GET /cards",
        "GET /cards/missing",
        "GET /cards/new",
        "GET /cards/{card_id}",
        "GET /channels",
        "GET /chats/{chat_id:int}",
        "GET /chats/{chat_id}/people",
        "GET /closings",
        "GET /deliveries",
        "GET /escalation",
        "GET /events",
        "GET /freeze",
        "GET /go",
        "GET /go/places",
        "GET /handover",
        "GET /jurisdictions",
        "GET /keys",
        "GET /keys/rules",
        "GET /learning",
        "GET /ledger",
        "GET /links",
        "GET /links/{link_id}",
        "GET /map/streets",
        "GET /mentions/{mention_id}",
        "GET /mentions/{mention_id}/back-translation/{translation_id}",
        "GET /mentions/{mention_id}/compare/{request_id}",
        "GET /mentions/{mention_id}/delivery",
        "GET /mentions/{mention_id}/looking",
        "GET /mentions/{mention_id}/neighbours/alike",
        "GET /mentions/{mention_id}/news",
        "GET /mentions/{mention_id}/occlusion",
        "GET /mentions/{mention_id}/photos/{attachment_id}",
        "GET /mentions/{mention_id}/pictures/{picture_id}",
        "GET /mentions/{mention_id}/point",
        "GET /mentions/{mention_id}/translations",
        "GET /moderation",
        "GET /moderation/new",
        "GET /moderation/policy",
        "GET /moderation/report.csv",
        "GET /moderation/{act_id}",
        "GET /notes/mine",
        "GET /phrases",
        "GET /places",
        "GET /queue",
        "GET /queue/live",
        "GET /queue/views",
        "GET /referrals",
        "GET /roads",
        "GET /rules",
        "GET /services",
        "GET /spend",
        "GET /standing",
        "GET /status-rules",
        "GET /templates",
        "GET /templates/export",
        "GET /templates/{language}/{key}",
        "POST /handover/{handover_id}/read",
        "POST /moderation",
        "POST /moderation/{act_id}/decide",
        "POST /moderation/{act_id}/lift",
        "POST /mentions/{mention_id}/translate",
        "POST /notes/mine/read",
        "POST /places/try",
        "POST /queue/views",
        "POST /queue/views/{view_id}/drop",
    ),
    Open.TO_CHAT: (
        "POST /chats/{chat_id}/entries/{entry_id}/answer",
        "POST /chats/{chat_id}/entries/{entry_id}/answer/{what}",
    ),
    Open.TO_HOSTS: (
        "POST /chats/{chat_id}/recap/entries/{entry_id}",
        "POST /chats/{chat_id}/recap/{language}/intro",
        "POST /chats/{chat_id}/recap/{language}/publish",
        "POST /chats/{chat_id}/recap/{language}/unpublish",
        "POST /chats/{chat_id}/tasks",
        "POST /chats/{chat_id}/tasks/{task_id}",
        "POST /chats/{chat_id}/tasks/{task_id}/done",
        "POST /chats/{chat_id}/tasks/{task_id}/reopen",
        "POST /chats/{chat_id}/tasks/{task_id}/post",
        "POST /chats/{chat_id}/board/schedule",
        "POST /chats/{chat_id}/entries/{entry_id}/do",
        "POST /chats/{chat_id}/answers",
        "POST /chats/{chat_id}/answers/{answer_id}",
        "POST /chats/{chat_id}/answers/{answer_id}/approve",
        "POST /chats/{chat_id}/answers/{answer_id}/post",
        "POST /chats/{chat_id}/answers/{answer_id}/remove",
        "POST /chats/{chat_id}/cancel",
        "POST /chats/{chat_id}/networks",
        "POST /chats/{chat_id}/networks/{network_id}/remove",
        "POST /chats/{chat_id}/people",
        "POST /chats/{chat_id}/people/guests",
        "POST /chats/{chat_id}/people/{staff_id}",
        "POST /chats/{chat_id}/people/{staff_id}/link",
        "POST /chats/{chat_id}/people/{staff_id}/remove",
        "POST /chats/{chat_id}/plan",
        "POST /chats/{chat_id}/posts",
        "POST /chats/{chat_id}/posts/{chat_post_id}",
        "POST /chats/{chat_id}/posts/{chat_post_id}/{what}",
        "POST /chats/{chat_id}/public",
        "POST /chats/{chat_id}/questions",
        "POST /chats/{chat_id}/questions/{question_id}",
        "POST /chats/{chat_id}/questions/{question_id}/move",
        "POST /chats/{chat_id}/questions/{question_id}/remove",
        "POST /chats/{chat_id}/replan",
        "POST /chats/{chat_id}/run",
        "POST /chats/{chat_id}/approve",
    ),
    Power.DRAFT: (
        "POST /mentions/{mention_id}/file-anyway",
        "POST /mentions/{mention_id}/pictures",
        "POST /mentions/{mention_id}/pictures/{picture_id}",
        "POST /alarms/{alarm_id}/acknowledge",
        "POST /handover",
        "POST /mentions/{mention_id}/answer-public",
        "POST /mentions/{mention_id}/answer/{card_id}",
        "POST /mentions/{mention_id}/ask-private",
        "POST /mentions/{mention_id}/assign",
        "POST /mentions/{mention_id}/claim",
        "POST /mentions/{mention_id}/draft",
        "POST /mentions/{mention_id}/evidence/{task}",
        "POST /mentions/{mention_id}/hand-in",
        "POST /mentions/{mention_id}/notes",
        "POST /mentions/{mention_id}/notes/{note_id}/change",
        "POST /mentions/{mention_id}/notes/{note_id}/remove",
        "POST /mentions/{mention_id}/place",
        "POST /mentions/{mention_id}/point",
        "POST /mentions/{mention_id}/preview",
        "POST /mentions/{mention_id}/release",
        "POST /mentions/{mention_id}/questions",
        "POST /mentions/{mention_id}/requests",
        "POST /mentions/{mention_id}/requests/{request_id}/put-back",
        "POST /mentions/{mention_id}/save",
        "POST /mentions/{mention_id}/shorter",
        "POST /mentions/{mention_id}/translate-reply",
        "POST /mentions/{mention_id}/wording",
        "POST /mentions/{mention_id}/words",
        "POST /queue/bulk",
        "POST /queue/bulk/do",
        "POST /queue/bulk/undo",
    ),
    Power.APPROVE: (
        "POST /channels/{account_id}/backfill",
        "POST /deliveries/{request_id}/give-up",
        "POST /deliveries/{request_id}/has-it",
        "POST /deliveries/{request_id}/retry",
        "POST /deliveries/{request_id}/take-up",
        "POST /freeze",
        "POST /gaps/{gap_id}/close",
        "POST /links",
        "POST /links/{link_id}/revoke",
        "POST /mentions/{mention_id}/approve",
        "POST /moderation/{act_id}/appeal",
        "POST /mentions/{mention_id}/case/changes",
        "POST /mentions/{mention_id}/case/changes/{update_id}",
        "POST /mentions/{mention_id}/case/notices/{notice_id}/skip",
        "POST /mentions/{mention_id}/fixed/{question_id}",
        "POST /mentions/{mention_id}/hand-back",
        "POST /mentions/{mention_id}/neighbours/alike",
        "POST /mentions/{mention_id}/neighbours/part",
        "POST /mentions/{mention_id}/neighbours/{other_id}/{request_id}/{relation}",
        "POST /mentions/{mention_id}/reject",
        "POST /mentions/{mention_id}/reopen",
        "POST /mentions/{mention_id}/return",
        "POST /mentions/{mention_id}/set-aside",
        "POST /mentions/{mention_id}/status-links/{link_id}/withdraw",
        "POST /mentions/{mention_id}/take-back",
        "POST /replies/{reply_id}/by-hand",
        "POST /replies/{reply_id}/drop",
        "POST /replies/{reply_id}/hand-back",
        "POST /replies/{reply_id}/is-there",
        "POST /replies/{reply_id}/not-there",
        "POST /replies/{reply_id}/posted",
        "POST /requests/{request_id}/take-up",
        "POST /unreadable/{post_id}/close",
    ),
    Power.MODERATE: ("POST /chats", "POST /chats/example", "POST /moderation/{act_id}/appeal/decide"),
    Power.SUPERVISE: (
        "POST /moderation/policy",
        "POST /moderation/policy/{clause_id}",
        "POST /moderation/policy/{clause_id}/end",
        "POST /jurisdictions",
        "POST /jurisdictions/{rule_id}",
        "POST /jurisdictions/{rule_id}/checked",
        "POST /jurisdictions/{rule_id}/switch",
        "GET /destinations",
        "GET /supervise",
        "GET /supervise/figures",
        "GET /supervise/figures/{key}.csv",
        "GET /supervise/now/{key}.csv",
        "POST /assignments",
        "POST /assignments/absences",
        "POST /assignments/absences/{row_id}/remove",
        "POST /assignments/hours",
        "POST /assignments/hours/{row_id}/remove",
        "POST /assignments/{rule_id}/end",
        "POST /assignments/{rule_id}/move",
        "POST /calendars",
        "POST /calendars/{calendar_id}",
        "POST /calendars/{calendar_id}/days",
        "POST /calendars/{calendar_id}/days/{row_id}/remove",
        "POST /calendars/{calendar_id}/desks",
        "POST /calendars/{calendar_id}/desks/{desk_id}",
        "POST /calendars/{calendar_id}/desks/{desk_id}/remove",
        "POST /calendars/{calendar_id}/hours",
        "POST /calendars/{calendar_id}/stoppages",
        "POST /calendars/{calendar_id}/stoppages/{row_id}/end",
        "POST /cards",
        "POST /cards/{card_id}",
        "POST /channels/{account_id}/retire",
        "POST /channels/{account_id}/status-links",
        "POST /deliveries/retry",
        "POST /destinations",
        "POST /destinations/services/{service_code:path}",
        "POST /destinations/{destination_id}",
        "POST /destinations/{destination_id}/off",
        "POST /destinations/{destination_id}/on",
        "POST /freeze/replies/{reply_id}/let-through",
        "POST /freeze/requests/{request_id}/let-through",
        "POST /freeze/thaw",
        "POST /freeze/{freeze_id}/thaw",
        "POST /keys/rules",
        "POST /keys/rules/{rule_id}/off",
        "POST /keys/rules/{rule_id}/on",
        "POST /mentions/{mention_id}/notes/{note_id}/hold",
        "POST /phrases",
        "POST /phrases/{phrase_id}",
        "POST /phrases/{phrase_id}/end",
        "POST /places/nicknames",
        "POST /places/nicknames/remove",
        "POST /referrals/{key:path}",
        "POST /referrals/{key:path}/checked",
        "POST /roads/{key:path}",
        "POST /roads/{key:path}/checked",
        "POST /rules",
        "POST /rules/{rule_id}/begin",
        "POST /rules/{rule_id}/end",
        "POST /services/{service_code:path}",
        "POST /services/{service_code:path}/promise",
        "POST /services/{service_code:path}/questions",
        "POST /services/{service_code:path}/reach",
        "POST /standing",
        "POST /status-rules",
        "POST /status-rules/{rule_id}",
        "POST /status-rules/{rule_id}/end",
        "POST /standing/off",
        "POST /standing/{approval_id}/off",
        "POST /templates/{language}/{key}",
        "POST /templates/{language}/{key}/check",
        "POST /templates/{language}/{key}/checked",
        "POST /templates/{language}/{key}/reset",
        "POST /templates/{language}/{key}/unchecked",
    ),
    Power.ADMINISTER: (
        "POST /escalation",
        "POST /escalation/{step_id}/remove",
        "GET /partners",
        "GET /staff",
        "GET /staff/{staff_id}",
        "POST /partners",
        "POST /partners/{partner_id}/revoke",
        "POST /staff",
        "POST /staff/{staff_id}/activate",
        "POST /staff/{staff_id}/deactivate",
        "POST /staff/{staff_id}/link",
        "POST /staff/{staff_id}/reset",
        "POST /staff/{staff_id}/role",
        "POST /staff/{staff_id}/scopes",
        "POST /staff/{staff_id}/scopes/{scope_id}/remove",
        "POST /staff/{staff_id}/sessions/{sign_in_id}/end",
    ),
}


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the server, and what it asks of whoever uses it."""

    method: str
    path: str
    asks: Asks

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def open_to(self, role: Role) -> bool:
        if isinstance(self.asks, Power):
            return self.asks in POWERS[role]
        return role in IN_CHAT.get(self.asks, Role)

    def answers(self, path: str) -> bool:
        """Whether an address leads here."""
        return compile_path(self.path)[0].match(path) is not None


ROUTES = [
    Route(method, path, asks)
    for asks, names in WHO.items()
    for method, _, path in (one.partition(" ") for one in names)
]
STAFF_ROUTES = [one for one in ROUTES if one.asks not in (Open.TO_ANYBODY, Open.TO_HOLDERS, Open.TO_CHANNELS)]


def served(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every route of the server, as `GET /path`."""
    yield from _within(app.router)


def _within(router: APIRouter) -> Iterator[tuple[str, APIRoute]]:
    for one in router.routes:
        if isinstance(one, APIRoute):
            yield from ((f"{method} {one.path}", one) for method in one.methods or ())
        elif inner := getattr(one, "original_router", None):
            yield from _within(inner)
