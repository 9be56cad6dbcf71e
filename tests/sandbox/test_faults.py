"""The switches: what the caller sees, and what was charged all the same."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

import pytest

BODY = {
    "user_id": "pos-user-01",
    "password": "calin-key-7f3a",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 12.5,
}


class Caller:
    """A plain client of a sandbox that listens."""

    def __init__(self, address):
        self.address = urlsplit(address).netloc

    def call(self, method, path, body=None, timeout=10):
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def buy(self, **kwargs):
        return self.call("POST", "/calin/api/tokennew", BODY, **kwargs)

    def fault(self, kind, **more):
        status, text = self.call(
            "POST", "/faults", {"vendor": "calin_meter", "fault": kind, "count": 1, **more}
        )
        assert status == 200, text

    def charges(self):
        return json.loads(self.call("GET", "/truth")[1])["charges"]


@pytest.fixture
def caller(live):
    return Caller(live)


@pytest.mark.parametrize(("kind", "charged"), [("silent_before", 0), ("silent_after", 1)])
def test_silence_closes_the_connection_without_a_byte(caller, kind, charged):
    caller.fault(kind)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        caller.buy()

    assert len(caller.charges()) == charged
    assert caller.buy()[0] == 200


def test_silence_may_hang_before_it_closes(caller):
    caller.fault("silent_after", seconds=5)

    with pytest.raises(TimeoutError):
        caller.buy(timeout=0.2)

    assert [one["answered"] for one in caller.charges()] == [False]


def test_an_answer_can_stop_half_way(caller):
    caller.fault("cut")

    with pytest.raises(http.client.IncompleteRead):
        caller.buy()

    assert len(caller.charges()) == 1


def test_an_answer_can_drip(caller):
    caller.fault("drip", seconds=0.002)
    started = time.monotonic()

    status, text = caller.buy()

    assert (status, json.loads(text)["result_code"]) == (200, 0)
    assert time.monotonic() - started >= 0.002 * len(text)


def test_a_late_charge_comes_after_the_caller_has_given_up(caller, until):
    caller.fault("late_charge", seconds=0.2)

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        caller.buy()

    assert caller.charges() == []
    [charge] = until(caller.charges)
    assert (charge["fault"], charge["answered"]) == ("late_charge", False)


def test_a_slow_answer_is_a_good_one(caller):
    caller.fault("slow", seconds=0.2)
    started = time.monotonic()

    _, text = caller.buy()

    assert time.monotonic() - started >= 0.2
    assert json.loads(text)["result_code"] == 0


@pytest.mark.parametrize(
    ("kind", "status", "charged"),
    [
        ("http500_before_charge", 500, 0),
        ("http500_after_charge", 500, 1),
        ("http400", 400, 0),
        ("http429", 429, 0),
        ("http503", 503, 0),
        ("malformed", 200, 1),
        ("redirect", 307, 0),
    ],
)
def test_http_faults(sandbox, kind, status, charged):
    sandbox.fault("calin_meter", kind, count=1)

    answer = sandbox.post("/calin/api/tokennew", BODY)

    assert answer.status_code == status
    assert len(sandbox.truth()["charges"]) == charged


@pytest.mark.parametrize(
    ("kind", "code", "result_length", "charged"),
    [
        ("refuse", "09", 0, 0),
        ("empty_balance", "05", 0, 0),
        ("wrong_key", "02", 0, 0),
        ("wrong_token_length", 0, 19, 1),
        ("code0_without_token", 0, 0, 1),
        ("odd_format", "00", 20, 1),
    ],
)
def test_faults_in_the_words_of_the_vendor(sandbox, kind, code, result_length, charged):
    sandbox.fault("calin_meter", kind, count=1)

    answer = sandbox.ask("/calin/api/tokennew", BODY)

    assert (answer["result_code"], len(answer["result"])) == (code, result_length)
    sold = sandbox.truth()["charges"]
    assert len(sold) == charged
    assert all(one["answered"] is (kind == "odd_format") for one in sold)


def test_a_counted_switch_goes_off_by_itself(sandbox):
    sandbox.fault("calin_meter", "refuse", count=2)

    codes = [sandbox.ask("/calin/api/tokennew", BODY)["result_code"] for _ in range(3)]

    assert codes == ["09", "09", 0]


def test_counted_switches_queue_up_before_the_lasting_one(sandbox):
    sandbox.fault("calin_meter", "wrong_key")
    sandbox.fault("calin_meter", "refuse", count=1)
    sandbox.fault("calin_meter", "empty_balance", count=1)

    codes = [sandbox.ask("/calin/api/tokennew", BODY)["result_code"] for _ in range(4)]

    assert codes == ["09", "05", "02", "02"]


def test_ok_switches_a_vendor_off_and_delete_switches_everything_off(sandbox):
    sandbox.fault("manufacturers", "refuse")

    sandbox.fault("calin_meter", "ok")
    left = [rule["vendor"] for rule in sandbox.get("/faults").get_json()["on"]]
    sandbox.client.delete("/faults")

    assert left == ["calin_smart_meter", "sunking"]
    assert sandbox.get("/faults").get_json()["on"] == []


def test_a_switch_for_one_device_leaves_the_others_alone(sandbox):
    sandbox.fault("calin_meter", "refuse", subject="47000100099")

    mine = sandbox.ask("/calin/api/tokennew", BODY)
    other = sandbox.ask("/calin/api/tokennew", BODY | {"meter_id": "47000100099"})

    assert (mine["result_code"], other["result_code"]) == (0, "09")


@pytest.mark.parametrize(
    "rule",
    [
        {"vendor": "nobody", "fault": "refuse"},
        {"vendor": "calin_meter", "fault": "lost"},
        {"vendor": "calin_meter", "fault": "refuse", "count": 0},
        {"vendor": "calin_meter", "fault": "refuse", "seconds": -1},
        {"vendor": "calin_meter", "fault": "refuse", "colour": "red"},
    ],
)
def test_a_switch_without_effect_is_refused(sandbox, rule):
    answer = sandbox.post("/faults", rule)

    assert answer.status_code == 400
    assert answer.get_json()["error"]


def test_who_follows_a_redirect_is_remembered(sandbox):
    sandbox.fault("calin_meter", "redirect", count=1)

    answer = sandbox.client.post("/calin/api/tokennew", json=BODY, follow_redirects=True)

    assert answer.status_code == 404
    [stray] = sandbox.truth()["strays"]
    assert stray["method"] == "POST"


def test_many_callers_at_once_get_a_token_each(caller):
    tokens, answers = set(), []
    threads = [threading.Thread(target=lambda: answers.append(caller.buy())) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    tokens = {json.loads(text)["result"] for _, text in answers}
    assert len(tokens) == 20
    assert {one["token"] for one in caller.charges()} == tokens
