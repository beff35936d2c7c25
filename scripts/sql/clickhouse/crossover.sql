-- clickhouse local --queries-file scripts/sql/clickhouse/crossover.sql     in a folder with machines.parquet
WITH curves AS (
    SELECT
        machine,
        arraySort(groupArray((tasks, log(ratio)))) AS curve,
        arrayLastIndex(point -> point.2 > 0, curve) AS last
    FROM file('machines.parquet')
    WHERE status = 'ok' AND workload = 'wake' AND flavor = 'current_thread' AND site = 'worker' AND payload_bytes = 0
        AND strategy = 'spawn' AND reference = 'join'
    GROUP BY machine
)
SELECT
    machine,
    if(last = length(curve), NULL, round(exp(log(curve[last].1) + log(curve[last + 1].1 / curve[last].1)
        * curve[last].2 / (curve[last].2 - curve[last + 1].2)), 1)) AS crossover
FROM curves
WHERE last > 0
ORDER BY machine;
