"""Documents of a customer: upload, save, remove."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import requires
from common.errors import DomainError
from customers import documents
from customers.record_forms import UploadDocument
from customers.records import Document
from customers.views.parts import actor_of, customer_or_404, done


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def customer_document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a file in."""
    customer = customer_or_404(public_id)
    form = UploadDocument(request.POST or None, request.FILES or None)

    def act() -> Document:
        file = form.cleaned_data["file"]
        return documents.add_document(
            customer_id=customer.pk,
            name=file.name,
            kind=form.cleaned_data["kind"],
            content=file.read(),
            now=timezone.now(),
            actor=actor_of(request),
        )

    if request.method == "POST" and done(
        request, form, act, said=_("The document is kept."), field="file"
    ):
        return redirect("customers:customer-about", customer.public_id)
    context = {
        "customer": customer,
        "form": form,
        "title": _("Add a document"),
        "button": _("Upload the document"),
        "is_upload": True,
    }
    status = 422 if form.errors else 200
    return render(request, "customers/record_form.html", context, status=status)


@require_safe
@requires("customers.view_document")
def document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The file, to be saved: never shown inside our pages, whatever it holds."""
    row = _document_or_404(public_id)
    response = HttpResponse(
        documents.open_document(document=row, actor=actor_of(request)),
        content_type=documents.MIME[Document.Type(row.type)],
    )
    response.headers["Content-Disposition"] = content_disposition_header(True, row.name) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def document_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget a document; asked once, since it cannot be brought back."""
    row = _document_or_404(public_id)
    if request.method == "POST":
        try:
            documents.remove_document(document_id=row.pk, actor=actor_of(request))
        except (Document.DoesNotExist, DomainError):
            messages.info(request, _("Somebody else removed it a moment ago."))
        else:
            messages.success(request, _("The document is removed."))
        return redirect("customers:customer-about", row.customer.public_id)
    context = {
        "document": row,
        "customer": row.customer,
        "facts": [
            (_("Document"), row.name),
            (_("What it is"), row.kind),
            (_("Then"), _("the file is gone for good. That it was here stays in the history.")),
        ],
    }
    return render(request, "customers/document_remove.html", context)


def _document_or_404(public_id: UUID) -> Document:
    rows = Document.objects.select_related("customer__village__mini_grid", "file")
    return get_object_or_404(rows, public_id=public_id)
