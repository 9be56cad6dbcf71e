from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "devices"

    def ready(self) -> None:
        from devices import fees, moving
        from tenants import jobs, sweeping
        from tenants.models import DueWork

        jobs.register(fees.JOB)
        jobs.register(moving.JOB)
        sweeping.register(
            DueWork.Kind.TARIFF_MOVES,
            sweeping.Sweep(restart=moving.restart, next_due=moving.next_due),
        )
        sweeping.register(
            DueWork.Kind.ACCESS_FEES,
            sweeping.Sweep(restart=fees.accrue_today, next_due=fees.next_look),
        )
