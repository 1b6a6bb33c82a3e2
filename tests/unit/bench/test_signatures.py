import pytest
from bench.quality.signatures import FIELDS, Tally, measure_signatures, read_mailboxes

from fix_crm import shared_mail
from headrace_crm.demo.labelled import LabelledLetter, labelled_letters
from headrace_crm.demo.signing import Truth


def test_what_invented_people_sign_with_is_found_and_is_right():
    # Another seed than the one the reader was looked at with.
    tallies = measure_signatures(labelled_letters(count=600, seed=7))
    assert min(tally.labelled for tally in tallies.values()) > 150
    assert {name: tally.wrong for name, tally in tallies.items() if tally.precision < 0.95} == {}
    assert {name: tally.missed for name, tally in tallies.items() if tally.recall < 0.85} == {}


def test_values_are_compared_one_by_one():
    body = "Best,\nInes Vidal\nEditor\nTel +44 20 7946 0123\n"
    truth = Truth("Ines Vidal", "Director", "Vidal Press", ("+44 (0)20 7946 0123", "+44 20 7946 0124"))
    tallies = measure_signatures([LabelledLetter("Ines Vidal", "ines@vidal.example", body, truth)])
    assert tallies == {
        "name": Tally(1, 1, 1),
        "organisation": Tally(1, 0, 0, missed=["vidal press"]),
        "title": Tally(1, 1, 0, missed=["director"], wrong=["editor"]),
        "phone": Tally(2, 1, 1, missed=["+44 20 7946 0124"]),
        "link": Tally(),
    }
    assert list(tallies) == list(FIELDS)
    assert (tallies["phone"].precision, tallies["phone"].recall) == (1.0, 0.5)


@pytest.mark.timeout(60)
def test_odd_mail_is_read_without_an_error():
    paths = [path for path in shared_mail("quotes").rglob("*") if path.is_file()]
    paths += [path for path in shared_mail("nasty").rglob("*") if path.is_file()]
    read, _ = read_mailboxes(paths)
    assert read > len(paths) > 300


def test_the_same_seed_gives_the_same_letters():
    first, again, other = (list(labelled_letters(count=20, seed=seed)) for seed in (3, 3, 4))
    assert first == again != other
