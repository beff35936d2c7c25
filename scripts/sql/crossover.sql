-- The crossover on each machine: from how many children on a spawned one is cheaper, where they are woken one at a time on one
-- thread. Behind the last number of children at which `spawn` takes longer, linear in the logarithm of that number: null where it
-- still does at the most that were measured, no line where it never does.
--   duckdb -c ".read scripts/sql/crossover.sql"     in a folder with machines.parquet
WITH curve AS (
    SELECT
        machine,
        tasks,
        ln(ratio) AS log,
        lead(tasks) OVER over_tasks AS next_tasks,
        lead(ln(ratio)) OVER over_tasks AS next_log
    FROM 'machines.parquet'
    WHERE status = 'ok' AND workload = 'wake' AND flavor = 'current_thread' AND site = 'worker' AND payload_bytes = 0
        AND strategy = 'spawn' AND reference = 'join'
    WINDOW over_tasks AS (PARTITION BY machine ORDER BY tasks)
),
before AS (
    SELECT machine, arg_max(curve, tasks) AS above
    FROM curve
    WHERE log > 0
    GROUP BY machine
)
SELECT
    machine,
    round(exp(ln(above.tasks) + ln(above.next_tasks / above.tasks) * above.log / (above.log - above.next_log)), 1) AS crossover
FROM before
ORDER BY machine;
