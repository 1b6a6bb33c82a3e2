"""From facts to findings, for those who read the log: handlers, builds of projections, what erasures left. Pure."""

from collections.abc import Iterator

from headrace.doctor.facts import BuildFacts, Subscriber, Unerased
from headrace.doctor.finding import Finding

_FAR_BEHIND = 10_000
_STILL_BUILD_SECONDS = 60.0


def judge_subscriber(one: Subscriber, *, has_workers: bool) -> Iterator[Finding]:
    """Whether it fails, lags, has streams parked, or reads no more because its handler is gone."""
    about = f"handler {one.name}"
    if one.failure_count:
        yield Finding(
            "problem",
            about,
            f"it failed {one.failure_count} times after position {one.position}: {one.error}",
            "mend the handler and restart the workers; it goes on by itself",
        )
    elif has_workers and not one.is_served:
        yield Finding(
            "warning",
            about,
            f"no worker has it, and events after position {one.position} are kept for it",
            f"start a worker whose app has it, or if it is gone for good: `headrace subscriptions remove {one.name}`",
        )
    elif one.behind_count > _FAR_BEHIND:
        yield Finding(
            "warning",
            about,
            f"it is {one.behind_count} positions behind the safe head",
            "see that workers of its app run; more lanes or larger batches make it faster",
        )
    if one.parked_count:
        yield Finding(
            "problem",
            about,
            f"{one.parked_count} streams are parked, and their events wait",
            f"`headrace subscriptions parked {one.name}` tells why; mend it, then"
            f" `headrace subscriptions resume {one.name} --parked`",
        )


def judge_build(one: BuildFacts, *, has_workers: bool) -> Iterator[Finding]:
    """Whether what readers see is wrong or late, or a build beside it does not come to its end."""
    about = f"projection {one.projection}"
    name = f"build {one.build} ({one.state})"
    served = f"declares version {one.version}"
    if one.failure_count:
        yield Finding(
            "problem",
            about,
            f"{name} failed {one.failure_count} times after position {one.position}: {one.error}",
            "mend the fold and restart the workers; it goes on by itself",
        )
    elif one.state == "live":
        yield from _judge_live(one, about, name, served, has_workers=has_workers)
    elif one.state == "unfit":
        yield Finding(
            "problem",
            about,
            f"{name} was found wrong, and is not shown",
            f"`headrace projections show {one.projection}` tells what differs; drop it:"
            f" `headrace projections drop {one.projection} {one.build}`",
        )
    elif one.state in ("filling", "ready"):
        yield from _judge_candidate(one, about, name, served, has_workers=has_workers)
    if one.parked_count:
        yield Finding(
            "problem" if one.state == "live" else "warning",
            about,
            f"{name} has {one.parked_count} streams parked: their rows stand still",
            f"`headrace subscriptions parked {one.projection}__{one.build}` tells why; mend the fold, resume them",
        )


def _judge_live(one: BuildFacts, about: str, name: str, served: str, *, has_workers: bool) -> Iterator[Finding]:
    if one.is_paused:
        yield Finding(
            "notice",
            about,
            f"{name} is paused, {one.behind_count} positions behind",
            f"`headrace projections resume {one.projection} {one.build}` when the reason is gone",
        )
    elif has_workers and not one.is_served:
        yield Finding(
            "problem",
            about,
            f"no worker has its fold: {name} stands at position {one.position}",
            f"start a worker whose app {served}",
        )
    elif one.behind_count > _FAR_BEHIND:
        yield Finding(
            "warning",
            about,
            f"{name} is {one.behind_count} positions behind the safe head",
            "see that workers of its app run; more lanes or a fold in SQL make it faster",
        )


def _judge_candidate(one: BuildFacts, about: str, name: str, served: str, *, has_workers: bool) -> Iterator[Finding]:
    if one.is_paused:
        yield Finding(
            "notice",
            about,
            f"{name} is paused at position {one.position}",
            f"`headrace projections resume {one.projection} {one.build}`, or drop it",
        )
    elif has_workers and not one.is_served:
        yield Finding(
            "warning",
            about,
            f"{name} was left at position {one.position}, {one.behind_count} before the safe head: "
            "no worker has its fold",
            f"start a worker whose app {served}, or drop it: `headrace projections drop {one.projection} {one.build}`",
        )
    elif one.state == "filling" and one.behind_count and one.still_seconds > _STILL_BUILD_SECONDS:
        yield Finding(
            "warning",
            about,
            f"{name} has stood at position {one.position} for {one.still_seconds:.0f} s",
            "see that a worker runs and what its rebuilder logs; it goes on where it stands",
        )
    elif one.postponed_by is not None:
        yield Finding(
            "warning",
            about,
            f"{name} cannot be shown just now: {one.postponed_by}",
            "it is tried again by itself; end the session that reads the view for so long",
        )


def judge_unerased(one: Unerased, *, has_workers: bool) -> Iterator[Finding]:
    """Whether a read model goes on holding what was erased, since nobody makes it anew."""
    about = f"projection {one.projection}"
    fact = f"it may hold values of {one.count} erased subjects, such as {one.subject}"
    again = f"`headrace subjects erase {one.subject}` with an app that declares it"
    if one.standing == "unasked":
        yield Finding("problem", about, f"{fact}, and nobody has asked for its rebuild", again)
    elif one.standing == "waiting":
        if has_workers and not one.is_served:
            yield Finding(
                "problem",
                about,
                f"{fact}: job {one.job_id} is to rebuild it, and no worker has its fold",
                "start a worker whose app declares it; until then its tables hold them",
            )
    else:
        yield Finding(
            "problem",
            about,
            f"{fact}: job {one.job_id}, which was to rebuild it, is {one.standing}",
            f"`headrace jobs show {one.job_id}` tells why; mend it, then `headrace jobs retry {one.job_id}`",
        )
