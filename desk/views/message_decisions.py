"""What people decide about an SMS: send it again, read it out, or leave it."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import may, requires
from common.errors import DomainError
from common.phone import NotAPhone, display_phone, parse_phone
from customers import services as customer_services
from customers.models import Customer
from desk.decided import decision_of
from desk.forms import DismissMessage, ResendMessage
from desk.views.deciding import act_on, actor_of, once, was_sent_before
from desk.views.payment import writer
from messaging import services
from messaging.badges import message_badge
from messaging.models import Message
from messaging.selectors import gateways_on
from payments.models import Payment
from tenants.scope import current_company
from vending.models import TokenOrder


@require_http_methods(["GET", "POST"])
@requires("messaging.resend_message")
def message_resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the same text again, to the same or another number; buys no token."""
    message = _message_or_404(public_id)
    reader = reader_of(message)
    form = ResendMessage(
        request.POST if request.method == "POST" else None,
        gateways=gateways_on(),
        may_correct=reader is not None and may(request.user, "customers.change_phone"),
    )
    if request.method == "POST" and _resend(request, message, form, reader):
        return redirect(_next(request))
    return _show(request, message, form, DismissMessage())


def _resend(
    request: HttpRequest, message: Message, form: ResendMessage, reader: Customer | None
) -> bool:
    """Do what the form says, once; return whether the page may leave."""
    if not form.is_valid():
        return False
    sent: list[Message] = []

    def act() -> None:
        _correct_phone(request, form, reader)
        sent.append(
            services.resend_message(
                message_id=message.pk,
                actor=actor_of(request),
                phone=form.cleaned_data["phone"],
                gateway=form.chosen(),
            )
        )

    try:
        key = form.cleaned_data["key"] or uuid4()
        is_new = once(key, act)
    except NotAPhone as refusal:
        form.add_error("phone", str(refusal))
        return False
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    if not is_new:
        was_sent_before(request)
        return True
    phone = display_phone(sent[0].phone)
    if sent[0].resent_by != str(actor_of(request)):
        facts = {"name": sent[0].resent_by, "phone": phone}
        text = _("%(name)s sent it again a moment ago, to %(phone)s. Nothing was sent twice.")
        messages.info(request, text % facts)
    else:
        messages.success(request, _("On its way again to %(phone)s.") % {"phone": phone})
    return True


def _correct_phone(request: HttpRequest, form: ResendMessage, reader: Customer | None) -> None:
    """:raises NotAPhone: the number cannot be read"""
    if reader is None or not form.cleaned_data.get("is_new_phone"):
        return
    customer_services.change_phone(
        customer_id=reader.pk,
        phone=parse_phone(form.cleaned_data["phone"], current_company().country),
        reason=_("An SMS did not reach the number before."),
        actor=actor_of(request),
    )


@require_POST
@requires("messaging.resend_message")
def message_dismiss(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an undelivered SMS off the inbox: it was read out, or nobody needs it."""
    message = _message_or_404(public_id)
    form = DismissMessage(request.POST)
    actor = actor_of(request)

    def act() -> None:
        reason = form.cleaned_data["reason"]
        services.dismiss_message(message_id=message.pk, actor=actor, reason=reason)

    done = _("Off the inbox. The SMS stays in the list.")
    if act_on(request, form, act, target=message.public_id, done=done):
        return redirect(_next(request))
    resend = ResendMessage(gateways=gateways_on(), may_correct=False)
    return _show(request, _message_or_404(public_id), resend, form)


def reader_of(message: Message) -> Customer | None:
    """Return the customer to whose number a message went; None when it went to somebody else."""
    customer = None
    if message.source == "payment":
        payment = (
            Payment.objects.select_related("customer").filter(pk=message.source_id or 0).first()
        )
        customer = payment.customer if payment else None
    elif message.source == "order":
        orders = TokenOrder.objects.select_related("device__customer")
        order = orders.filter(pk=message.source_id or 0).first()
        customer = order.device.customer if order else None
    return customer if customer and customer.phone == message.phone else None


def _show(
    request: HttpRequest, message: Message, form: ResendMessage, leave: DismissMessage
) -> HttpResponse:
    is_open = message.state == Message.State.FAILED and message.dismissed_at is None
    last = None if is_open else decision_of(message.public_id, writer())
    context = {
        "message": message,
        "badge": message_badge(message),
        "form": form,
        "leave": leave,
        "reader": reader_of(message),
        "is_open": is_open,
        "decided": last,
        "next": _next(request),
    }
    status = 422 if form.errors or leave.errors else 200
    return render(request, "desk/message_resend.html", context, status=status)


def _message_or_404(public_id: UUID) -> Message:
    return get_object_or_404(Message.objects.select_related("connection"), public_id=public_id)


def _next(request: HttpRequest) -> str:
    """Return where to go afterwards: a page of this host that was asked for, else the list."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if asked and is_ours else reverse("messaging:message-list")
