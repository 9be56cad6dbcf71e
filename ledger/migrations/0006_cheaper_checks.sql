-- Until here each entry was checked at commit by a query that was planned anew. Now one check for each statement that
-- writes entries, one for each posting at commit, both planned once. Tables are named with their schema: at commit
-- another company's search path may be in force, and a temporary table must not stand in for them. A plan that was made
-- while the tables were small must not read them whole when they are large, so rows are found by index only.
DROP TRIGGER posting_balances ON ledger_posting;
DROP TRIGGER entry_balances ON ledger_entry;
DROP FUNCTION ledger_must_balance();
DROP FUNCTION ledger_entry_must_balance();

DO $do$ BEGIN EXECUTE format($sql$
CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    total numeric;
    lines integer;
BEGIN
    SELECT coalesce(sum(amount), 0), count(*) INTO total, lines
    FROM %1$I.ledger_entry WHERE posting_id = NEW.id;
    IF total <> 0 OR lines < 2 THEN
        RAISE EXCEPTION 'posting %% does not balance: %% over %% entries', NEW.id, total, lines
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_entries_must_fit() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    wrong record;
BEGIN
    SELECT posting_id, sum(amount) AS total INTO wrong FROM %1$I.ledger_entry
    WHERE posting_id IN (SELECT posting_id FROM added)
    GROUP BY posting_id HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting %% does not balance: %%', wrong.posting_id, wrong.total
            USING ERRCODE = 'check_violation';
    END IF;
    -- Rows of one transaction carry its number.
    SELECT added.posting_id INTO wrong FROM added
    JOIN %1$I.ledger_entry entry ON entry.id = added.id
    JOIN %1$I.ledger_posting posting ON posting.id = added.posting_id
    WHERE posting.xmin <> entry.xmin LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting %% is written: it takes no more entries', wrong.posting_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
$sql$, current_schema()); END $do$;

CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_must_balance();
CREATE TRIGGER entries_fit AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_must_fit();
