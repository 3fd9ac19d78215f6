"""A person files what a rule says is somebody else's: the rules are the city's, and a person knows better."""

from models import HandOff, MentionState, Power, record
from responders.claims import active_staff, claim, open_request
from responders.deciding import NotApproved, locked_mention
from responders.review import Desk
from responders.suggesting import Drafter


def file_anyway(desk: Desk, mention_id: int, staff_id: int) -> None:
    """A person says that it is ours after all: the reply is drafted as for any report. Raises NotYours, NotApproved."""
    with desk.database.write() as session:
        mention, now = locked_mention(session, mention_id), desk.clock()
        claim(session, mention, active_staff(session, staff_id, Power.DRAFT), now, desk.lease)
        noted, request = session.get(HandOff, mention_id, with_for_update=True), open_request(session, mention)
        if noted is None or request is None or mention.state == MentionState.WITHDRAWN:
            raise NotApproved(["Nothing says here that it is somebody else's."])
        noted.overruled_by, noted.overruled_at = staff_id, now
        session.add(noted)
        why = f"filed anyway, though it is {noted.owner}'s by rule {noted.jurisdiction_id}"
        record(session, "Mention", mention_id, f"staff:{staff_id}", why, now)
        drafter = Drafter(desk.length_of, desk.find_private, speaking=desk.speaking)
        drafter.draft_anew(session, mention, now, "a person files it anyway")
