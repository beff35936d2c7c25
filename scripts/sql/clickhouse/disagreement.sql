-- clickhouse local --queries-file scripts/sql/clickhouse/disagreement.sql     in a folder with machines.parquet
SELECT
    if(flavor = concat('multi_thread_', toString(cores)) AND cores > 1, replaceAll(`case`, flavor, 'multi_thread_cores'), `case`)
        AS measurement,
    strategy,
    countIf(verdict = 'slower') AS slower,
    countIf(verdict = 'faster') AS faster,
    argMax(machine, ratio) AS slowest_on,
    round(max(ratio), 3) AS most,
    argMin(machine, ratio) AS fastest_on,
    round(min(ratio), 3) AS least
FROM file('machines.parquet')
WHERE NOT control AND verdict IN ('slower', 'faster')
GROUP BY measurement, strategy
HAVING slower > 0 AND faster > 0
ORDER BY log(most / least) DESC, measurement, strategy;
