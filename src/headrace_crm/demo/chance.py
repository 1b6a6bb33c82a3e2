from random import Random


def chance(seed: int, *names: object) -> Random:
    """Return the random numbers of one named thing, the same for the same seed in every process.

    Each relationship, list and source of mail draws from its own, so that a change to one leaves the others'
    mail as it was. Text is hashed by `random` itself and not by `hash`, which differs between processes.
    """
    return Random("/".join(map(str, (seed, *names))))  # noqa: S311 - fiction, not secrets
