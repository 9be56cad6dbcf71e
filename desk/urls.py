"""Addresses of this room's pages."""

from django.urls import URLPattern, path

from desk.views import (
    audit,
    connection_types,
    corrections,
    credit,
    customer_list,
    customer_record,
    customer_registering,
    customer_standing,
    customers,
    devices,
    free_tokens,
    home,
    inbox,
    message_decisions,
    order_decisions,
    payment,
    payment_decisions,
    place_changes,
    places,
    refund_asking,
    search,
    statements,
    tariff_moves,
    tariffs,
)

app_name = "desk"


def _place_paths(folder: str, kind: str) -> list[URLPattern]:
    """Return the addresses of one kind of place."""
    one, given = f"locations/{folder}/<uuid:public_id>/", {"kind": kind}
    return [
        path(f"locations/{folder}/new/", place_changes.place_add, given, name=f"{kind}-add"),
        path(one, places.place, given, name=kind),
        path(f"{one}change/", place_changes.place_change, given, name=f"{kind}-change"),
        path(f"{one}remove/", place_changes.place_remove, given, name=f"{kind}-remove"),
    ]


urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("customers/", customer_list.customer_list, name="customer-list"),
    path("customers/export/", customer_list.customer_export, name="customer-export"),
    path("customers/columns/", customer_list.customer_columns, name="customer-columns"),
    path("customers/new/", customer_registering.customer_new, name="customer-new"),
    path(
        "customers/<uuid:public_id>/edit/", customer_registering.customer_edit, name="customer-edit"
    ),
    path(
        "customers/<uuid:public_id>/device/",
        customer_registering.customer_device,
        name="customer-device",
    ),
    path("customers/<uuid:public_id>/", customers.customer, name="customer"),
    path(
        "customers/<uuid:public_id>/statement/",
        customer_record.customer_statement_page,
        name="customer-statement",
    ),
    path(
        "customers/<uuid:public_id>/statement/export/",
        customer_record.customer_statement_export,
        name="customer-statement-export",
    ),
    path(
        "customers/<uuid:public_id>/history/",
        customer_record.customer_history,
        name="customer-history",
    ),
    path(
        "customers/<uuid:public_id>/archive/",
        customer_standing.customer_archive,
        name="customer-archive",
    ),
    path(
        "customers/<uuid:public_id>/restore/",
        customer_standing.customer_restore,
        name="customer-restore",
    ),
    path(
        "customers/<uuid:public_id>/merge/",
        customer_standing.customer_merge,
        name="customer-merge",
    ),
    path(
        "customers/<uuid:public_id>/merge/<uuid:into>/",
        customer_standing.customer_merge_into,
        name="customer-merge-into",
    ),
    path("customers/<uuid:public_id>/credit/", credit.customer_credit, name="customer-credit"),
    path("devices/", devices.device_list, name="device-list"),
    path("devices/export/", devices.device_export, name="device-export"),
    path("devices/<uuid:public_id>/", devices.device, name="device"),
    path("devices/<uuid:public_id>/check/", devices.device_check, name="device-check"),
    path("devices/<uuid:public_id>/issue/", devices.device_issue, name="device-issue"),
    path(
        "devices/<uuid:public_id>/free-token/",
        free_tokens.device_free_token,
        name="device-free-token",
    ),
    path("devices/<uuid:public_id>/refund/", refund_asking.device_refund, name="device-refund"),
    path(
        "customers/<uuid:public_id>/refund/", refund_asking.customer_refund, name="customer-refund"
    ),
    path("payments/<uuid:public_id>/refund/", refund_asking.payment_refund, name="payment-refund"),
    path(
        "payments/<uuid:public_id>/reverse/", refund_asking.payment_reverse, name="payment-reverse"
    ),
    path("refunds/<uuid:public_id>/", corrections.correction, name="correction"),
    path(
        "refunds/<uuid:public_id>/decide/", corrections.correction_decide, name="correction-decide"
    ),
    path(
        "refunds/<uuid:public_id>/withdraw/",
        corrections.correction_withdraw,
        name="correction-withdraw",
    ),
    path("refunds/<uuid:public_id>/pay/", corrections.correction_pay, name="correction-pay"),
    path("refunds/<uuid:public_id>/retry/", corrections.correction_retry, name="correction-retry"),
    path(
        "refunds/<uuid:public_id>/settle/", corrections.correction_settle, name="correction-settle"
    ),
    path("locations/", places.location_list, name="location-list"),
    *_place_paths("clusters", "cluster"),
    *_place_paths("mini-grids", "mini-grid"),
    *_place_paths("villages", "village"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/returned/", payment_decisions.payments_dismiss, name="payments-dismiss"),
    path("inbox/waiting/<slug:plugin>/retry/", order_decisions.orders_retry, name="orders-retry"),
    path(
        "messages/<uuid:public_id>/resend/", message_decisions.message_resend, name="message-resend"
    ),
    path(
        "messages/<uuid:public_id>/dismiss/",
        message_decisions.message_dismiss,
        name="message-dismiss",
    ),
    path(
        "payments/<uuid:public_id>/result/retry/",
        payment_decisions.result_retry,
        name="result-retry",
    ),
    path(
        "payments/<uuid:public_id>/result/close/",
        payment_decisions.result_close,
        name="result-close",
    ),
    path("payments/export/", payment.payment_export, name="payment-export"),
    path(
        "payments/statements/<uuid:public_id>/export/",
        statements.statement_export,
        name="statement-export",
    ),
    path("payments/<uuid:public_id>/", payment.payment, name="payment"),
    path(
        "payments/<uuid:public_id>/match/", payment_decisions.payment_assign, name="payment-assign"
    ),
    path("payments/<uuid:public_id>/retry/", payment_decisions.payment_retry, name="payment-retry"),
    path(
        "payments/<uuid:public_id>/dismiss/",
        payment_decisions.payment_dismiss,
        name="payment-dismiss",
    ),
    path(
        "payments/<uuid:public_id>/conflicts/<int:pk>/", payment_decisions.conflict, name="conflict"
    ),
    path(
        "payments/<uuid:public_id>/conflicts/<int:pk>/close/",
        payment_decisions.conflict_close,
        name="conflict-close",
    ),
    path("orders/<uuid:public_id>/", payment.order, name="order"),
    path("orders/<uuid:public_id>/decide/", order_decisions.order_decide, name="order-decide"),
    path("orders/<uuid:public_id>/settle/", order_decisions.order_settle, name="order-settle"),
    path("orders/<uuid:public_id>/retry/", order_decisions.order_retry, name="order-retry"),
    path("orders/<uuid:public_id>/dismiss/", order_decisions.order_dismiss, name="order-dismiss"),
    path("settings/audit/", audit.audit_log, name="audit"),
    path("settings/audit/export/", audit.audit_export, name="audit-export"),
    path("about/<slug:kind>/<int:pk>/", payment.source, name="source"),
    path("tariffs/", tariffs.tariff_list, name="tariff-list"),
    path("tariffs/add/", tariffs.tariff_add, name="tariff-add"),
    path("tariffs/<uuid:public_id>/", tariffs.tariff, name="tariff"),
    path("tariffs/<uuid:public_id>/change/", tariffs.tariff_change, name="tariff-change"),
    path("tariffs/<uuid:public_id>/rename/", tariffs.tariff_rename, name="tariff-rename"),
    path(
        "tariffs/<uuid:public_id>/versions/<int:version>/withdraw/",
        tariffs.version_withdraw,
        name="tariff-version-withdraw",
    ),
    path("tariffs/<uuid:public_id>/archive/", tariffs.tariff_archive, name="tariff-archive"),
    path("tariffs/<uuid:public_id>/restore/", tariffs.tariff_restore, name="tariff-restore"),
    path("tariffs/<uuid:public_id>/delete/", tariffs.tariff_delete, name="tariff-delete"),
    path("tariffs/<uuid:public_id>/devices/", tariff_moves.tariff_devices, name="tariff-devices"),
    path("tariffs/<uuid:public_id>/move/", tariff_moves.tariff_move, name="tariff-move"),
    path("tariffs/moves/<uuid:public_id>/", tariff_moves.tariff_moved, name="tariff-moved"),
    path("settings/connections/", connection_types.connection_types, name="connection-types"),
    path(
        "settings/connections/<slug:kind>/<int:pk>/",
        connection_types.connection_type,
        name="connection-type",
    ),
]
