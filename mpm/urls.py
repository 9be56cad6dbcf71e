"""Addresses on a company's host. Machine doors stand apart, under /webhooks/."""

from django.urls import include, path

urlpatterns = [
    path("", include("desk.urls")),
    path("", include("accounts.urls")),
    path("customers/", include("customers.urls")),
    path("account/", include("accounts.allauth_urls")),
    path("payments/", include("payments.urls")),
    path("books/", include("reports.urls")),
    path("vending/", include("vending.urls")),
    path("messages/", include("messaging.urls")),
    path("settings/plug-ins/", include("plugins.urls")),
    path("settings/", include("onboarding.urls")),
    path("settings/questions/", include("customers.question_urls")),
    path("settings/map/", include("locations.urls")),
    path("settings/running/", include("watch.urls")),
    path("webhooks/", include("payments.webhook_urls")),
]
handler403 = "desk.views.forbidden"
handler404 = "desk.views.not_found"
handler500 = "desk.views.broken"
handler400 = "desk.views.bad_request"
