"""What people decide about payments: whose one is, returned ones, conflicts, what is tried in vain."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import may, requires
from accounts.models import User
from common.errors import DomainError
from common.filters import clean_query
from customers.models import Customer
from desk.decided import refused
from desk.forms import AssignPayment, CloseConflict, DismissPayments, ReasonForm
from desk.inbox import payments_returned
from desk.inbox_items.item import MOST
from desk.matching import matches
from desk.trace.raw import callback_raw
from desk.trace.writer import explain
from desk.views.addresses import refund_address, reversal_address
from desk.views.deciding import Question, act_on, actor_of, decide
from desk.views.payment import show_trace, writer
from devices.models import Device
from payments import services as payment_services
from payments.matching import device_typed
from payments.models import Callback, Conflict, Payment
from tenants.scope import current_company


@require_http_methods(["GET", "POST"])
@requires("payments.decide_payment")
def payment_assign(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Find the device, or the customer, that an unmatched payment was meant for."""
    payment = get_object_or_404(Payment.objects.select_related("connection"), public_id=public_id)
    form = AssignPayment(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        act = partial(_assign, payment, form, actor_of(request))
        done = _("Matched. The money is being settled now.")
        if act_on(request, form, act, target=payment.public_id, done=done):
            return redirect("desk:payment", payment.public_id)
    elif payment.state != Payment.State.UNMATCHED:
        return redirect("desk:payment", payment.public_id)
    text = clean_query(request.GET.get("q", ""))
    context = {
        "payment": payment,
        "reason": explain(payment.reason),
        "form": form,
        "chosen": form["to"].value() or request.GET.get("to", ""),
        "text": text,
        "found": matches(current_company(), payment, text),
        "refund_url": refund_address(payment, request.user),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/payment_assign.html", context, status=status)


def _assign(payment: Payment, form: AssignPayment, actor: User) -> None:
    kind, public_id = form.chosen()
    reason = form.cleaned_data["reason"]
    if kind == "device":
        device = get_object_or_404(Device.objects.only("pk"), public_id=public_id)
        payment_services.assign_payment(
            payment_id=payment.pk, device_id=device.pk, reason=reason, actor=actor
        )
    else:
        customer = get_object_or_404(Customer.objects.only("pk"), public_id=public_id)
        payment_services.keep_as_credit(
            payment_id=payment.pk, customer_id=customer.pk, reason=reason, actor=actor
        )


@require_http_methods(["GET", "POST"])
@requires("payments.decide_payment")
def payment_dismiss(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a returned payment off the inbox: somebody has seen it."""
    payment = get_object_or_404(Payment.objects.select_related("connection"), public_id=public_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    actor = actor_of(request)

    def act() -> None:
        reason = form.cleaned_data["reason"]
        payment_services.dismiss_returned(payment_id=payment.pk, actor=actor, reason=reason)

    done = _("Off the inbox. The payment itself was not touched.")
    question = _seen(payment)
    return decide(request, form, act, question, target=payment.public_id, done=done)


def _seen(payment: Payment) -> Question:
    write = writer()
    return Question(
        title=_("Take %(money)s off the inbox?") % {"money": write.money(payment.amount)},
        button=_("Take it off the inbox"),
        facts=[
            (_("Typed"), payment.account),
            (_("Our word"), explain(payment.reason)),
            (_("The money"), _("%(operator)s gives it back to the payer; nothing changes here.")
             % {"operator": payment.connection.label}),
        ],
        back_url=reverse("desk:payment", args=[payment.public_id]),
        crumb=_("The payment"),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@requires("payments.decide_payment")
def payments_dismiss(request: HttpRequest) -> HttpResponse:
    """Take many returned payments off the inbox with one reason; those that are ticked."""
    payments = payments_returned().select_related("connection").order_by("pk")[:MOST]
    form = DismissPayments(request.POST if request.method == "POST" else None, payments=payments)
    actor = actor_of(request)

    def act() -> None:
        for payment in form.chosen():
            payment_services.dismiss_returned(
                payment_id=payment.pk, actor=actor, reason=form.cleaned_data["reason"]
            )

    done = _("Off the inbox. The payments themselves were not touched.")
    if request.method == "POST" and act_on(request, form, act, target="", done=done):
        return redirect("desk:inbox")
    rows = [(each, explain(each.reason)) for each in form.offered]
    status = 422 if form.errors else 200
    context = {"form": form, "rows": rows, "ticked": form["payments"].value()}
    return render(request, "desk/payments_returned.html", context, status=status)


@require_POST
@requires("payments.retry_payment")
def payment_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have a payment settled now that could not be settled so far."""
    payment = get_object_or_404(Payment, public_id=public_id)
    act = partial(payment_services.retry_settling, payment_id=payment.pk, actor=actor_of(request))
    return _tried(request, payment, act)


@require_POST
@requires("payments.retry_payment")
def result_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Tell the operator our word on a payment again now."""
    payment = get_object_or_404(Payment, public_id=public_id, result__isnull=False)
    act = partial(
        payment_services.retry_result, result_id=payment.result.pk, actor=actor_of(request)
    )
    return _tried(request, payment, act)


def _tried(request: HttpRequest, payment: Payment, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except DomainError as refusal:
        said = refused(refusal, payment.public_id, writer())
        return show_trace(request, payment=payment, refusal=said)
    messages.success(request, _("It is tried again now."))
    return redirect("desk:payment", payment.public_id)


@require_http_methods(["GET", "POST"])
@requires("payments.decide_payment")
def result_close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop telling an operator our word on a payment: it knows it by another way."""
    payments = Payment.objects.select_related("connection", "result")
    payment = get_object_or_404(payments, public_id=public_id, result__isnull=False)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    actor = actor_of(request)

    def act() -> None:
        reason = form.cleaned_data["reason"]
        payment_services.close_result(result_id=payment.result.pk, reason=reason, actor=actor)

    facts = {"operator": payment.connection.label}
    question = Question(
        title=_("Stop telling %(operator)s?") % facts,
        button=_("Stop telling it"),
        facts=[
            (_("Our word"), _("stands: accepted") if payment.result.is_accepted
             else _("stands: not accepted")),
            (_("Told so far"), _("%(count)s times, never confirmed")
             % {"count": payment.result.attempts}),
            (_("Do this when"), _("%(operator)s has noted it by another way, such as a call.")
             % facts),
        ],
        back_url=reverse("desk:payment", args=[payment.public_id]),
        crumb=_("The payment"),
    )  # fmt: skip
    done = _("Closed. The operator is not told again by itself.")
    return decide(request, form, act, question, target=payment.public_id, done=done)


@require_http_methods(["GET"])
@requires("payments.view_payment")
def conflict(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    """Compare what was counted with what was reported again."""
    return _compare(request, _conflict_or_404(public_id, pk), CloseConflict())


@require_POST
@requires("payments.close_conflict")
def conflict_close(request: HttpRequest, public_id: UUID, pk: int) -> HttpResponse:
    row = _conflict_or_404(public_id, pk)
    form = CloseConflict(request.POST)
    actor = actor_of(request)

    def act() -> None:
        note = form.cleaned_data["note"]
        payment_services.close_conflict(conflict_id=row.pk, note=note, actor=actor)

    done = _("Closed. The payment that stands was not touched.")
    if act_on(request, form, act, target=row.pk, done=done):
        return redirect("desk:payment", public_id)
    return _compare(request, _conflict_or_404(public_id, pk), form)


def _conflict_or_404(public_id: UUID, pk: int) -> Conflict:
    conflicts = Conflict.objects.select_related(
        "payment__connection", "payment__customer", "payment__device", "callback__connection"
    )
    return get_object_or_404(conflicts, pk=pk, payment__public_id=public_id)


def _compare(request: HttpRequest, row: Conflict, form: CloseConflict) -> HttpResponse:
    payment, write = row.payment, writer()
    counted = _counted(payment)
    both = [counted, row.callback] if counted else []
    raws = [callback_raw(each, write) for each in both]
    context = {
        "conflict": row,
        "payment": payment,
        "form": form,
        "counted": counted,
        "raws": raws if may(request.user, "payments.view_raw_callback") else [],
        "other_amount": write.written_amount(row.amount),
        "other_device": device_typed(row.account),
        "may_close": may(request.user, "payments.close_conflict"),
        "reversal_url": reversal_address(payment, request.user),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/payment_conflict.html", context, status=status)


def _counted(payment: Payment) -> Callback | None:
    """Return the call that moved the money."""
    calls = payment.callbacks.select_related("connection")
    return calls.exclude(digest="").order_by("pk").first()
