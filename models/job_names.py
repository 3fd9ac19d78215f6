"""Names of the jobs that packages wake in each other. A job is a nudge; the row in its state is the queue."""

UNDERSTAND = "understand_mentions"
DRAFT_REPLIES = "draft_replies"
PAGE_STAFF = "page_staff"
SUBMIT_REQUEST = "submit_request"
SEND_REPLY = "send_reply"
TELL_CHANGES = "tell_changes"
TRANSLATE = "translate_texts"
