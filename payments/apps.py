from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import notices, sweeps
        from tenants import sweeping, tidying
        from tenants.models import DueWork
        from vending import outcomes

        sweeping.register(DueWork.Kind.LINE, sweeping.Sweep(sweeps.restart, sweeps.next_due))
        tidying.register("form keys", sweeps.forget_keys)
        outcomes.register(notices.tell_order)
