"""What a bulk action may be asked for."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from headrace import ConfigurationError, JobFilter, Priority, uuid7
from headrace.jobs.bulk import DONE, STATES_OF, Deed, Verb
from headrace.jobs.job import STATES

NOW = datetime(2031, 5, 1, tzinfo=UTC)
MAIL = JobFilter(kinds=("mail",))


def test_every_action_has_its_states_and_its_name():
    assert set(STATES_OF) == set(DONE) == set(get_args(Verb))
    assert all(set(states) <= set(STATES) for states in STATES_OF.values())


def test_a_filter_tells_what_is_given_of_it():
    job_id = uuid7()
    assert JobFilter().is_empty
    assert JobFilter(ids=(job_id,), tenant_id="a").given() == {"ids": (job_id,), "tenant_id": "a"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"states": ("gone",)}, "a state is one of"),
        ({"created_after": datetime(2031, 5, 1)}, "created_after must be aware"),  # noqa: DTZ001 - what is refused
        ({"args_contain": ""}, "1 to 1000 characters, got 0"),
        ({"args_contain": "x" * 1001}, "got 1001"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(options, told):
    with pytest.raises(ConfigurationError, match=told):
        JobFilter(**options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"verb": "cancel", "filter": JobFilter()}, "name which jobs to cancel"),
        (
            {"verb": "retry", "filter": JobFilter(states=("completed",))},
            "retry takes jobs that are failed, cancelled, dead",
        ),
        ({"verb": "reschedule", "filter": MAIL}, "run_at is for reschedule and needed"),
        ({"verb": "cancel", "filter": MAIL, "run_at": NOW}, "run_at is for reschedule"),
        ({"verb": "reschedule", "filter": MAIL, "run_at": NOW.replace(tzinfo=None)}, "run_at must be aware"),
        ({"verb": "prioritise", "filter": MAIL}, "priority is for prioritise and needed"),
        ({"verb": "delete", "filter": MAIL, "priority": Priority.LOW}, "priority is for prioritise"),
    ],
)
def test_a_deed_that_cannot_be_done_is_refused(options, told):
    with pytest.raises(ConfigurationError, match=told):
        Deed(**options)


def test_a_deed_takes_the_states_of_its_filter_or_all_it_can():
    assert Deed(verb="retry", filter=MAIL).states == ("failed", "cancelled", "dead")
    assert Deed(verb="retry", filter=JobFilter(states=("dead",))).states == ("dead",)
