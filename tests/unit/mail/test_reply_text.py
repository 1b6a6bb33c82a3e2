from hypothesis import given
from hypothesis import strategies as st
from mail_samples import NOW, corpus

from headrace_crm.mail.html_text import read_html
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.reply_text import read_reply


def test_answers_between_quotes_are_kept_and_introductions_dropped():
    body = "On Thu, Jan 02, 2003 at 03:57:04AM +0000, A B wrote:\n\n> a\n> b\n\nFirst.\n\n> c\n\nSecond.\n-- \nA B\n"
    found = read_reply(body)
    assert found.text == "First.\n\nSecond."
    assert found.signature == "-- \nA B".replace("-- ", "--")


def test_a_sentence_that_ends_in_a_colon_is_not_taken_for_an_introduction():
    assert read_reply("I tried this:\n\n> make\n\nIt failed.").text == "I tried this:\n\nIt failed."


def test_an_introduction_wrapped_over_lines_is_dropped_whole():
    body = "Fine.\n\nOn Monday, 2 January 2006 at 10:00,\nSomebody <some@body.example>\nwrote:\n> x"
    assert read_reply(body).text == "Fine."


def test_what_outlook_quotes_below_its_headers_is_cut():
    body = "Thanks!\n\nFrom: A B\nSent: Monday\nTo: C D\nSubject: x\n\nold text"
    assert read_reply(body).text == "Thanks!"
    assert read_reply("Danke!\n\nVon: A B\nGesendet: Montag\nAn: C D\nBetreff: x\n\nalt").text == "Danke!"
    assert read_reply("See below.\n\n-----Original Message-----\nFrom: A\n\nold").text == "See below."


def test_answers_below_an_original_message_line_are_kept():
    body = "----- Original Message -----\nFrom: A <a@x.example>\n> old\n\nMy answer.\n"
    assert read_reply(body).text == "My answer."


def test_a_pure_forward_has_no_words_of_its_author():
    assert read_reply("---------- Forwarded message ----------\nFrom: A\nSubject: x\n\ntext of A").text == ""


def test_a_phones_signature_and_a_lists_footer_are_not_text():
    assert read_reply("Yes.\n\nSent from my phone").text == "Yes."
    footer = "_" * 47 + "\nproject mailing list\nproject@lists.example\n"
    assert read_reply("Yes.\n" + footer).text == "Yes."
    assert read_reply("Sent from my desk, this is a sentence.\nMore.").text.startswith("Sent from my desk")


@given(st.text())
def test_any_text_is_split_without_inventing_lines(body):
    found = read_reply(body)
    lines = {line.strip() for line in body.split("\n")}
    assert {line.strip() for line in found.text.split("\n")} <= lines | {""}


def test_the_replies_of_twelve_mail_programs_are_read_as_expected():
    folder = corpus("quotes/talon/standard_replies")
    wrong = []
    for path in sorted(folder.glob("*.eml")):
        wanted = path.with_name(f"{path.stem}_reply_text")
        text = wanted.read_text() if wanted.exists() else "Hello"
        found = read_reply(parse_message(path.read_bytes(), now=NOW).body_text)
        if f"{found.text} {found.signature}".split() != text.split():
            wrong.append(path.name)
    assert wrong == []


def test_html_replies_lose_what_they_quote():
    for path in sorted(corpus("quotes/talon/html_replies").glob("*.html")):
        found = read_reply(read_html(path.read_text(errors="replace")))
        assert found.text.split()[:4] == ["Hi.", "I", "am", "fine."], path.name
        assert "Hello! How are you?" not in found.text, path.name
