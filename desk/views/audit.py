"""The audit log: who did what."""

import itertools
from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.access import requires
from accounts.audit import audit
from accounts.models import AuditEntry, User
from common.paging import page_of
from common.words import _
from desk.auditing.log import AuditFilter, Line, entries, lines
from desk.exports import AT_ONCE
from desk.views.customers import asked_format, export_links
from reports.exports import Column, export
from tenants.scope import current_company

PAGE = "desk:audit"
COLUMNS: list[Column[Line]] = [
    Column(_("Time"), lambda line: line.entry.at),
    Column(_("Who"), lambda line: line.entry.actor_name),
    Column(_("From"), lambda line: line.entry.remote_ip),
    Column(_("What"), lambda line: line.what),
    Column(_("About"), lambda line: line.target.name if line.target else line.entry.target),
    Column(_("Before and after"), lambda line: line.facts_text),
    Column(_("Kind"), lambda line: line.entry.action),
    Column(_("Number"), lambda line: line.entry.pk),
]


@require_safe
@requires("accounts.view_audit")
def audit_log(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET)
    asked = form.asked()
    page = page_of(entries(asked, current_company()), request.GET)
    context = {
        "form": form,
        "chips": form.chips(),
        "params": request.GET,
        "page": page,
        "lines": lines(page.rows),
        "exports": export_links(request, "accounts.export_audit", "desk:audit-export"),
        "find": {
            "url": reverse(PAGE),
            "label": _("Find in the audit log"),
            "q": asked.get("q", ""),
        },
    }
    return render(request, "desk/audit_log.html", context)


@require_safe
@requires("accounts.export_audit")
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The log as it is filtered, as a file."""
    kind = asked_format(request)
    assert isinstance(request.user, User)
    found = entries(AuditFilter(request.GET).asked(), current_company())
    audit(actor=request.user, action="audit.exported", format=kind)
    return export(_in_portions(found), COLUMNS, "audit-log", kind)


def _in_portions(found: "QuerySet[AuditEntry]") -> Iterator[Line]:
    rows = found.iterator(chunk_size=AT_ONCE)
    while portion := list(itertools.islice(rows, AT_ONCE)):
        yield from lines(portion)
