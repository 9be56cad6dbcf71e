"""How operators speak: each call as bytes, and our word in the answer."""

import datetime as dt
from dataclasses import dataclass, field

from sandbox.addresses import ACCOUNTS, Account
from sandbox.paying import Operator
from sandbox.paying import Payment as Wired
from sandbox.vendors.vodacom_mz import VodacomMozambique
from sandbox.vendors.vodacom_tz import VodacomTanzania
from sandbox.wire import Message, Said, post
from simulation.airtel import airtel_xml
from simulation.plan import Content, Payment
from simulation.site import Site

YES, NO, TAKEN, UNKNOWN = "yes", "no", "taken", "unknown"
ANSWER_SECONDS = 20.0
VALIDATION, NOTICE, ENQUIRY = "validation", "notice", "enquiry"
VODACOM: dict[str, Operator] = {
    operator.slug: operator for operator in (VodacomTanzania(), VodacomMozambique())
}
AIRTEL_STEPS = {VALIDATION: "validation", NOTICE: "process", ENQUIRY: "enquiry"}
VODACOM_STEPS = {
    "vodacom_tz": {NOTICE: "request"},
    "vodacom_mz": {VALIDATION: "validate", NOTICE: "process", ENQUIRY: "query"},
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call and our answer. ``word`` is yes, no, taken (our word comes in a result) or unknown."""

    company: str
    operator: str
    reference: str
    step: str
    content: Content
    http: int
    text: str
    word: str
    told: dict[str, str] = field(default_factory=dict)


def call(
    site: Site,
    company: str,
    payment: Payment,
    step: str,
    content: Content,
    *,
    at: dt.datetime,
    told: dict[str, str] | None = None,
) -> Call:
    """Make one call as its operator does and read our word.

    :param at: when the payer paid: repeats of a call have the same bytes
    :param told: what our answer to the validation wants to hear again
    """
    message = _message(site, company, payment, step, content, at=at, told=told or {})
    said = post(step, message, timeout_seconds=ANSWER_SECONDS)
    word, heard = _word(payment.operator, said)
    return Call(
        company,
        payment.operator,
        payment.reference,
        step,
        content,
        said.status,
        said.answer,
        word,
        heard,
    )


def _message(
    site: Site,
    company: str,
    payment: Payment,
    step: str,
    content: Content,
    *,
    at: dt.datetime,
    told: dict[str, str],
) -> Message:
    if payment.operator == "airtel":
        url = site.webhook(company, "airtel", AIRTEL_STEPS[step])
        return Message(url, {"Content-Type": "application/xml"}, _airtel(payment, step, content))
    action = VODACOM_STEPS[payment.operator][step]
    url = site.webhook(company, payment.operator, action)
    wired = Wired(
        payment.operator,
        payment.reference,
        payment.phone,
        "Neema",
        content.account,
        content.amount,
        at,
        told,
    )
    account = Account({action: url}, ACCOUNTS[payment.operator])
    return VODACOM[payment.operator].message(action, wired, account)


def _airtel(payment: Payment, step: str, content: Content) -> str:
    more = {"TXNID": payment.reference} if step == ENQUIRY else {}
    return airtel_xml(
        reference=payment.reference,
        amount=content.amount,
        account=content.account,
        phone=payment.phone.removeprefix("+255"),
        **more,
    )


def _word(operator: str, said: Said) -> tuple[str, dict[str, str]]:
    if said.status != 200 and (said.status >= 500 or not said.status):
        return UNKNOWN, {}
    if operator == "airtel":
        status = said.answer.partition("<STATUS>")[2].partition("</STATUS>")[0]
        return (YES if status == "200" else NO if status else UNKNOWN), {}
    verdict = VODACOM[operator].verdict(said)
    if verdict.is_yes is None:
        return UNKNOWN, {}
    if operator == "vodacom_tz":
        return (TAKEN if verdict.is_yes else UNKNOWN), {}
    return (YES if verdict.is_yes else NO), dict(verdict.told)
