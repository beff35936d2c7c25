-- All machines: each measurement's verdicts over them, and the centre of their ratios.
--   duckdb -c ".read scripts/sql/machines.sql"     in a folder with machines.parquet
-- The same engine reads records too, without their export: read_json('results/machines/*/*.jsonl', …), see results/README.md.
SELECT
    "case",
    strategy,
    count(*) FILTER (status = 'ok') AS machines,
    count(*) FILTER (verdict = 'slower') AS slower,
    count(*) FILTER (verdict = 'faster') AS faster,
    count(*) FILTER (verdict = 'same') AS same,
    round(exp(avg(ln(ratio))), 3) AS centre,
    round(min(ratio), 3) AS least,
    round(max(ratio), 3) AS most
FROM 'machines.parquet'
WHERE NOT control
GROUP BY "case", strategy
ORDER BY machines DESC, "case", strategy;
