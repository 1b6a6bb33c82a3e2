"""Where the tasks framework is: in Django itself from 6.0 on, in the package django-tasks for those before."""

from importlib import import_module
from typing import Any

import django

from headrace.errors import ConfigurationError

_WITH_TASKS = 6


def framework(part: str = "") -> Any:
    """The framework, or a module of it. Raises ConfigurationError where there is none."""
    name = "django.tasks" if int(django.VERSION[0]) >= _WITH_TASKS else "django_tasks"
    try:
        return import_module(f"{name}.{part}" if part else name)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Django {django.__version__} has no tasks; upgrade to Django 6, or `pip install django-tasks`"
        ) from error
