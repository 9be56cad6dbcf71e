"""What people decide about token orders: in doubt, refused, waiting."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from desk import inbox
from desk.decided import refused
from desk.forms import Answer, DecideDoubt, ReasonForm, SettleDoubt
from desk.inbox_items.item import MOST
from desk.trace.writer import Writer, display_token, maker_name, sentence
from desk.views.deciding import Question, actor_of, ask, decide, once, was_sent_before
from desk.views.payment import show_trace, writer
from payments.models import Payment
from vending import services as vending_services
from vending.models import TokenOrder
from vending.services import safe_from


def address_of(order: TokenOrder) -> str:
    """Return the page on which an order stands."""
    if order.source == "payment":
        payment = Payment.objects.only("public_id").get(pk=order.source_id)
        return redirect("desk:payment", payment.public_id).url
    return redirect("desk:order", order.public_id).url


def _order_or_404(public_id: UUID) -> TokenOrder:
    orders = TokenOrder.objects.select_related("device__customer")
    return get_object_or_404(orders, public_id=public_id)


@require_http_methods(["GET", "POST"])
@requires("vending.decide_doubt")
def order_decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sum up what would happen. Nothing happens here, by GET or by POST."""
    order = _order_or_404(public_id)
    data = request.POST if request.method == "POST" else request.GET
    form = DecideDoubt(data, order=order)
    if form.is_valid():
        refusal = _too_early(order, form.cleaned_data["answer"], writer())
        if refusal:
            form.add_error("answer", refusal)
    if form.errors:
        return _trace_of(request, order, form)
    settle = SettleDoubt(
        initial={"answer": form.cleaned_data["answer"], "token": form.cleaned_data["token"]}
    )
    return _summary(request, order, settle, form.cleaned_data["answer"], form.cleaned_data["token"])


def _trace_of(
    request: HttpRequest, order: TokenOrder, form: DecideDoubt | None = None, refusal: str = ""
) -> HttpResponse:
    if order.source == "payment":
        payment = Payment.objects.get(pk=order.source_id)
        return show_trace(request, payment=payment, form=form, refusal=refusal)
    return show_trace(request, order=order, form=form, refusal=refusal)


def _too_early(order: TokenOrder, answer: str, write: Writer) -> str:
    """Say why a new order, or giving back, is not safe yet: the first call may still act."""
    until = safe_from(order)
    if answer == Answer.FOUND or not order.is_in_doubt or write.now >= until:
        return ""
    facts = {"maker": maker_name(order.device.manufacturer), "time": write.clock_seconds(until)}
    return (
        _("%(maker)s may still act on the first request until %(time)s. Look again after that.")
        % facts
    )


def _summary(
    request: HttpRequest, order: TokenOrder, form: forms.Form, answer: str, token: str
) -> HttpResponse:
    write = writer()
    order.token = token or order.token
    facts = {
        "token": display_token(order),
        "quantity": write.quantity(order),
        "device": order.device.label,
        "money": write.money(order.cost) if order.cost else "",
        "maker": maker_name(order.device.manufacturer),
        "customer": order.device.customer or _("the customer"),
        "is_free": order.without_payment,
    }
    title, button, lines = _SUMMARIES[Answer(answer)](facts)
    question = Question(
        title=title,
        button=button,
        facts=lines,
        back_url=address_of(order),
        crumb=order.device.label,
        action=reverse("desk:order-settle", args=[order.public_id]),
    )
    return ask(request, question, form)


Facts = dict[str, object]
Summary = tuple[str, str, list[tuple[str, str]]]


def _sum_found(facts: Facts) -> Summary:
    return (
        _("Use the token %(token)s?") % facts,
        _("Use this token"),
        [
            (_("For"), _("%(quantity)s on %(device)s") % facts),
            (_("Then"), _then_sold(facts)),
            (_("Cannot be undone"), _("A token that was sent cannot be called back.")),
        ],
    )


def _then_sold(facts: Facts) -> str:
    if facts["is_free"]:
        return _("%(customer)s gets it by SMS. Nothing is booked: nobody paid for it.") % facts
    return _("%(customer)s gets it by SMS, and the sale is booked.") % facts


def _sum_anew(facts: Facts) -> Summary:
    return (
        _("Order %(quantity)s again?") % facts,
        _("Order it again"),
        [
            (_("From"), str(facts["maker"])),
            (_("For"), str(facts["device"])),
            (
                _("If the first purchase exists after all"),
                _("it is bought twice, and the second one is the company's loss."),
            ),
        ],
    )


def _sum_back(facts: Facts) -> Summary:
    if not facts["money"]:
        left = _("the money stays on the plan, and unissued days stay owed.")
        if facts["is_free"]:
            left = _("nobody paid for it, so nothing is owed.")
        return (
            _("Close the order of %(quantity)s for %(device)s without a token?") % facts,
            _("Close the order"),
            [(_("Then"), left)],
        )
    return (
        _("Keep %(money)s as credit of %(device)s?") % facts,
        _("Keep it as credit"),
        [
            (_("Then"), _("no token is issued for it; the customer is told by SMS.")),
            (
                _("Later"),
                _("The credit is spent with the next payment, or by “Issue from credit”."),
            ),
        ],
    )


_SUMMARIES: dict[Answer, Callable[[Facts], Summary]] = {
    Answer.FOUND: _sum_found,
    Answer.ANEW: _sum_anew,
    Answer.BACK: _sum_back,
}


@require_POST
@requires("vending.decide_doubt")
def order_settle(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Do what was summed up."""
    order = _order_or_404(public_id)
    form = SettleDoubt(request.POST)
    if not form.is_valid():
        if "answer" in form.errors or "key" in form.errors:
            return redirect(address_of(order))
        return _summary(request, order, form, form["answer"].value(), form["token"].value() or "")
    said = form.cleaned_data
    refusal = _too_early(order, said["answer"], writer())
    try:
        done = not refusal and once(said["key"], lambda: _settle(order, said, actor_of(request)))
    except DomainError as error:
        refusal = refused(error, order.public_id, writer())
    if refusal:
        form.add_error(None, refusal)
        return _summary(request, order, form, said["answer"], said["token"])
    if done:
        messages.success(request, _DONE[Answer(said["answer"])]())
    else:
        was_sent_before(request)
    return redirect(address_of(order))


def _settle(order: TokenOrder, said: dict[str, str], actor: User) -> None:
    reason = said["reason"]
    match said["answer"]:
        case Answer.FOUND:
            vending_services.settle_doubt(
                order_id=order.pk, token=said["token"], reason=reason, actor=actor
            )
        case Answer.ANEW:
            vending_services.issue_anew(order_id=order.pk, reason=reason, actor=actor)
        case Answer.BACK:
            vending_services.give_back(order_id=order.pk, reason=reason, actor=actor)


_DONE: dict[Answer, Callable[[], str]] = {
    Answer.FOUND: lambda: _("The token is stored and on its way to the customer."),
    Answer.ANEW: lambda: _("Ordered again. The token comes in a moment."),
    Answer.BACK: lambda: _("Closed without a token. The money is kept for the customer."),
}


# --- an order that waits, or was refused -----------------------------------------------------------


@require_POST
@requires("vending.retry_order")
def order_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = _order_or_404(public_id)
    return _do(
        request,
        order,
        lambda: vending_services.resume_order(order_id=order.pk, actor=actor_of(request)),
        _("It is tried again now."),
    )


@require_http_methods(["GET", "POST"])
@requires("vending.decide_doubt")
def order_dismiss(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Leave a refused order as it is, its money as credit: nobody has to look any more."""
    order = _order_or_404(public_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    actor = actor_of(request)

    def act() -> None:
        reason = form.cleaned_data["reason"]
        vending_services.dismiss_refused(order_id=order.pk, actor=actor, reason=reason)

    done = _("It stays as it is and is off the inbox.")
    return decide(request, form, act, _leave(order), target=order.public_id, done=done)


def _leave(order: TokenOrder) -> Question:
    write = writer()
    facts = {"money": write.money(order.cost), "device": order.device.label}
    if order.cost:
        title, button = _("Leave %(money)s as credit of %(device)s?"), _("Leave it as credit")
        then = _("The credit is spent with the next payment, or by “Issue from credit”.")
    else:
        title, button = _("Leave the order for %(device)s as it is?"), _("Take it off the inbox")
        then = _("The money stays on the plan, and unissued days or the unlocking stay owed.")
    return Question(
        title=title % facts,
        button=button,
        facts=[
            (_("Refused because"), sentence(order.reason) or "–"),
            (_("Then"), _("no token is issued now.")),
            (_("Later"), then),
        ],
        back_url=address_of(order),
        crumb=order.device.label,
    )


@require_POST
@requires("vending.retry_order")
def orders_retry(request: HttpRequest, plugin: str) -> HttpResponse:
    """Have all orders to one manufacturer that wait beside a working connection tried again now."""
    orders = inbox.orders_paused_alone().filter(device__manufacturer=plugin)
    ids = list(orders.order_by("pk").values_list("pk", flat=True)[:MOST])
    count = vending_services.resume_orders(order_ids=ids, actor=actor_of(request))
    if count:
        said = ngettext(
            "One token is tried again now.", "%(count)s tokens are tried again now.", count
        )
        messages.success(request, said % {"count": count})
    else:
        messages.info(request, _("None waits any more: somebody was faster."))
    return redirect("desk:inbox")


def _do(
    request: HttpRequest, order: TokenOrder, act: Callable[[], object], done: str
) -> HttpResponse:
    """Act on an order and go back to its page; a refusal is shown there with 422."""
    try:
        act()
    except DomainError as refusal:
        said = refused(refusal, order.public_id, writer())
        return _trace_of(request, order, refusal=said)
    messages.success(request, done)
    return redirect(address_of(order))
