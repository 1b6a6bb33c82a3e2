"""The app whose schedules tests run in real worker processes."""

from datetime import timedelta

from headrace import Headrace, Job

app = Headrace(name="ticking")


@app.job("tick")
async def tick(job: Job) -> str:
    """Its result is the tick it runs for."""
    return job.tick.at.isoformat() if job.tick else ""


app.schedule("each-second", "tick", every=timedelta(seconds=1), catch_up="all")
