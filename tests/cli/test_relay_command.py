import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("amqp://host",), "no broker is known at amqp://"),
        (("redis://host", "--create"), "Redis has no subjects"),
        (("nats://host", "--max-length", "5"), "is a setting of the stream"),
        (("nats://host", "--subject-prefix", "a b"), "subject prefix 'a b' is none"),
    ],
)
async def test_what_a_broker_does_not_have_is_refused_before_anything_is_done(headrace, connection, arguments, words):
    ran = await headrace("relay", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert words in ran.err
    assert await connection.fetchval("SELECT count(*) FROM headrace.subscription") == 0
