"""What scores take for now where that is the latest message: it stands still, so that scores can be made for it."""

from datetime import timedelta

from fix_crm import lend
from fix_letters import MARCH, Letters
from headrace import Headrace
from headrace_crm.mail.owners import latest_message_at, moment_of, set_as_of, takes_latest


async def test_the_latest_message_stands_still_while_time_goes_by_whatever_dates_say(crm: Headrace):
    async with crm as app, lend(app) as db:
        letters = await Letters.begin(app)
        ada = await letters.add("Ada Mill")

        async def latest(days: float) -> float:
            now = MARCH + timedelta(days=days)
            found = await latest_message_at(db, letters.owner_id, now=now)
            assert found == await moment_of(db, letters.owner_id, "latest", now=now)
            return (found - MARCH) / timedelta(days=1)

        assert [await latest(0), await latest(1)] == [0, 1]
        # Stored while clocks went otherwise: nothing is there but what is to come.
        await letters.write(ada, "received", -900)
        assert [await latest(0), await latest(1)] == [900, 900]
        # What has no date that can be believed is better than that, and any that can be believed better still.
        guessed, _ = await letters.write(ada, "received", 10)
        await db.execute("UPDATE crm.message SET date_is_guessed = true WHERE id = $1", guessed)
        assert [await latest(0), await latest(1)] == [-10, -10]
        await letters.write(ada, "received", 40)
        assert [await latest(0), await latest(1)] == [-40, -40]
        assert not await takes_latest(db, letters.owner_id)
        await set_as_of(db, letters.owner_id, "latest")
        assert await takes_latest(db, letters.owner_id)
