"""Addresses of this room's pages. A single payment's page is ``desk:payment``."""

from django.urls import include, path

from payments import views

app_name = "payments"
urlpatterns = [
    path("", views.payment_list, name="payment-list"),
    path("statements/", include("payments.statements.urls")),
]
