from datetime import timedelta

import pytest

from headrace import ConfigurationError
from headrace_crm.config import GmailSettings


def test_what_the_environment_leaves_out_is_as_by_default():
    assert GmailSettings.from_environment({"HEADRACE_GMAIL_USER_UNITS": ""}) == GmailSettings()


def test_every_variable_is_read():
    read = GmailSettings.from_environment(
        {
            "HEADRACE_GMAIL_USER_UNITS": "15000",
            "HEADRACE_GMAIL_UNITS": "get=5, list=6",
            "HEADRACE_GMAIL_NEW_MAIL_PERCENT": "10",
            "HEADRACE_GMAIL_BATCH_MESSAGES": "25",
            "HEADRACE_GMAIL_INITIAL_QUERY": "newer_than:1y",
            "HEADRACE_GMAIL_INITIAL_MESSAGES": "100",
            "HEADRACE_GMAIL_INLINE_MESSAGES": "4",
            "HEADRACE_GMAIL_PATIENCE_SECONDS": "5",
            "HEADRACE_GMAIL_POLL_SECONDS": "30",
            "HEADRACE_GMAIL_POLL_WATCHED_SECONDS": "90",
            "HEADRACE_GMAIL_LOOK_AGAIN_SECONDS": "3",
        }
    )
    assert read == GmailSettings(
        units={"profile": 1, "labels": 1, "list": 6, "get": 5, "history": 2, "watch": 100, "stop": 50},
        user_units=15_000,
        new_mail_percent=10,
        batch_messages=25,
        initial_query="newer_than:1y",
        initial_messages=100,
        inline_messages=4,
        patience=timedelta(seconds=5),
        poll_after=timedelta(seconds=30),
        poll_watched_after=timedelta(seconds=90),
        look_again_after=timedelta(seconds=3),
    )


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("HEADRACE_GMAIL_USER_UNITS", "many", "must be a whole number"),
        ("HEADRACE_GMAIL_USER_UNITS", "2300", "a batch costs 1000 units, and its share of a minute is 1955"),
        ("HEADRACE_GMAIL_NEW_MAIL_PERCENT", "3", "a look for changes costs 101 units, and its share"),
        ("HEADRACE_GMAIL_BATCH_MESSAGES", "51", "from 1 to 50, got 51"),
        ("HEADRACE_GMAIL_UNITS", "send=5", "knows get, history, labels, list, profile, stop, watch, got 'send'"),
        ("HEADRACE_GMAIL_UNITS", "get=free", "must be a whole number of at least 1, got 'free'"),
    ],
)
def test_what_cannot_work_is_refused_with_what_would(variable, value, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        GmailSettings.from_environment({variable: value})
