"""Proposing, deciding, lifting, appealing, asking networks and waiting in any order: what always holds, holds."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from models import Database, ModerationKind, ModerationState, OnNetwork, Role
from responders.claims import NotYours
from responders.deciding import NotApproved
from responders.moderation import hidden_acts, muted
from responders.moderation.acts import decide, lift, propose
from responders.moderation.appeals import appeal_by_staff, decide_appeal
from responders.moderation.capturing import seal
from responders.moderation.rounds import ModerationRounds
from tests.responders.moderation.stage import Stage
from tests.responders.moderation.test_rounds import Network

people, acts, kinds = st.integers(0, 3), st.integers(0, 5), st.sampled_from(ModerationKind)
OVER = (NotYours, NotApproved)


class Moderating(RuleBasedStateMachine):
    """Three who may moderate and one who may not, and two residents on a channel that mutes and blocks."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.stage, self.network = Stage(self.database), Network()
        roles = (Role.CHAT_MODERATOR, Role.SUPERVISOR, Role.ADMIN, Role.APPROVER)
        self.staff = [self.stage.staff(role) for role in roles]
        self.mentions = [self.stage.mention(), self.stage.mention()]
        self.acts: list[int] = []
        self.held: set[tuple[str, str]] = set()
        self.rounds = ModerationRounds(self.stage.desk, {"test-mastodon": self.network})  # type: ignore[dict-item]

    def chosen(self, number: int) -> int | None:
        return self.acts[number % len(self.acts)] if self.acts else None

    @rule(who=people, which=st.integers(0, 1), kind=kinds, days=st.integers(-1, 400))
    def propose(self, who: int, which: int, kind: ModerationKind, days: int) -> None:
        ends = self.stage.clock() + timedelta(days=days)
        with suppress(*OVER):
            wanted = self.stage.proposal(self.mentions[which], kind, expires_at=ends)
            self.acts.append(propose(self.stage.desk, wanted, self.staff[who]))
            assert who != 3
            assert 0 < days <= 365

    @rule(who=people, number=acts, agreed=st.booleans())
    def decide(self, who: int, number: int, agreed: bool) -> None:
        if act_id := self.chosen(number):
            with suppress(*OVER):
                decide(self.stage.desk, act_id, self.staff[who], agreed=agreed)

    @rule(who=people, number=acts)
    def lift(self, who: int, number: int) -> None:
        if act_id := self.chosen(number):
            with suppress(*OVER):
                lift(self.stage.desk, act_id, self.staff[who])
                assert who != 3

    @rule(number=acts)
    def appeal(self, number: int) -> None:
        if act_id := self.chosen(number):
            with suppress(*OVER):
                appeal_by_staff(self.stage.desk, act_id, self.staff[3], "It was a joke.")

    @rule(who=people, number=acts, granted=st.booleans())
    def decide_appeal(self, who: int, number: int, granted: bool) -> None:
        if act_id := self.chosen(number):
            with suppress(*OVER):
                decide_appeal(self.stage.desk, act_id, self.staff[who], granted=granted, answer="We looked at it.")

    @rule(days=st.integers(0, 40))
    def wait(self, days: int) -> None:
        self.stage.clock.forward(days=days, minutes=61)

    @rule(troubles=st.integers(0, 2))
    def work(self, troubles: int) -> None:
        self.network.trouble = [TimeoutError() for _ in range(troubles)]
        self.rounds.look()
        asyncio.run(self.rounds.ask_networks())

    @invariant()
    def what_always_holds(self) -> None:
        now = self.stage.clock()
        for act_id in getattr(self, "acts", ()):
            act = self.stage.act(act_id)
            assert act.proposed_by in self.staff[:3]
            assert act.captured_sha256 == seal(act.captured)
            assert act.clause_id
            if act.state == ModerationState.PROPOSED:
                assert act.kind == ModerationKind.BLOCK
                assert act.on_network == OnNetwork.NOT_ASKED
            if act.state == ModerationState.IN_FORCE and act.kind == ModerationKind.BLOCK:
                assert act.decided_by != act.proposed_by
            if act.appeal_decided_by:
                assert act.appeal_decided_by not in (act.proposed_by, act.decided_by)
            with self.database.read() as session:
                folded = hidden_acts(session, [act.post_id or 0], now) | muted(session, [act.author_id], now)
            for one in folded.values():
                assert one.state == ModerationState.IN_FORCE
                assert one.expires_at > now

    def teardown(self) -> None:
        """A year later nothing holds any more, here or there."""
        if not hasattr(self, "acts"):
            return
        self.network.trouble = []
        for _ in range(2):
            self.stage.clock.forward(days=400)
            self.rounds.look()
            for _again in range(3):
                asyncio.run(self.rounds.ask_networks())
        on = {author for what, author in self.network.asked if not what.startswith("un")}
        for kind in ("mute", "block"):
            for author in on:
                asked = [what for what, whom in self.network.asked if whom == author and what.endswith(kind)]
                assert not asked or asked[-1] == f"un{kind}", asked
        over = (ModerationState.EXPIRED, ModerationState.LIFTED, ModerationState.REFUSED)
        assert all(self.stage.act(one).state in over for one in self.acts)


def test_whatever_people_do_in_whatever_order_an_act_has_its_people_and_ends(database: Database) -> None:
    class OnThis(Moderating):
        pass

    OnThis.database = database
    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
