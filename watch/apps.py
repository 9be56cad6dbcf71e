from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "watch"

    def ready(self) -> None:
        from tenants import jobs, sweeping, tidying
        from tenants.models import DueWork
        from watch import sweeps

        for job in sweeps.JOBS:
            jobs.register(job)
        sweeping.register(DueWork.Kind.WATCH, sweeping.Sweep(sweeps.look, sweeps.next_look))
        sweeping.register(DueWork.Kind.LINE, sweeping.Sweep(sweeps.look_soon, sweeps.nothing_open))
        tidying.register("alerts", sweeps.forget_alerts)
