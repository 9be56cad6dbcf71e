"""What operators are told: validation, processing, enquiry, repeats, conflicts."""

import json
from decimal import Decimal as D

import pytest
from django.test import Client
from django.utils import timezone

from devices.models import TariffVersion
from ledger.models import Account, Posting
from ledger.selectors import balance
from payments import services
from payments.models import Callback, Conflict, OperatorResult, Payment
from plugins.models import Connection
from tenants.models import DueWork
from vending.models import TokenOrder


def nothing_happened():
    return not Payment.objects.exists() and not Posting.objects.exists()


# --- validation ----------------------------------------------------------------------------------------


def test_a_payment_that_can_be_taken_is_validated_and_nothing_is_stored(world, airtel):
    said = airtel("validation", amount="5000")

    assert (said.http, said.status) == (200, "200")
    assert nothing_happened()
    assert Callback.objects.get().price == D(400)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"account": "11111111111"}, "Unknown device"),
        ({"amount": "0"}, "Invalid amount"),
        ({"amount": "10.001"}, "Invalid amount"),
        ({"amount": "99999999999999999"}, "Invalid amount"),
    ],
)
def test_a_validation_says_why_not(world, airtel, content, message):
    said = airtel("validation", **content)

    assert (said.http, said.status, said.message) == (200, "400", message)
    assert nothing_happened()


def test_a_device_without_customer_is_refused(world, airtel):
    world.meter.customer = None
    world.meter.save(update_fields=["customer"])

    assert airtel("validation").message == "Device has no customer"


def test_an_archived_customer_is_refused(world, airtel):
    world.neema.archived_at = timezone.now()
    world.neema.save(update_fields=["archived_at"])

    assert airtel("validation").message == "Customer is not active"


def test_the_minimum_is_compared_with_what_is_paid(world, airtel):
    TariffVersion.objects.update(minimum_purchase=D(1000))

    assert airtel("validation", amount="999").message == "Amount is below the minimum of TZS 1000"
    assert airtel("validation", amount="1000").status == "200"


@pytest.mark.parametrize("which", ["airtel", "maker"])
def test_a_plug_in_that_is_off_is_not_available(world, airtel, which):
    Connection.objects.filter(pk=getattr(world, which).pk).update(is_on=False)

    said = airtel("validation")

    assert said.status != "200"
    assert nothing_happened()


def test_a_validation_without_the_password_is_refused_and_kept(world, airtel):
    said = airtel("validation", password="wrong")

    assert (said.http, said.status) == (200, "401")
    assert Callback.objects.get().state == Callback.State.REFUSED


# --- processing ----------------------------------------------------------------------------------------


def test_money_for_an_unknown_device_is_returned_where_a_no_returns_it(world, airtel, work):
    said = airtel(account="11111111111")
    work()

    payment = Payment.objects.get()
    assert (said.status, payment.state) == ("400", "returned")
    assert not Posting.objects.exists()
    assert airtel(account="11111111111", reference=said.reference).text == said.text


def test_a_payment_that_was_never_validated_is_settled(world, pay):
    assert pay("5000").state == "settled"


def test_a_payment_below_the_minimum_is_spent_once_the_money_has_moved(world, pay):
    TariffVersion.objects.update(minimum_purchase=D(10000))

    assert pay("5000").state == "settled"
    assert TokenOrder.objects.get().quantity == D("12.5")


def test_a_plug_in_that_is_off_books_nothing(world, airtel):
    Connection.objects.filter(pk=world.airtel.pk).update(is_on=False)

    said = airtel()

    assert said.status not in {"", "200"}
    assert nothing_happened()
    assert Callback.objects.get().state == Callback.State.REFUSED


def test_unreadable_money_is_refused_and_kept(world, airtel):
    said = airtel(amount="5000.005")

    assert said.status == "400"
    assert nothing_happened()
    assert Callback.objects.get().reason == "Invalid amount"


def test_the_same_reference_for_another_device_is_a_conflict(world, airtel, work):
    airtel(reference="AT1")
    work()

    said = airtel(reference="AT1", account="47000100012")
    again = airtel(reference="AT1", account="47000100012")

    assert (said.status, again.status) == ("400", "400")
    assert Conflict.objects.get().account == "47000100012"
    assert Payment.objects.get().account == "47000100011"


def test_the_same_reference_at_another_operator_is_another_payment(world, airtel, work):
    other = Connection.objects.create(
        plugin="vodacom_tz",
        kind="payment",
        settings={"sp_id": "300300", "password_scheme": "hex-upper", "allowed_ips": []},
        secrets={"sp_password": "sp-secret"},
    )
    airtel(reference="7G1A2B3C4D")
    said = vodacom(other)
    work()

    assert said.status_code == 200
    assert Payment.objects.filter(reference="7G1A2B3C4D").count() == 2


def test_an_enquiry_tells_what_became_of_it(world, airtel, work):
    enquiry = "<COMMAND><TXNID>{}</TXNID><MSISDN>785123456</MSISDN><USERNAME>jua</USERNAME>" \
        "<PASSWORD>airtel-pw</PASSWORD></COMMAND>"  # fmt: skip
    client = Client(headers={"host": "jua.localhost"})
    done, returned = airtel(), airtel(account="1")
    work()

    def ask(reference):
        address = f"/webhooks/airtel/{world.airtel.webhook_key}/enquiry"
        said = client.post(address, enquiry.format(reference), content_type="text/xml")
        return said.content.decode().partition("<STATUS>")[2][:3]

    assert ask(done.reference) == "200"
    assert ask(returned.reference) == "404"
    assert ask("NOBODY") == "404"


@pytest.mark.parametrize("reference", ["", "R" * 65])
def test_a_reference_that_no_column_holds_is_refused_not_broken(mozambique, reference):
    said = mozambique("validate", **ORDER | {"referenceId": reference})

    assert 400 <= said.status_code < 500
    assert nothing_happened()


@pytest.mark.parametrize("letter", ["\0", "\ud800"], ids=["NUL", "half a letter"])
def test_a_letter_that_no_database_holds_is_refused_not_broken(mozambique, letter):
    for field in ("referenceId", "serialNumber", "payerPhoneNumber"):
        said = mozambique("validate", **ORDER | {field: f"A{letter}B"})
        assert 400 <= said.status_code < 500

    assert nothing_happened()


# --- the door ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["", "/"])
def test_an_address_works_with_and_without_a_slash(world, ending):
    client = Client(headers={"host": "jua.localhost"})
    address = f"/webhooks/airtel/{world.airtel.webhook_key}/process{ending}"

    assert client.post(address, "rubbish", content_type="text/xml").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/webhooks/airtel/wrong-key/process",
        "/webhooks/mpesa/{key}/process",
        "/webhooks/airtel/{key}/x",
    ],
)
def test_a_wrong_address_is_not_found(world, address):
    client = Client(headers={"host": "jua.localhost"})

    said = client.post(address.format(key=world.airtel.webhook_key), "x", content_type="text/xml")

    assert said.status_code == 404
    assert not Callback.objects.exists()


def test_an_address_of_one_company_means_nothing_at_another(world, taa):
    client = Client(headers={"host": "taa.localhost"})

    said = client.post(
        f"/webhooks/airtel/{world.airtel.webhook_key}/process", "x", content_type="text/xml"
    )

    assert said.status_code == 404


def test_a_body_over_the_limit_is_turned_away(world):
    client = Client(headers={"host": "jua.localhost"})
    address = f"/webhooks/airtel/{world.airtel.webhook_key}/process"

    said = client.post(address, "x" * 70_000, content_type="text/xml")

    assert said.status_code == 413
    assert not Callback.objects.exists()


def test_work_is_announced_with_the_payment(world, jua, airtel):
    DueWork.objects.all().delete()

    airtel()

    assert [w.kind for w in DueWork.objects.filter(company=jua)] == ["line"]


# --- Vodacom Tanzania: the verdict goes by a call of its own ---------------------------------------------


def vodacom(connection, *, account="47000100011", amount="5000", receipt="7G1A2B3C4D"):
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<mpesaBroker xmlns="http://infowise.co.tz/broker/" version="2.0"><request>
 <serviceProvider><spId>300300</spId>
 <spPassword>MzgwMkJBMzg5OEVBREVBOEE2MUE0NDQ2MjFGMjJEMjQxNDk5MUYxNEM5QjM5RjVDNTFGOTlCQjM2Rjg3MjAwQQ==</spPassword>
 <timestamp>20250701101500</timestamp></serviceProvider>
 <transaction><amount>{amount}</amount><commandID>Pay Bill</commandID>
  <initiator>255754123456</initiator><conversationID>c-0001</conversationID>
  <originatorConversationID>o-0001</originatorConversationID><recipient>300300</recipient>
  <mpesaReceipt>{receipt}</mpesaReceipt><transactionDate>2025-07-01 10:15:00</transactionDate>
  <accountReference>{account}</accountReference><transactionID>T0001</transactionID>
 </transaction></request></mpesaBroker>"""
    client = Client(headers={"host": "jua.localhost"})
    address = f"/webhooks/vodacom_tz/{connection.webhook_key}/request"
    return client.post(address, body, content_type="text/xml")


@pytest.fixture
def broker(world):
    return Connection.objects.create(
        plugin="vodacom_tz",
        kind="payment",
        settings={
            "sp_id": "300300",
            "password_scheme": "hex-upper",
            "allowed_ips": [],
            "request_url": "https://broker.test/result",
        },
        secrets={"sp_password": "sp-secret"},
    )


def test_a_result_is_owed_with_the_booking_and_a_no_returns_the_money(broker, work):
    yes, no = vodacom(broker), vodacom(broker, account="11111111111", receipt="7G2")
    work()

    results = {r.payment.reference: r.is_accepted for r in OperatorResult.objects.all()}
    assert (yes.status_code, no.status_code) == (200, 200)
    assert results == {"7G1A2B3C4D": True, "7G2": False}
    assert Payment.objects.get(reference="7G2").state == "returned"


def test_a_result_is_repeated_until_it_is_confirmed_and_never_turned(broker):
    import requests
    import responses

    vodacom(broker)
    result = OperatorResult.objects.get()
    confirming = (
        "<mpesaBroker><response><responseCode>0</responseCode>"
        "<serviceStatus>Confirming</serviceStatus></response></mpesaBroker>"
    )
    with responses.RequestsMock() as mock:
        mock.add("POST", "https://broker.test/result", body=requests.ReadTimeout("silence"))
        services.report_result(result.pk)
        result.refresh_from_db()
        first = (result.state, result.is_accepted, result.attempts, result.available_at is not None)
        mock.replace("POST", "https://broker.test/result", body=confirming)
        services.report_result(result.pk)
        sent = [call.request.body for call in mock.calls]

    result.refresh_from_db()
    assert first == ("owed", True, 1, True)
    assert (result.state, result.attempts) == ("confirmed", 2)
    assert len(sent) == 2
    services.report_result(result.pk)
    result.refresh_from_db()
    assert result.attempts == 2


def test_a_repeated_request_has_its_result_sent_again(broker):
    vodacom(broker)
    OperatorResult.objects.update(state="confirmed", available_at=None)

    vodacom(broker)

    assert OperatorResult.objects.get().state == "owed"
    assert Payment.objects.count() == 1


# --- Vodacom Mozambique: the amount comes with the validation only ---------------------------------------


@pytest.fixture
def mozambique(world):
    connection = Connection.objects.create(
        plugin="vodacom_mz",
        kind="payment",
        settings={"allowed_ips": []},
        secrets={"inbound_key": "test-api-key-of-the-company"},
    )
    client = Client(headers={"host": "jua.localhost"})

    def call(action, **body):
        return client.post(
            f"/webhooks/vodacom_mz/{connection.webhook_key}/{action}",
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": "Bearer test-api-key-of-the-company"},
        )

    return call


ORDER = {
    "serialNumber": "47000100011",
    "amount": 5000,
    "payerPhoneNumber": "258841234567",
    "referenceId": "ORD-77-A1",
}


def test_a_validation_is_kept_and_its_process_books_the_amount(mozambique, work):
    validated = mozambique("validate", **ORDER).json()["data"]
    before = Payment.objects.get().state
    body = {"referenceId": "ORD-77-A1", "transactionId": validated["transactionId"]}
    processed, again = mozambique("process", **body), mozambique("process", **body)
    work()

    payment = Payment.objects.get()
    assert (before, payment.state, payment.amount) == ("validated", "settled", D(5000))
    assert processed.status_code == again.status_code == 200
    assert processed.json() == again.json()
    assert balance(Account.OPERATOR_CLEARING, payment.connection_id) == D(5000)


def test_a_process_without_a_validation_is_refused(mozambique):
    said = mozambique("process", referenceId="ORD-77-A1", transactionId="VOD-TXN-000123")

    assert said.status_code == 400
    assert nothing_happened()


def test_money_that_comes_after_its_validation_ended_waits_for_a_person(mozambique, work):
    validated = mozambique("validate", **ORDER).json()["data"]
    Payment.objects.update(expires_at=timezone.now())
    services.expire_validations(now=timezone.now())

    said = mozambique("process", referenceId="ORD-77-A1", transactionId=validated["transactionId"])
    work()

    payment = Payment.objects.get()
    assert (said.status_code, payment.state) == (200, "unmatched")
    assert balance(Account.SUSPENSE, payment.pk) == D(5000)


def test_an_unmatched_payment_is_assigned_by_a_person(mozambique, world, amina, work):
    validated = mozambique("validate", **ORDER).json()["data"]
    world.meter.customer = None
    world.meter.save(update_fields=["customer"])
    mozambique("process", referenceId="ORD-77-A1", transactionId=validated["transactionId"])
    payment = Payment.objects.get()
    unmatched = payment.state
    world.meter.customer = world.neema
    world.meter.save(update_fields=["customer"])

    services.assign_payment(
        payment_id=payment.pk, device_id=world.meter.pk, reason="She called", actor=amina
    )
    work()

    payment.refresh_from_db()
    assert (unmatched, payment.state, payment.customer) == ("unmatched", "settled", world.neema)
    assert TokenOrder.objects.get().state == "issued"
    with pytest.raises(services.AlreadyDecided):
        services.assign_payment(
            payment_id=payment.pk, device_id=world.meter.pk, reason="Again", actor=amina
        )
