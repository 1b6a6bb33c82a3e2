"""The composition root of the CRM: puts the features on the engine, in the order they build on each other."""

import os

from headrace import Headrace, MigrationSet
from headrace_crm.accounts import jobs as account_jobs
from headrace_crm.accounts.access import AccessTokens
from headrace_crm.config import Settings
from headrace_crm.contacts import jobs as contact_jobs
from headrace_crm.mail import jobs as mail_jobs
from headrace_crm.mail.turns import Turns
from headrace_crm.scores import jobs as score_jobs
from headrace_crm.stats import projections as stats_projections


def create_app(dsn: str | None = None, *, settings: Settings | None = None) -> Headrace:
    """The CRM as an app of the engine, closed; use it inside `async with app:`.

    `dsn` None takes HEADRACE_DATABASE_URL, and where that is unset an embedded server in `./.headrace`.
    `settings` None takes those of the environment.
    """
    chosen = settings or Settings.from_environment(os.environ)
    app = Headrace(
        dsn,
        name="crm",
        migrations=[MigrationSet("headrace_crm", "headrace_crm")],
        pool_size=chosen.pool_size,
    )
    turns = Turns()
    account_jobs.register(app, google=chosen.google, tokens=AccessTokens(app, chosen.google))
    mail_jobs.register(app, turns=turns)
    contact_jobs.register(app, turns=turns)
    score_jobs.register(app)
    stats_projections.register(app)
    return app
