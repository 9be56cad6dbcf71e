from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from payments import notices, sweeps
        from payments.statements import sweeps as statement_sweeps
        from tenants import jobs, sweeping, tidying
        from tenants.models import DueWork
        from vending import outcomes

        jobs.register(sweeps.JOB)
        jobs.register(statement_sweeps.JOB)
        sweeping.register(DueWork.Kind.LINE, sweeping.Sweep(sweeps.restart, sweeps.next_due))
        sweeping.register(
            DueWork.Kind.STATEMENTS,
            sweeping.Sweep(statement_sweeps.restart, statement_sweeps.next_due),
        )
        tidying.register("form keys", sweeps.forget_keys)
        tidying.register("statement files", statement_sweeps.forget_files)
        outcomes.register(notices.tell_order)
