from django.apps import AppConfig


class VendingConfig(AppConfig):
    name = "vending"

    def ready(self) -> None:
        from plugins.services import on_good_check
        from tenants import sweeping
        from tenants.models import DueWork
        from vending import sweeps
        from vending.services import resume_paused

        sweeping.register(DueWork.Kind.LINE, sweeping.Sweep(sweeps.restart, sweeps.next_due))
        on_good_check(resume_paused)
