from django.apps import AppConfig


class MpmConfig(AppConfig):
    name = "mpm"

    def ready(self) -> None:
        from mpm import checks  # noqa: F401 - registers them
