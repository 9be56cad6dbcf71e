"""Addresses below /payments/statements/; saving a list as a file is ``desk:statement-export``."""

from django.urls import path

from payments.statements import repair_views, views

urlpatterns = [
    path("", views.statement_list, name="statement-list"),
    path("upload/", views.statement_upload, name="statement-upload"),
    path("<uuid:public_id>/", views.statement, name="statement"),
    path("<uuid:public_id>/columns/", views.statement_columns, name="statement-columns"),
    path("<uuid:public_id>/again/", views.statement_again, name="statement-again"),
    path("<uuid:public_id>/remove/", views.statement_remove, name="statement-remove"),
    path("<uuid:public_id>/record/", repair_views.statement_record, name="statement-record"),
    path("<uuid:public_id>/flag/", repair_views.statement_flag, name="statement-flag"),
    path("<uuid:public_id>/lines/record/", repair_views.line_record, name="statement-line-record"),
    path("<uuid:public_id>/lines/<int:pk>/", repair_views.statement_line, name="statement-line"),
    path(
        "<uuid:public_id>/lines/<int:pk>/flag/", repair_views.line_flag, name="statement-line-flag"
    ),
    path(
        "<uuid:public_id>/lines/<int:pk>/unflag/",
        repair_views.line_unflag,
        name="statement-line-unflag",
    ),
    path(
        "<uuid:public_id>/lines/<int:pk>/close/",
        repair_views.line_close,
        name="statement-line-close",
    ),
    path("<uuid:public_id>/lines/<int:pk>/ask/", repair_views.line_ask, name="statement-line-ask"),
]
