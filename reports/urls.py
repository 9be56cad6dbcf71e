"""Addresses of the books."""

from django.urls import path

from reports.views import account, day, journal, trial

app_name = "reports"
urlpatterns = [
    path("", trial.trial_balance, name="trial-balance"),
    path("export/", trial.trial_balance_export, name="trial-balance-export"),
    path("day/", day.day_report, name="day"),
    path("tokens/", day.token_list, name="token-list"),
    path("journal/", journal.journal, name="journal"),
    path("journal/export/", journal.journal_export, name="journal-export"),
    path("postings/<uuid:public_id>/", journal.posting, name="posting"),
    path("accounts/<slug:name>/", account.ledger, name="account"),
    path("accounts/<slug:name>/export/", account.ledger_export, name="account-export"),
    path("accounts/<slug:name>/balances/", account.balances, name="account-balances"),
    path(
        "accounts/<slug:name>/balances/export/",
        account.balances_export,
        name="account-balances-export",
    ),
]
