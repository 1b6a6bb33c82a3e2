"""A rebuild gives way to live work and takes its pace up again, as its own records tell."""

from datetime import timedelta

from fix_events import NoteTaken
from fix_projections import declare, folded, shown, take_notes
from fix_tampering import tamper
from headrace import Stream
from headrace.projections.survey import list_details
from headrace.service import AGAIN
from headrace.testing import drain

_LATE = "UPDATE headrace.event SET recorded_at = recorded_at - interval '1 hour' WHERE position > $1"


async def test_a_rebuild_rests_while_a_handler_is_behind_and_hurries_when_it_has_caught_up(app, connection):
    declare(app, "python", rebuild_size=400, batch_size=1000)

    @app.on(NoteTaken, mode="ordered", name="mailer")
    async def mailer(events, tx): ...

    last = await take_notes(app, 4000)
    await drain(app)
    await app.append(NoteTaken("late"), stream=Stream("note", "1"))
    await tamper(connection, _LATE, last)
    await app.projections.rebuild("note_stats")
    async with app.stepper() as stepper:
        [rebuilder], [consumer], [projector] = stepper._rebuilders, stepper._consumers, stepper._projectors
        await stepper._raise_head(await stepper._session.get())
        while await projector.run_once() == AGAIN:
            pass

        async def turn() -> tuple[int, timedelta]:
            """One batch of the rebuild; how large the next may be, and the rest before it, as it is recorded."""
            rest = await rebuilder.run_once()
            build = (await list_details(connection, "note_stats"))[1]
            assert build.state == "filling"
            recorded = timedelta(seconds=build.pace["rest_seconds"])
            assert rest == recorded, "it rests for as long as it says"
            return build.pace["size"], recorded

        hindered = [await turn() for _ in range(4)]
        assert [size for size, _ in hindered] == [200, 100, 100, 100]
        rests = [rest for _, rest in hindered]
        assert rests == sorted(rests)
        assert rests[-1] >= 8 * rests[0] > timedelta(0)

        while await consumer.run_once() == AGAIN:
            pass
        free = [await turn() for _ in range(5)]
        assert free[0][1] < rests[-1]
        assert [rest for _, rest in free] == sorted((rest for _, rest in free), reverse=True)
        assert free[-1][0] > 100
    await drain(app)
    assert [build.state for build in await app.projections.builds("note_stats")] == ["kept", "live"]
    assert await shown(connection) == await folded(connection)
