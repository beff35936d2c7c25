-- clickhouse local --queries-file scripts/sql/clickhouse/machines.sql     in a folder with machines.parquet
SELECT
    `case`,
    strategy,
    countIf(status = 'ok') AS machines,
    countIf(verdict = 'slower') AS slower,
    countIf(verdict = 'faster') AS faster,
    countIf(verdict = 'same') AS same,
    round(exp(avg(log(ratio))), 3) AS centre,
    round(min(ratio), 3) AS least,
    round(max(ratio), 3) AS most
FROM file('machines.parquet')
WHERE NOT control
GROUP BY `case`, strategy
ORDER BY machines DESC, `case`, strategy;
