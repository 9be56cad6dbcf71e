from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        from ledger import sweeps
        from tenants import sweeping
        from tenants.models import DueWork

        sweeping.register(DueWork.Kind.SEALS, sweeping.Sweep(sweeps.restart, sweeps.next_due))
