from dev.approver import CODE, VERSION, PageForm

PAGE = """
<form method="post" action="/api/approvals/x">
<input type="hidden" name="nonce" value="n">
<input type="radio" name="choice" value="approve"><input type="radio" name="choice" value="reject">
<input type="checkbox" name="overtakes"><input type="checkbox" name="ticked" value="yes" checked>
<input name="version"><textarea name="comment">
two
lines</textarea>
<select name="to"><option value="">Nobody</option>
<option value="2">Bob &amp; Co</option></select>
<button name="pressed" value="1">Send</button><input type="submit" name="sent" value="1">
</form>
"""


def test_a_form_is_sent_as_a_browser_sends_it_untouched() -> None:
    form = PageForm(PAGE)
    assert form.action == "/api/approvals/x"
    assert form.fields == {
        "nonce": "n",
        "ticked": "yes",
        "version": "",
        "comment": "two\nlines",
        "to": "",
    }


def test_a_form_says_what_can_be_chosen() -> None:
    offered = PageForm(PAGE).offered
    assert set(offered["choice"]) == {"approve", "reject"}
    assert offered["overtakes"] == {"on": "on"}
    assert offered["to"] == {"Nobody": "", "Bob & Co": "2"}
    assert not {"pressed", "sent", "code"} & set(offered)


def test_a_chosen_option_is_the_one_that_is_sent() -> None:
    options = '<option value="a">A</option><option value="b" selected>B</option>'
    assert PageForm(f'<select name="to">{options}</select>').fields == {"to": "b"}


def test_a_page_without_a_form_goes_nowhere() -> None:
    assert PageForm("<p>Nothing to decide</p>").action is None


def test_a_mail_tells_code_and_version_in_lines_of_their_own() -> None:
    text = "Model: m\nVersion: 2025-01 rc\r\n\nYour code: AB12-CD34\nNot your code: X"
    version, code = VERSION.search(text), CODE.search(text)
    assert version is not None
    assert code is not None
    assert (version[1], code[1]) == ("2025-01 rc", "AB12-CD34")
