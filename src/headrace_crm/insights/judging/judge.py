"""Has a language model judge the letters of one person, and checks what it says."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, Final

from headrace import Discard, Headrace, Job, Snooze
from headrace_crm.insights.judging.asking import JudgeContact
from headrace_crm.insights.judging.model import Judgement, digest, unreadable
from headrace_crm.insights.judging.prompt import is_to_be_judged, letters_shown, prompt
from headrace_crm.insights.judging.reply import read_reply
from headrace_crm.insights.judging.store import hold_contact, judgements_of
from headrace_crm.insights.model import Picture
from headrace_crm.insights.pictures import load, paint
from headrace_crm.mail.owners import owner_as_of
from headrace_crm.search.llm import Llm, LlmError, LlmMisconfiguredError, LlmUnavailableError

_SHORTEST_WAIT: Final = timedelta(seconds=1)
_LONGEST_WAIT: Final = timedelta(hours=1)


async def judge(app: Headrace, llm: Llm, args: JudgeContact, job: Job) -> tuple[Judgement | None, Mapping[str, Any]]:
    """Asks a model about one contact; what it said and holds, to be stored, and what to tell of it.

    None where there is no letter that it was not shown. What cannot be read at all is not asked for again either: the
    same would cost the same. Raises Snooze where the model says when to come again, LlmUnavailableError where it does
    not, and Discard where its settings are wrong: in all three, nothing counts as shown.
    """
    found = await _load(app, args, now=app.clock.now())
    if found is None or not is_to_be_judged(*found):
        return None, {"letters": 0}
    picture, before = found
    letters = letters_shown(picture)
    shown = {each.message_id: digest(each) for each in letters}
    instructions, content = prompt(picture, letters, boundary=token_hex(8))
    try:
        reply = read_reply(await llm.write(instructions=instructions, content=content), letters)
    except LlmUnavailableError as error:
        if error.retry_after is None:
            raise
        job.log.warning("%s", error)
        raise Snooze(min(max(error.retry_after, _SHORTEST_WAIT), _LONGEST_WAIT)) from None
    except LlmMisconfiguredError as error:
        raise Discard(str(error)) from None
    except LlmError as error:
        job.log.warning("nothing of what %s said of these letters can be used: %s", llm.name, error)
        return unreadable(before, args.contact_id, by=llm.name, shown=shown, at=picture.letters[-1].sent_at), {
            "letters": len(letters),
            "is_unreadable": True,
        }
    if reply.dropped:
        job.log.warning("left out of what %s said: %s", llm.name, dict(reply.dropped))
    return Judgement(args.contact_id, llm.name, picture.letters[-1].sent_at, shown, reply.proposals), {
        "letters": len(letters),
        "proposed": len(reply.proposals),
        "left_out": dict(reply.dropped),
    }


async def _load(app: Headrace, args: JudgeContact, *, now: datetime) -> tuple[Picture, Judgement | None] | None:
    async with app.pool.acquire() as connection:
        contact = await hold_contact(connection, args.owner_id, args.contact_id)
        if contact is None:
            return None
        as_of = await owner_as_of(connection, args.owner_id, now=now)
        material = await load(connection, args.owner_id, [contact], now=as_of)
        before = (await judgements_of(connection, [contact.id])).get(contact.id)
    (picture,) = await asyncio.to_thread(paint, material)
    return picture, before
