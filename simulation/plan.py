"""What one seed means: who pays what how often, what breaks when. Plain data, made by a pure function."""

import dataclasses
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulation import breaking

COMPANIES = ("jua", "taa")
MOST_SEEDS = 100_000
PAY_WITHIN_MS = 2000
PAYMENTS = 16
PRICES = ("400", "397.37", "1234.56", "999.99", "333.33", "77.77")
DAY_PRICES = ("500", "333.34")
SALE_PRICES = ("999", "3000", "12345", "50001")
ENOUGH = ("5000", "20000", "12347")
# Two payments more buy what a third bought of this maker: their tokens can be mistaken for each other.
TWINS_OF, TWINS = "calin_smart_meter", 2


@dataclass(frozen=True, slots=True)
class Maker:
    """A make of device, and what its maker can do about an unanswered call."""

    slug: str
    prefix: str
    can_be_asked: bool = False
    honours_number: bool = False
    is_local: bool = False
    sells_days: bool = False
    serial_digits: int = 11

    @property
    def is_undecidable(self) -> bool:
        """Whether only a person can say what became of an unanswered call."""
        return not (self.can_be_asked or self.honours_number or self.is_local)


MAKERS = {
    maker.slug: maker
    for maker in (
        Maker("calin_meter", "41"),
        Maker("sunking", "", sells_days=True, serial_digits=9),
        Maker("calin_smart_meter", "42", can_be_asked=True),
        Maker("sim_keyed", "43", honours_number=True),
        Maker("sim_remembering", "44", can_be_asked=True, honours_number=True),
        Maker("demo_meter", "45", is_local=True),
    )
}
TWIN = list(MAKERS).index(TWINS_OF)


@dataclass(frozen=True, slots=True)
class Sale:
    """A plan: sold some days ago in even parts that fall due every 30 days."""

    price: str
    instalments: int
    sold_days_ago: int


@dataclass(frozen=True, slots=True)
class Device:
    """A device with its price and fees. ``customer`` is None in stock. ``wrongs``: its maker's calls, in order."""

    serial: str
    maker: str
    customer: int | None
    price: str
    fee: str = "0"
    fee_days: int = 0
    assigned_days_ago: int = 1
    sale: Sale | None = None
    wrongs: tuple[breaking.Wrong, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with plans that have no device."""

    number: int
    phone: str
    debts: tuple[Sale, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What a notice says of the money."""

    account: str
    amount: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of one payer, and how its operator reports it.

    ``copies`` identical notices and those with ``tampered`` content leave at the same moment; ``late`` ones
    follow when all is done.
    """

    operator: str
    reference: str
    content: Content
    phone: str
    at_ms: int
    copies: int = 1
    tampered: tuple[Content, ...] = ()
    late: tuple[Content, ...] = ()
    asks_first: bool = False
    asks_afterwards: bool = False
    result_wrongs: tuple[breaking.Wrong, ...] = ()

    @property
    def contents(self) -> tuple[Content, ...]:
        """All that was said of this payment, the true content first."""
        return (self.content, *self.tampered, *self.late)


@dataclass(frozen=True, slots=True)
class Company:
    """One company's part; its references and serials are those of the other as well."""

    slug: str
    customers: tuple[Customer, ...]
    devices: tuple[Device, ...]
    payments: tuple[Payment, ...]
    sms_wrongs: tuple[breaking.Wrong, ...]

    def device(self, serial: str) -> Device | None:
        return next((each for each in self.devices if each.serial == serial), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one seed decides."""

    seed: int
    companies: tuple[Company, ...]
    breaks: tuple[breaking.Break, ...]

    @property
    def prefix(self) -> str:
        """How every reference of this plan begins."""
        return prefix_of(self.seed)

    @property
    def payments(self) -> int:
        return sum(len(company.payments) for company in self.companies)

    def company(self, slug: str) -> Company:
        return next(each for each in self.companies if each.slug == slug)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1)


def prefix_of(seed: int) -> str:
    return f"S{seed:05d}X"


def plan(seed: int, *, payments: int = PAYMENTS, breaks: bool = True) -> Plan:
    """Draw everything from the seed: the same seed gives the same plan.

    :param payments: per company
    :param breaks: whether processes and servers die; the vendors misbehave in any case
    """
    assert 0 <= seed < MOST_SEEDS
    draw = random.Random(seed)  # noqa: S311  no secret
    companies = tuple(_Drawing(seed, slug, draw).company(payments) for slug in COMPANIES)
    return Plan(seed, companies, breaking.breaks(draw) if breaks else ())


class _Drawing:
    """One company, drawn."""

    def __init__(self, seed: int, slug: str, draw: random.Random) -> None:
        self.seed, self.slug, self.draw = seed, slug, draw
        self.has_cents = slug == "jua"

    def company(self, payments: int) -> Company:
        customers = tuple(self._customer(number) for number in range(6))
        devices = tuple(self._devices())
        paid = tuple(self._payment(number, customers, devices) for number in range(payments))
        phones = [customer.phone for customer in customers]
        return Company(self.slug, customers, devices, paid, breaking.of_sms(self.draw, phones))

    def _customer(self, number: int) -> Customer:
        debts = tuple(self._sale() for _ in range(self.draw.choice((0, 0, 0, 1, 2))))
        # Each company's phones are its own, so that a message to another's is seen.
        operator = {"jua": "65", "taa": "67"}[self.slug]
        return Customer(number, f"+255{operator}{self.seed:06d}{number:01d}", debts)

    def _sale(self) -> Sale:
        return Sale(
            self.draw.choice(SALE_PRICES), self.draw.choice((3, 7)), self.draw.choice((35, 70, 100))
        )

    def _devices(self) -> list[Device]:
        makers = [*MAKERS, *self.draw.choices(list(MAKERS), k=4)]
        # One maker at least refuses, so that money goes back: never the one that computes here, which is last.
        refusing = self.draw.randrange(len(MAKERS) - 1)
        devices = [
            self._device(maker, number, refuses=number == refusing)
            for number, maker in enumerate(makers)
        ]
        return [*devices, self._in_stock(len(makers))]

    def _device(self, slug: str, number: int, *, refuses: bool) -> Device:
        draw, maker = self.draw, MAKERS[slug]
        has_fee = draw.random() < 0.4
        wrongs = breaking.of_maker(draw, slug)
        if number < len(MAKERS) and draw.random() < 0.3:
            wrongs = (*breaking.trying(draw, slug), *wrongs)
        if refuses:
            wrongs = (breaking.Wrong(slug, "refuse"), *wrongs)
        on_plan = maker.sells_days and draw.random() < 0.6
        return Device(
            serial=self._serial(maker, number),
            maker=slug,
            customer=draw.randrange(6),
            price=self._price(maker, number),
            fee=draw.choice(("250", "333")) if has_fee else "0",
            fee_days=30 if has_fee else 0,
            assigned_days_ago=draw.choice((35, 65, 100)) if has_fee else 1,
            sale=self._sale() if on_plan else None,
            wrongs=wrongs,
        )

    def _price(self, maker: Maker, number: int) -> str:
        # Twins buy the same only where nothing of their money is left over.
        if number == TWIN and self.draw.random() < 0.6:
            return PRICES[0]
        return self.draw.choice(DAY_PRICES if maker.sells_days else PRICES)

    def _in_stock(self, number: int) -> Device:
        maker = MAKERS["calin_meter"]
        return Device(self._serial(maker, number), maker.slug, None, PRICES[0])

    def _serial(self, maker: Maker, number: int) -> str:
        return f"{maker.prefix}{self.seed:05d}{number:04d}"

    def _payment(
        self, number: int, customers: tuple[Customer, ...], devices: tuple[Device, ...]
    ) -> Payment:
        draw = self.draw
        operator = draw.choices(("airtel", "vodacom_tz", "vodacom_mz"), (6, 3, 2))[0]
        content = self._content(number, operator, devices)
        other = self._someone_elses(content, devices, operator)
        return Payment(
            operator=operator,
            reference=f"{prefix_of(self.seed)}{number:03d}",
            content=content,
            phone=self._payer(operator, number, customers),
            at_ms=draw.randrange(PAY_WITHIN_MS),
            copies=draw.choice((1, 1, 2, 3, 8)),
            tampered=(other(),) if operator != "vodacom_mz" and draw.random() < 0.2 else (),
            late=self._late(content, other, operator),
            asks_first=operator == "vodacom_mz" or (operator == "airtel" and draw.random() < 0.3),
            asks_afterwards=operator != "vodacom_tz" and draw.random() < 0.2,
            result_wrongs=breaking.of_result(draw) if operator == "vodacom_tz" else (),
        )

    def _payer(self, operator: str, number: int, customers: tuple[Customer, ...]) -> str:
        if operator == "vodacom_mz":  # takes phones of Mozambique only
            network = {"jua": "84", "taa": "85"}[self.slug]
            return f"+258{network}{self.seed:05d}{number:02d}"
        return self.draw.choice(customers).phone

    def _content(self, number: int, operator: str, devices: tuple[Device, ...]) -> Content:
        """Each make of device is paid for once with enough for a token, one three times; the rest is chance."""
        if number < len(MAKERS):
            amount = ENOUGH[0] if number == TWIN else self.draw.choice(ENOUGH)
            return Content(devices[number].serial, amount)
        if number < len(MAKERS) + TWINS:
            return Content(devices[TWIN].serial, ENOUGH[0])
        return Content(self._account(devices), self._amount(operator))

    def _account(self, devices: tuple[Device, ...]) -> str:
        chance = self.draw.random()
        if chance < 0.06:
            return f"99{self.seed:05d}{self.draw.randrange(1000):04d}"  # nobody's
        if chance < 0.10:
            return devices[-1].serial  # in stock
        return self.draw.choice(devices[:-1]).serial

    def _amount(self, operator: str) -> str:
        amount = self.draw.choice((1000, 5000, 20000, self.draw.randrange(1, 400), 12347, 3001))
        cents = self.draw.choice(("", "", ".50", ".01"))
        return f"{amount}{cents if self.has_cents and operator == 'airtel' else ''}"

    def _someone_elses(
        self, content: Content, devices: tuple[Device, ...], operator: str
    ) -> Callable[[], Content]:
        def other() -> Content:
            if self.draw.random() < 0.5:
                more = Decimal(content.amount) + self.draw.choice((1, 10, 1000))
                return Content(content.account, f"{more}")
            others = [each.serial for each in devices if each.serial != content.account]
            return Content(self.draw.choice(others), content.amount)

        return other

    def _late(
        self, content: Content, other: Callable[[], Content], operator: str
    ) -> tuple[Content, ...]:
        chance = self.draw.random()
        if chance < 0.2:
            return (content,)
        if chance < 0.35 and operator != "vodacom_mz":
            return (other(), content)
        return ()


def as_dict(one: Any) -> dict[str, Any]:
    """Return a part of a plan as JSON can carry it."""
    found: dict[str, Any] = dataclasses.asdict(one)
    return found
