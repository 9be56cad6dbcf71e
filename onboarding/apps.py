from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    name = "onboarding"

    def ready(self) -> None:
        from onboarding.signup import finding, forgetting, making
        from tenants import sweeping, tidying

        sweeping.register_public(making.take_up)
        sweeping.register_public(finding.take_up)
        tidying.register_public("sign-ups", forgetting.forget)
