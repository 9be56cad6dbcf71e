"""What reached which phone."""

from collections import Counter
from collections.abc import Iterator

from simulation.case import Case, Violation
from simulation.evidence import Row
from simulation.plan import MAKERS

MOST_OF_ONE = 2
SENT = ("sent", "delivered")


def check(case: Case) -> Iterator[Violation]:
    """Every issued token is on its customer's phone, as it was made; a second time only after a fault."""
    arrived = Counter((each["phone"], each["text"]) for each in case.found.messages)
    yield from _strangers(case, arrived)
    for row in case.rows["messages"]:
        yield from _message(case, row, arrived)
    for row in case.settled:
        yield from _told(case, row)
    yield from _extras(case, arrived)


def _strangers(case: Case, arrived: Counter[tuple[str, str]]) -> Iterator[Violation]:
    ours = {(row.phone, row.text) for row in case.rows["messages"]}
    phones = {*case.phones.values(), *(payment.phone for payment in case.company.payments)}
    for phone, text in arrived:
        if phone not in phones or not text.startswith(f"{case.found.name}:"):
            yield case.violation("message of another company", phone, text)
        elif (phone, text) not in ours:
            yield case.violation("message nobody wrote", phone, text)


def _message(case: Case, row: Row, arrived: Counter[tuple[str, str]]) -> Iterator[Violation]:
    count = arrived[row.phone, row.text]
    if row.state in SENT and not count:
        yield case.violation("message never handed over", row.public_id, row)
    if count > MOST_OF_ONE:
        yield case.violation("message sent too often", row.public_id, (count, row.text))
    if row.state == "failed" and not _may_fail(row):
        yield case.violation("message given up without a reason", row.public_id, row)
    if row.state not in {*SENT, "failed"}:
        yield case.violation("message not finished", row.public_id, (row.state, row.paused_reason))


def _may_fail(row: Row) -> bool:
    """Nobody knew twice whether it was sent: that is for a person, who finds it in the inbox."""
    return bool(row.unknown_outcomes >= MOST_OF_ONE and row.dismissed_at is None)


def _told(case: Case, payment: Row) -> Iterator[Violation]:
    """The customer of a settled payment has the token of each issued order, or another word."""
    messages = [row for row in case.rows["messages"] if row.source_id == payment.id]
    orders = case.order_of.get(payment.id, [])
    device = case.device_by_id[payment.device_id]
    phone = case.phones[device.customer] if device.customer is not None else ""
    if not orders and not any(row.phone == phone for row in messages):
        yield case.violation("customer not told", payment.reference, "settled without a message")
    tokens = [row for row in messages if row.purpose == "token"]
    for order in orders:
        if order.state != "issued":
            if tokens:
                yield case.violation("token told that is not issued", payment.reference, tokens)
            continue
        shown = display(device.maker, order.token)
        mine = [row for row in tokens if row.phone == phone]
        if len(mine) != 1 or shown not in mine[0].text or payment.reference not in mine[0].text:
            yield case.violation(
                "token told differs from token issued", payment.reference, (shown, mine)
            )
    for number, count in Counter(row.phone for row in tokens).items():
        if count > 1:
            yield case.violation("token written twice", payment.reference, (number, count))


def display(maker: str, token: str) -> str:
    """Return a token as customers read it: meters in groups of four, kits as it came."""
    if MAKERS[maker].sells_days:
        return token
    return " ".join(token[i : i + 4] for i in range(0, len(token), 4))


def _extras(case: Case, arrived: Counter[tuple[str, str]]) -> Iterator[Violation]:
    """One SMS too many at most for each death and each answer that was lost."""
    extra = sum(count - 1 for count in arrived.values())
    lost = sum(each.kind == "http500_after_charge" for each in case.company.sms_wrongs)
    # Of a pool that falls as a whole, each process may have been handing one over.
    excuses = case.evidence.deaths * MOST_OF_ONE + lost
    if extra > excuses:
        yield case.violation(
            "more second messages than faults", case.company.slug, (extra, excuses)
        )
