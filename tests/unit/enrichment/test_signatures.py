"""What is read out of a message's signature, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.enrichment.profile import Claim
from headrace_crm.enrichment.signatures.facts import NOTHING, Fact, Facts
from headrace_crm.enrichment.signatures.phones import international
from headrace_crm.enrichment.signatures.read import CLOSED, MARKED, read_signature
from headrace_crm.enrichment.signatures.sender import Sender
from headrace_crm.enrichment.signed import Signed, claims_of
from headrace_crm.mail.reply_text import read_reply

INES = Sender("Ines Vidal", "ines@vidal.example")


def read(body: str, sender: Sender = INES) -> Facts:
    reply = read_reply(body)
    return read_signature(reply.text, reply.signature, sender)


def shown(facts: Facts) -> dict[str, object]:
    """Values alone, those that are there."""
    one = {name: fact.value for name in ("name", "title", "organisation") if (fact := getattr(facts, name))}
    many = {
        name: [f.value for f in found] for name in ("phones", "links", "addresses") if (found := getattr(facts, name))
    }
    return one | many


def test_a_marked_signature_is_read_in_full():
    facts = read(
        "See you.\n\n-- \nInés Vidal\nHead of Engineering, Vidal Instruments\n"
        "Tel: +44 (0)1223 706200 | Fax: +44 1223 706250\nhttps://www.vidal.example/\nines.vidal@hearth.example\n"
    )
    assert shown(facts) == {
        "name": "Inés Vidal",
        "title": "Head of Engineering",
        "organisation": "Vidal Instruments",
        "phones": ["+44 1223 706200"],
        "links": ["https://www.vidal.example"],
        "addresses": ["ines.vidal@hearth.example"],
    }
    assert {facts.name.confidence, facts.title.confidence, facts.organisation.confidence} == {MARKED}


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("Best regards,\n\nInes Vidal\nData Analyst\nBlue Heron, Inc.", ("Data Analyst", "Blue Heron Inc")),
        ("Cheers\nInes\nData Analyst at Blue Heron", ("Data Analyst", "Blue Heron")),
        ("Ines Vidal | CTO | Blue Heron GmbH", ("CTO", "Blue Heron GmbH")),
        ("Mit freundlichen Grüßen\nInes Vidal\nLeiterin Technik\nReiher Verlag", ("Leiterin Technik", "Reiher Verlag")),
        ("Cordialement,\nInes Vidal\nDirectrice - Université de Lune", ("Directrice", "Université de Lune")),
        ("-- \nInes Vidal, Keeper of Clocks, Vidal", ("Keeper of Clocks", "Vidal")),
        ("-- \nInes Vidal\nHorology\nInstitute for Small Rivers", ("Horology", "Institute for Small Rivers")),
        ("С уважением,\nInes Vidal\nГлавный инженер\nООО Ветер", ("Главный инженер", "ООО Ветер")),  # noqa: RUF001
        ("-- \n+ Ines Vidal, University of Lune, Poland +\n+----+", (None, "University of Lune")),
    ],
)  # fmt: skip
def test_role_and_organisation_are_told_apart(tail: str, expected: tuple[str | None, str | None]):
    facts = read(f"Here is the plan.\n\n{tail}\n")
    assert (facts.title and facts.title.value, facts.organisation and facts.organisation.value) == expected


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Our engineer at Blue Heron GmbH will call.\nHis number is +44 1223 706200.",
        "Thanks,\nI will ask the Director, Blue Heron GmbH",
        "-- \nOtto Lind\nEngineer, Blue Heron GmbH",
        "-- \notto@lind.example\nEngineer, Blue Heron GmbH",
        "> -- \n> Ines Vidal\n> Engineer, Blue Heron GmbH",
        '-- \n"I call myself a hacker."\nBut not when I am asked.',
        "-- \n2.4.21.rc1",
    ],
)
def test_what_is_not_the_senders_signature_says_nothing(body: str):
    assert read(body) in (NOTHING, Facts(name=Fact("Ines Vidal", CLOSED)))


def test_a_header_without_a_name_is_helped_by_the_address():
    facts = read("-- \nInes Vidal\nEditor\n", Sender("", "ines.vidal@gmail.com"))
    assert shown(facts) == {"name": "Ines Vidal", "title": "Editor"}


@pytest.mark.parametrize(
    ("text", "email", "expected"),
    [
        ("+49 (4102) 463-390", "", "+49 4102 463390"),
        ("030 901820", "a@b.de", "+49 30 901820"),
        ("0049 30 901820", "a@b.com", "+49 30 901820"),
        ("(202) 555-0142", "a@b.com", "+1 202-555-0142"),
        ("030 901820", "a@b.com", None),
        ("2024-05-17", "a@b.de", None),
        ("+999 123456789", "a@b.de", None),
    ],
)
def test_numbers_are_read_by_the_country_they_are_from(text: str, email: str, expected: str | None):
    assert international(text, email) == expected


def test_advertisements_faxes_and_other_numbers_are_left_out():
    facts = read(
        "Best,\nInes Vidal\nFax: +44 1223 706250\nICQ 123456789\nVAT: GB 123 4567 89\n"
        "Get the new mail for your phone at http://mail.example.com/now\nhttp://mail.yahoo.com\nhttps://x.com/ines\n"
    )
    assert shown(facts) == {"name": "Ines Vidal"}


def signed(number: int, **facts: object) -> Signed:
    return Signed(Facts(**facts), f"message {number}")


def test_the_newest_signature_counts_and_repetition_makes_it_surer():
    said = [
        signed(3, title=Fact("Editor", 0.75)),
        signed(2, title=Fact("editor", 0.75), phones=(Fact("+44 1", 0.7), Fact("+44 2", 0.7))),
        signed(1, title=Fact("Intern", 0.85), phones=(Fact("+44 3", 0.7), Fact("+44 2", 0.7))),
    ]
    assert claims_of(said, name="Ines Vidal") == {
        "title": Claim("Editor", 0.77, "message 3"),
        "phone": Claim("+44 1", 0.7, "message 2"),
        "other_phones": Claim(("+44 2",), 0.72, "message 2"),
    }


def test_a_role_held_elsewhere_before_is_over():
    said = [
        signed(2, organisation=Fact("Blue Heron", 0.8)),
        signed(1, organisation=Fact("Vidal", 0.8), title=Fact("Editor", 0.8)),
    ]
    assert claims_of(said, name="Ines Vidal") == {"organisation": Claim("Blue Heron", 0.8, "message 2")}


def test_a_name_is_claimed_only_where_headers_give_none():
    said = [signed(1, name=Fact("Ines Vidal", 0.8))]
    assert claims_of(said, name="iv77") == {"name": Claim("Ines Vidal", 0.8, "message 1")}
    assert claims_of(said, name="Inés M. Vidal") == {}


@given(st.text(alphabet=st.sampled_from("aZ09 +-.@|,/()\n\té山Ж:"), max_size=400), st.booleans())
def test_any_text_gives_facts_between_guess_and_certainty(text: str, is_marked: bool):
    facts = read(("-- \n" if is_marked else "Best,\nInes Vidal\n") + text)
    found = [
        *facts.phones,
        *facts.links,
        *facts.addresses,
        *filter(None, (facts.name, facts.title, facts.organisation)),
    ]
    assert all(0 < fact.confidence <= 1 and fact.value.strip() == fact.value and fact.value for fact in found)
