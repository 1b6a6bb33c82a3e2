"""Django's tasks as jobs: a backend for `TASKS`, and what a worker needs to run them."""

from headrace.django_tasks.address import django_address
from headrace.django_tasks.backend import TaskBackend
from headrace.django_tasks.running import serve_tasks

__all__ = ["TaskBackend", "django_address", "serve_tasks"]
