from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from messaging import sweeps
        from messaging.services import resume_paused
        from plugins.services import on_good_check
        from tenants import sweeping, tidying
        from tenants.models import DueWork

        sweeping.register(DueWork.Kind.LINE, sweeping.Sweep(sweeps.restart, sweeps.next_due))
        tidying.register("early reports", sweeps.forget_reports)
        on_good_check(resume_paused)
