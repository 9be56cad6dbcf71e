-- Posting by posting, each found by index: no plan can read the tables whole, however many rows a statement writes and
-- however small the tables were when the plan was made.
DO $do$ BEGIN EXECUTE format($sql$
CREATE OR REPLACE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
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

CREATE OR REPLACE FUNCTION ledger_entries_must_fit() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
DECLARE
    written bigint;
    total numeric;
    is_whole boolean;
BEGIN
    FOR written IN SELECT DISTINCT posting_id FROM added LOOP
        -- Rows of one transaction carry its number.
        SELECT sum(entry.amount), bool_and(entry.xmin = posting.xmin) INTO total, is_whole
        FROM %1$I.ledger_posting posting JOIN %1$I.ledger_entry entry ON entry.posting_id = posting.id
        WHERE posting.id = written;
        IF total <> 0 THEN
            RAISE EXCEPTION 'posting %% does not balance: %%', written, total
                USING ERRCODE = 'check_violation';
        END IF;
        IF NOT is_whole THEN
            RAISE EXCEPTION 'posting %% is written: it takes no more entries', written
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
$sql$, current_schema()); END $do$;

