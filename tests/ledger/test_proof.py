"""What the seals show when somebody gets past the triggers and changes the books."""

import contextlib
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.audit import audit
from accounts.chain import prove_audit_log, seal_audit_log
from accounts.models import AuditEntry
from common.chain import proving, sealing
from ledger.chain import BOOKS, seal_books
from ledger.models import Entry, Posting, Seal, SealedPosting
from ledger.proof import prove_books
from tests.ledger.test_sealing import write


@contextlib.contextmanager
def past_the_triggers():
    """What only an owner of the database can do: neither triggers nor keys hold."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor
        cursor.execute("SET LOCAL session_replication_role = origin")


def tamper(sql, *values):
    with past_the_triggers() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount >= 1, "nothing was changed"


def found(noted=""):
    _, violations = prove_books(noted=noted)
    return [(each.kind, each.row_id or each.position or each.seal) for each in violations]


@pytest.fixture
def sealed(jua):
    """Nine postings in three seals; returns their ids."""
    write(9)
    while sealing.seal_batch(BOOKS, batch=3):
        pass
    return list(Posting.objects.order_by("pk").values_list("pk", flat=True))


def test_sound_books_show_nothing(sealed):
    proof, violations = prove_books()

    assert violations == []
    assert (proof.sealed, proof.waiting) == (9, 0)
    assert proof.fingerprint == Seal.objects.get(number=3).fingerprint


def test_books_without_a_seal_show_nothing_but_what_waits(jua):
    write(2)

    proof, violations = prove_books()

    assert violations == []
    assert (proof.sealed, proof.waiting, proof.fingerprint) == (0, 2, "")
    assert proof.waiting_since <= timezone.now()


POSTING_CHANGES = {
    "public_id": "gen_random_uuid()",
    "event": "'returned'",
    "source": "'order'",
    "source_id": "source_id + 1",
    "memo": "'x'",
    "actor_name": "'Somebody else'",
    "occurred_at": "occurred_at - interval '1 microsecond'",
    "recorded_at": "recorded_at + interval '1 day'",
}
ENTRY_CHANGES = {
    "account": "'losses'",
    "subject_id": "NULL",
    "amount": "amount * 1.0001",
}


@pytest.mark.parametrize("which", range(9))
def test_the_changed_posting_is_named_wherever_it_stands(sealed, which):
    tamper("UPDATE ledger_posting SET memo = 'mended' WHERE id = %s", sealed[which])

    assert found() == [("changed", sealed[which])]


@pytest.mark.parametrize(("column", "value"), POSTING_CHANGES.items())
def test_every_column_of_a_posting_is_sealed(sealed, column, value):
    tamper(f"UPDATE ledger_posting SET {column} = {value} WHERE id = %s", sealed[4])

    assert found() == [("changed", sealed[4])]
    assert {field.column for field in Posting._meta.fields} - {"id"} == set(POSTING_CHANGES)


@pytest.mark.parametrize(("column", "value"), ENTRY_CHANGES.items())
def test_every_column_of_an_entry_is_sealed(sealed, column, value):
    tamper(f"UPDATE ledger_entry SET {column} = {value} WHERE posting_id = %s", sealed[4])

    assert found() == [("changed", sealed[4])]
    assert {f.column for f in Entry._meta.fields} - {"id", "posting_id"} == set(ENTRY_CHANGES)


def test_money_moved_between_two_postings_is_found_in_both(sealed):
    entries = [Entry.objects.filter(posting_id=sealed[n], amount__gt=0).get().pk for n in (1, 5)]
    tamper("UPDATE ledger_entry SET posting_id = %s WHERE id = %s", sealed[5], entries[0])

    assert found() == [("parts_removed", sealed[1]), ("parts_added", sealed[5])]


def test_entries_added_and_removed_are_told_apart(sealed):
    tamper(
        "INSERT INTO ledger_entry (posting_id, account, subject_id, amount)"
        " VALUES (%s, 'losses', NULL, 1), (%s, 'bank', NULL, -1)",
        sealed[2],
        sealed[2],
    )
    tamper("DELETE FROM ledger_entry WHERE posting_id = %s", sealed[6])

    assert found() == [("parts_added", sealed[2]), ("parts_removed", sealed[6])]


def test_a_posting_that_is_gone_is_named(sealed):
    tamper("DELETE FROM ledger_entry WHERE posting_id = %s", sealed[3])
    tamper("DELETE FROM ledger_posting WHERE id = %s", sealed[3])

    assert found() == [("missing", sealed[3])]


def test_a_posting_that_appears_behind_the_chain_is_named(sealed, monkeypatch):
    with past_the_triggers() as cursor:
        cursor.execute("UPDATE ledger_seal SET complete_to = %s", [sealed[-1]])
    early = sealed[0] - 1
    tamper(
        "INSERT INTO ledger_posting SELECT %s, gen_random_uuid(), event, source, source_id, memo, actor_name,"
        " occurred_at, recorded_at - interval '2 hours' FROM ledger_posting WHERE id = %s",
        early,
        sealed[0],
    )

    assert ("never_sealed", early) in found()
    assert seal_books() == 0, "sealing it would hide it"


FORGED = (
    "INSERT INTO ledger_posting SELECT %s, gen_random_uuid(), event, source, source_id, memo, actor_name,"
    " occurred_at, recorded_at + {later}::interval FROM ledger_posting WHERE id = %s"
)


def test_a_posting_behind_the_chain_cannot_hide_in_the_future(sealed):
    tamper(FORGED.format(later="'50 years'"), -5, sealed[0])

    assert found() == [("never_sealed", -5)]


@pytest.mark.parametrize("position", [-7, -1])
def test_a_posting_behind_the_chain_cannot_hide_behind_a_link_of_its_own(sealed, position):
    tamper(FORGED.format(later="'-2 hours'"), -5, sealed[0])
    tamper("INSERT INTO ledger_sealedposting VALUES (%s, 2, sha256('x'), -5)", position)

    assert ("unsealed_links", position) in found()


def test_entries_of_no_posting_are_named(sealed):
    tamper(
        "INSERT INTO ledger_entry (posting_id, account, subject_id, amount)"
        " VALUES (%s, 'losses', NULL, 1), (%s, 'bank', NULL, -1)",
        sealed[-1] + 1000,
        sealed[-1] + 1000,
    )

    assert found() == [("without_row", sealed[-1] + 1000)]


def test_a_straggler_that_a_person_looked_at_is_sealed_and_stands_in_the_audit_log(sealed, capsys):
    with past_the_triggers() as cursor:
        cursor.execute("DELETE FROM ledger_sealedposting WHERE position = 9")
        cursor.execute("DELETE FROM ledger_seal WHERE number = 3")
        cursor.execute("DELETE FROM ledger_sealedposting WHERE position > 6")
        cursor.execute("UPDATE ledger_seal SET complete_to = %s WHERE number = 2", [sealed[7]])
        cursor.execute("UPDATE ledger_posting SET recorded_at = recorded_at - interval '2 hours'")
    assert [name for name in found() if name[0] == "never_sealed"] == [
        ("never_sealed", sealed[6]),
        ("never_sealed", sealed[7]),
    ]

    call_command("seal_stragglers", "--company", "jua", "--json")

    assert json.loads(capsys.readouterr().out) == {"postings": sealed[6:8]}
    assert AuditEntry.objects.get(action="books.stragglers_sealed").facts == {
        "postings": f"{sealed[6]}, {sealed[7]}"
    }
    assert "never_sealed" not in {kind for kind, _ in found()}
    assert SealedPosting.objects.count() == 9


@pytest.mark.parametrize("position", [1, 2, 3, 4, 9])
def test_a_changed_fingerprint_is_told_from_a_changed_posting(sealed, position):
    tamper("UPDATE ledger_sealedposting SET hash = sha256('x') WHERE position = %s", position)

    named = found()

    assert ("fingerprint", sealed[position - 1]) in named
    assert {kind for kind, _ in named} <= {"fingerprint", "bad_seal"}


@pytest.mark.parametrize("position", [1, 5, 6])
def test_a_link_that_is_gone_is_named(sealed, position):
    tamper("DELETE FROM ledger_sealedposting WHERE position = %s", position)

    named = found()

    assert ("gap", position) in named
    assert {kind for kind, _ in named} <= {"gap", "bad_seal"}


def test_the_end_of_the_links_cannot_be_cut_off(sealed):
    tamper("DELETE FROM ledger_sealedposting WHERE position > 7")

    assert found() == [("bad_seal", 3)]


@pytest.mark.parametrize("number", [1, 2])
def test_a_seal_that_is_gone_is_missed(sealed, number):
    tamper("DELETE FROM ledger_seal WHERE number = %s", number)

    assert ("bad_seal", number + 1) in found()


@pytest.mark.parametrize(
    "change",
    [
        "sealed_at = sealed_at - interval '1 day'",
        "complete_to = complete_to + 1",
        "last_position = last_position + 100",
        "hash = sha256('x')",
    ],
)
def test_a_changed_seal_is_named(sealed, change):
    tamper(f"UPDATE ledger_seal SET {change} WHERE number = 2")

    assert ("bad_seal", 2) in found()


def test_links_without_their_seal_are_named(sealed):
    tamper("DELETE FROM ledger_seal WHERE number = 3")

    assert found() == [("unsealed_links", 7)]


def test_what_is_sealed_while_the_chain_is_proven_is_no_finding(sealed, monkeypatch):
    links = proving._links

    def links_and_then_a_seal(*args):
        yield from links(*args)
        write(3)
        assert seal_books() == 3

    monkeypatch.setattr(proving, "_links", links_and_then_a_seal)

    assert found() == []


def test_a_change_whose_fingerprint_was_made_anew_is_found_at_the_next_link(sealed):
    with past_the_triggers() as cursor:
        cursor.execute("UPDATE ledger_posting SET memo = 'x' WHERE id = %s", [sealed[3]])
        cursor.execute(
            "UPDATE ledger_sealedposting link SET hash = sha256("
            " (SELECT hash FROM ledger_seal WHERE number = 1) || convert_to(made.content, 'UTF8'))"
            f" FROM ({BOOKS.content.format(row=sealed[3])}) made WHERE position = 4"
        )

    assert found() == [("changed", sealed[4])]


def test_only_a_fingerprint_kept_outside_shows_that_everything_was_sealed_anew(sealed):
    noted = Seal.objects.get(number=3).fingerprint
    with past_the_triggers() as cursor:
        cursor.execute("UPDATE ledger_posting SET memo = 'x' WHERE id = %s", [sealed[8]])
        cursor.execute("DELETE FROM ledger_sealedposting; DELETE FROM ledger_seal")
    seal_books()

    assert found() == []
    assert found(noted=noted) == [("unknown_note", None)]


@pytest.mark.parametrize("digits", [12, 20, 64])
def test_an_earlier_fingerprint_is_still_known(sealed, digits):
    noted = Seal.objects.get(number=1).fingerprint

    assert found(noted=noted[:digits].upper()) == []


def test_the_very_row_that_was_written_later_is_named(fresh_company):
    write(3)
    seal_books()
    entry = Entry.objects.order_by("pk")[2]
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN; SET LOCAL session_replication_role = replica;"
            "UPDATE ledger_entry SET amount = amount + 1 WHERE id = %s; COMMIT",
            [entry.pk],
        )

    _, (violation,) = prove_books()

    assert violation.row_id == entry.posting_id
    assert violation.written_later == [("ledger_entry", entry.pk)]
    assert f"ledger_entry {entry.pk}" in violation.sentence


def test_many_changes_are_cut_at_a_hundred(jua, monkeypatch):
    monkeypatch.setattr(proving, "MOST_FINDINGS", 4)
    write(9)
    seal_books()
    tamper("UPDATE ledger_posting SET memo = 'x'")

    assert len(found()) == 4


@pytest.mark.parametrize("span", [1, 2, 4, 100])
def test_spans_find_the_same_whatever_their_length(sealed, monkeypatch, span):
    monkeypatch.setattr(proving, "SPAN", span)
    tamper("UPDATE ledger_posting SET memo = 'x' WHERE id IN (%s, %s)", sealed[3], sealed[4])
    tamper("DELETE FROM ledger_sealedposting WHERE position = 8")

    assert found() == [("changed", sealed[3]), ("changed", sealed[4]), ("gap", 8)]


# --- the command ---------------------------------------------------------------------------------------


def verify(capsys, *arguments):
    """Run the command; return its exit code and its JSON."""
    try:
        call_command("verify_books", "--json", *arguments)
        code = 0
    except CommandError as error:
        code = error.returncode
    return code, json.loads(capsys.readouterr().out)


def test_the_command_names_the_posting_for_people_and_programs(world, pay, capsys):
    payment = pay("5000")
    seal_books()
    posting = Posting.objects.get(event="settled")
    tamper("UPDATE ledger_posting SET memo = 'x' WHERE id = %s", posting.pk)

    code, said = verify(capsys, "--company", "jua")

    (problem,) = said["problems"]
    assert code == 1
    assert f"Posting {posting.pk} (settled, payment {payment.pk})" in said["error"]
    assert (problem["company"], problem["kind"]) == ("jua", "changed")
    assert (problem["posting"], problem["source"], problem["source_id"]) == (
        posting.pk, "payment", payment.pk,
    )  # fmt: skip


def test_the_command_says_in_what_the_books_end(world, pay, capsys):
    pay("5000")
    seal_books()

    code, said = verify(capsys, "--company", "jua")
    call_command("verify_books", "--company", "jua")

    (company,) = said["companies"]
    assert code == 0
    assert company["fingerprint"] == Seal.objects.get().fingerprint
    assert company["sealed"] == Posting.objects.count()
    assert company["fingerprint"] in capsys.readouterr().out


def test_without_a_name_every_company_is_verified(world, airtel, taa, capsys):
    airtel()

    connection.set_schema_to_public()
    _, said = verify(capsys)

    found = {each["company"]: each["waiting"] for each in said["companies"]}
    assert found["jua"] == 1
    assert found["taa"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--company", "nobody"],
        ["--noted", "a" * 12],
        ["--company", "jua", "--noted", "abc"],
        ["--company", "jua", "--noted", "x" * 64],
        ["--company", "jua", "--noted", "a" * 64],
    ],
)
def test_what_makes_no_sense_or_is_not_there_is_refused(jua, capsys, arguments):
    code, said = verify(capsys, *arguments)

    assert code == 1
    assert said["error"]


def test_the_audit_log_is_proven_as_well(world, amina, airtel, capsys):
    for number in range(3):
        audit(actor=amina, action="price.changed", target="Household", old=400, new=450 + number)
    assert seal_audit_log() == 3
    entry = AuditEntry.objects.order_by("pk")[1]
    assert prove_audit_log()[1] == []
    tamper("UPDATE accounts_auditentry SET facts = '{\"old\": 400}' WHERE id = %s", entry.pk)

    code, said = verify(capsys, "--company", "jua")

    (problem,) = said["problems"]
    assert code == 1
    assert (problem["chain"], problem["kind"]) == ("audit_log", "changed")
    assert f"Audit entry {entry.pk} (price.changed)" in problem["sentence"]


AUDIT_CHANGES = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "NULL",
    "actor_name": "'Somebody else'",
    "action": "'x'",
    "target": "'x'",
    "facts": "'{}'",
    "remote_ip": "'10.0.0.1'",
}


@pytest.mark.parametrize(("column", "value"), AUDIT_CHANGES.items())
def test_every_column_of_an_audit_entry_is_sealed(amina, column, value):
    entry = audit(actor=amina, action="price.changed", target="Household", old=400)
    seal_audit_log()
    tamper(f"UPDATE accounts_auditentry SET {column} = {value}")

    _, (violation,) = prove_audit_log()

    assert (violation.kind, violation.row_id) == ("changed", entry.pk)
    assert {field.column for field in AuditEntry._meta.fields} - {"id"} == set(AUDIT_CHANGES)


def test_links_know_their_posting(sealed):
    assert str(SealedPosting.objects.first()) == f"1: posting {sealed[0]}"
    assert str(Seal.objects.first()).startswith("1 ")
