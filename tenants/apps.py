from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import jobs

        for job in jobs.OWN:
            jobs.register(job)
