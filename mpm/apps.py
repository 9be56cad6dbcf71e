from django.apps import AppConfig


class MpmConfig(AppConfig):
    name = "mpm"

    def ready(self) -> None:
        from mpm import checks  # noqa: F401  registers them
        from mpm.celery import app

        # Whoever queues a task finds our broker, in every thread of every process.
        app.set_default()
