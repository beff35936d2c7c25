-- The worst disagreement: measurements that are surely slower on some machines and surely faster on others, the widest first, and
-- the machine at each end. multi_thread_cores is a runtime with as many workers as its machine has cores.
--   duckdb -c ".read scripts/sql/disagreement.sql"     in a folder with machines.parquet
SELECT
    CASE WHEN flavor = 'multi_thread_' || cores AND cores > 1 THEN replace("case", flavor, 'multi_thread_cores') ELSE "case" END
        AS measurement,
    strategy,
    count(*) FILTER (verdict = 'slower') AS slower,
    count(*) FILTER (verdict = 'faster') AS faster,
    arg_max(machine, ratio) AS slowest_on,
    round(max(ratio), 3) AS most,
    arg_min(machine, ratio) AS fastest_on,
    round(min(ratio), 3) AS least
FROM 'machines.parquet'
WHERE NOT control AND verdict IN ('slower', 'faster')
GROUP BY measurement, strategy
HAVING slower > 0 AND faster > 0
ORDER BY ln(most / least) DESC, measurement, strategy;
