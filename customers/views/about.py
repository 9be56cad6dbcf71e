"""What is kept about a customer beside money: addresses, documents, answers, consents."""

import datetime as dt
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import may, requires
from common.clock import today_in
from common.phone import display_phone
from customers import addresses, consents, documents, questions
from customers.models import Customer
from customers.record_forms import AnswerQuestions, EditAddress, RecordConsent, WithdrawConsent
from customers.records import Address, Consent
from customers.views.parts import actor_of, customer_or_404, done
from tenants.scope import current_company


@require_safe
@requires("customers.view_customer")
def customer_about(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything of it on one page; each thing is changed on a page of its own."""
    customer = customer_or_404(public_id)
    asked = questions.questions_for(customer.pk)
    context = {
        "customer": customer,
        "addresses": customer.addresses.select_related("village").order_by("pk"),
        "documents": customer.documents.order_by("-pk"),
        "most_documents": documents.MOST,
        "asked": asked,
        "answered": sum(answer is not None for _question, answer in asked),
        "consents": customer.consents.order_by("withdrawn_date", "-given_date", "-pk"),
        "may_change": may(request.user, "customers.change_customer"),
        "merges": customer.merges.select_related("merged").order_by("pk"),
        "may_archive": may(request.user, "customers.archive_customer"),
        "may_merge": may(request.user, "customers.merge_customer"),
        "may_ask": may(request.user, "customers.change_question"),
    }
    return render(request, "customers/customer_about.html", context)


def _form_page(
    request: HttpRequest, customer: Customer, form: object, title: str, button: str, *, status: int
) -> HttpResponse:
    context = {"customer": customer, "form": form, "title": title, "button": button}
    return render(request, "customers/record_form.html", context, status=status)


# --- addresses ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def customer_address(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Add a further address."""
    customer = customer_or_404(public_id)
    form = EditAddress(
        request.POST if request.method == "POST" else None,
        country=current_company().country,
        initial={"village": str(customer.village.public_id)},
    )
    if request.method == "POST" and done(
        request,
        form,
        lambda: addresses.add_address(
            customer_id=customer.pk, actor=actor_of(request), **form.cleaned_data
        ),
        said=_("The address is added."),
    ):
        return redirect("customers:customer-about", customer.public_id)
    title, button = _("Add an address"), _("Add the address")
    return _form_page(request, customer, form, title, button, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def address(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Word a further address otherwise."""
    row = _address_or_404(public_id)
    form = EditAddress(
        request.POST if request.method == "POST" else None,
        country=current_company().country,
        initial={
            "village": str(row.village.public_id),
            "street": row.street,
            "phone": display_phone(row.phone) if row.phone else "",
            "note": row.note,
        },
    )
    if request.method == "POST" and done(
        request,
        form,
        lambda: addresses.change_address(
            address_id=row.pk, actor=actor_of(request), **form.cleaned_data
        ),
        said=_("The address is changed."),
    ):
        return redirect("customers:customer-about", row.customer.public_id)
    title, button = _("Change an address"), _("Save the address")
    return _form_page(
        request, row.customer, form, title, button, status=422 if form.errors else 200
    )


@require_POST
@requires("customers.change_customer")
def address_primary(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let it change places with the primary one; the same button puts it back."""
    row = _address_or_404(public_id)
    addresses.make_primary(address_id=row.pk, actor=actor_of(request))
    return redirect("customers:customer-about", row.customer.public_id)


@require_POST
@requires("customers.change_customer")
def address_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = _address_or_404(public_id)
    addresses.remove_address(address_id=row.pk, actor=actor_of(request))
    return redirect("customers:customer-about", row.customer.public_id)


def _address_or_404(public_id: UUID) -> Address:
    rows = Address.objects.select_related("customer__village__mini_grid", "village")
    return get_object_or_404(rows, public_id=public_id)


# --- answers and consents -------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def customer_answers(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write down what a customer said to the company's questions."""
    customer = customer_or_404(public_id)
    form = AnswerQuestions(
        request.POST if request.method == "POST" else None,
        asked=questions.questions_for(customer.pk),
    )
    if request.method == "POST" and done(
        request,
        form,
        lambda: questions.answer_questions(
            customer_id=customer.pk,
            answers=form.changed(),
            now=timezone.now(),
            actor=actor_of(request),
        ),
        said=_("The answers are written down."),
    ):
        return redirect("customers:customer-about", customer.public_id)
    title, button = _("Questions"), _("Save the answers")
    return _form_page(request, customer, form, title, button, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def customer_consent(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write down that a customer agreed to something."""
    customer = customer_or_404(public_id)
    form = RecordConsent(request.POST if request.method == "POST" else None, today=_today())

    def act() -> Consent:
        said = form.cleaned_data
        return consents.record_consent(
            customer_id=customer.pk,
            purpose=said["purpose"],
            given_date=said["day"],
            how=said["how"],
            note=said["note"],
            now=timezone.now(),
            actor=actor_of(request),
        )

    if request.method == "POST" and done(
        request, form, act, said=_("The consent is written down."), field="purpose"
    ):
        return redirect("customers:customer-about", customer.public_id)
    title, button = _("Record a consent"), _("Record the consent")
    return _form_page(request, customer, form, title, button, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("customers.change_customer")
def consent_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write down that a customer does not agree any more."""
    rows = Consent.objects.select_related("customer__village__mini_grid")
    row = get_object_or_404(rows, public_id=public_id)
    form = WithdrawConsent(request.POST if request.method == "POST" else None, today=_today())

    def act() -> Consent:
        said = form.cleaned_data
        return consents.withdraw_consent(
            consent_id=row.pk, withdrawn_date=said["day"], how=said["how"], actor=actor_of(request)
        )

    if request.method == "POST" and done(request, form, act, said=_("The consent is withdrawn.")):
        return redirect("customers:customer-about", row.customer.public_id)
    title = _("Withdraw: %(what)s") % {"what": row.get_purpose_display()}
    return _form_page(
        request,
        row.customer,
        form,
        title,
        _("Withdraw the consent"),
        status=422 if form.errors else 200,
    )


def _today() -> dt.date:
    return today_in(current_company().timezone, timezone.now())
