from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from ledger import sweeps
        from tenants import jobs, sweeping
        from tenants.models import DueWork

        jobs.register(sweeps.JOB)
        sweeping.register(DueWork.Kind.SEALS, sweeping.Sweep(sweeps.restart, sweeps.next_due))
