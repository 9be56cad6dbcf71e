"""Airtel's report of a payment, and our answer to it, on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

USERNAME, PASSWORD = "jua", "airtel-pw"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the web server said to one call. ``status`` is Airtel's word: 200 is yes."""

    http: int
    headers: Mapping[str, str]
    text: str
    status: str
    seconds: float


def airtel_xml(
    *,
    reference: str,
    amount: str = "5000",
    account: str = "47000100011",
    phone: str = "754123456",
    password: str = PASSWORD,
    **more: str,
) -> str:
    """Write one call of Airtel's; ``more`` adds or replaces fields."""
    fields = {
        "TYPE": "C2B",
        "CUSTOMERMSISDN": phone,
        "CUSTOMERNAME": "Neema Bahati",
        "MERCHANTMSISDN": "689000111",
        "AMOUNT": amount,
        "PIN": "",
        "REFERENCE": account,
        "USERNAME": USERNAME,
        "PASSWORD": password,
        "REFERENCE1": reference,
        **more,
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<COMMAND>{inner}</COMMAND>"


def read_answer(answer: requests.Response) -> Answer:
    """Read an answer; ``status`` is empty when it is none of Airtel's."""
    text = answer.text
    status = text.partition("<STATUS>")[2].partition("</STATUS>")[0]
    seconds = answer.elapsed.total_seconds()
    return Answer(answer.status_code, answer.headers, text, status, seconds)
