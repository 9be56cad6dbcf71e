"""Addresses of what is kept about customers; their lists and money stand in ``desk``."""

from django.urls import path

from customers.views import about, documents

app_name = "customers"
urlpatterns = [
    path("<uuid:public_id>/about/", about.customer_about, name="customer-about"),
    path("<uuid:public_id>/addresses/", about.customer_address, name="customer-address"),
    path("<uuid:public_id>/documents/", documents.customer_document, name="customer-document"),
    path("<uuid:public_id>/answers/", about.customer_answers, name="customer-answers"),
    path("<uuid:public_id>/consents/", about.customer_consent, name="customer-consent"),
    path("addresses/<uuid:public_id>/", about.address, name="address"),
    path("addresses/<uuid:public_id>/primary/", about.address_primary, name="address-primary"),
    path("addresses/<uuid:public_id>/remove/", about.address_remove, name="address-remove"),
    path("consents/<uuid:public_id>/withdraw/", about.consent_withdraw, name="consent-withdraw"),
    path("documents/<uuid:public_id>/", documents.document, name="document"),
    path("documents/<uuid:public_id>/remove/", documents.document_remove, name="document-remove"),
]
