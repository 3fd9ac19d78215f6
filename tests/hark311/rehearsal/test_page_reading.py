"""What somebody who works over HTTP alone reads off a page."""

from hark311.rehearsal.page_reading import read_forms

PAGE = """
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="t1"></form>
<textarea name="reply_text" form="decision">
Thank you.</textarea>
<form id="decision" method="post" action="/mentions/7/approve">
<input type="hidden" name="csrf" value="t1"><input type="checkbox" name="file_request" value="yes" checked>
<input type="checkbox" name="send_reply" value="yes"><select name="service_code"><option value="A">a</option>
<option value="B" selected>b</option></select><select name="intent"><option value="report">x</option>
<option value="praise">y</option></select><input name="gone" value="1" disabled>
<button formaction="/mentions/7/reject">Close</button></form>
"""


def test_fields_are_read_as_a_browser_would_send_them_wherever_they_stand() -> None:
    found = read_forms(PAGE)
    assert found.decision == {
        "reply_text": "Thank you.",
        "csrf": "t1",
        "file_request": "yes",
        "service_code": "B",
        "intent": "report",
    }
    assert found.csrf == "t1"
    assert "/mentions/7/reject" in found.offers


def test_a_form_is_found_by_where_it_goes() -> None:
    form = read_forms(PAGE).posting_to("/approve")
    assert form is not None
    assert form.action == "/mentions/7/approve"
    assert read_forms(PAGE).posting_to("/nowhere") is None
    assert read_forms(PAGE).offers_to("/mentions/7/reject")
    assert not read_forms(PAGE).offers_to("/release")
