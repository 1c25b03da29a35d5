// ClickHouse (npm package chdb) and DuckDB (@duckdb/node-api) for the benchmarks, each within this process. NODE_PATH says
// where the packages are.
//
//   node peers.js clickhouse|duckdb FOLDER load TABLE=ROWS …
//     a table user_no, ts, event, price, country, received_at, in order of (user_no, ts), of each file of generate_shop
//   node peers.js clickhouse|duckdb FOLDER run STATEMENT.sql …
//   node peers.js clickhouse|duckdb FOLDER measure THREADS ROUNDS QUERY.sql …
//     a line for each query: median of wall time and of CPU time of all threads in ms after one run to warm up, and the
//     answer, rows parted by ";" and values by ",", all tab-separated
'use strict';
const fs = require('fs');
const path = require('path');

const quoted = (text) => `'${text.replace(/'/g, "''")}'`;

async function openClickhouse(folder) {
  const { Session } = require('chdb');
  const session = new Session(path.join(folder, 'clickhouse'));
  let settings = '';
  return {
    async load(table, rows) {
      session.query(`DROP TABLE IF EXISTS ${table}`);
      session.query(`CREATE TABLE ${table} (user_no UInt32, ts DateTime64(3, 'UTC'), event LowCardinality(String), price Decimal(9, 2),
        country LowCardinality(String), received_at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY (user_no, ts)
        SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0`);
      session.query(`INSERT INTO ${table} SELECT * FROM file(${quoted(rows)}, TSV, 'user_no UInt32, ts DateTime64(3, ''UTC''),
        event LowCardinality(String), price Decimal(9, 2), country LowCardinality(String), received_at DateTime64(6, ''UTC'')')`);
      session.query(`OPTIMIZE TABLE ${table} FINAL`);
    },
    async threads(count) {
      settings = ` SETTINGS max_threads = ${count}`;
    },
    async answer(sql) {
      return session.query(sql + settings, 'TSV').trimEnd().replace(/\t/g, ',').replace(/\n/g, ';');
    },
    close: () => session.close(),
  };
}

async function openDuckdb(folder) {
  const { DuckDBInstance } = require('@duckdb/node-api');
  const instance = await DuckDBInstance.create(path.join(folder, 'duckdb'));
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    async load(table, rows) {
      await connection.run(`CREATE OR REPLACE TABLE ${table} AS SELECT * FROM read_csv(${quoted(rows)}, delim = '\t', header = false,
        columns = {user_no: 'UINTEGER', ts: 'TIMESTAMP', event: 'VARCHAR', price: 'DECIMAL(9, 2)', country: 'VARCHAR',
                   received_at: 'TIMESTAMP'})`);
      await connection.run('CHECKPOINT');
    },
    async threads(count) {
      await connection.run(`SET threads = ${count}`);
    },
    async answer(sql) {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRows().map((row) => row.join(',')).join(';');
    },
    close: () => connection.closeSync(),
  };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(engine, threads, rounds, file) {
  const sql = fs.readFileSync(file, 'utf8').trim().replace(/;$/, '');
  await engine.threads(threads);
  const walls = [];
  const cpus = [];
  let answer = await engine.answer(sql);
  for (let round = 0; round < rounds; ++round) {
    const cpu = process.cpuUsage();
    const begin = process.hrtime.bigint();
    const again = await engine.answer(sql);
    walls.push(Number(process.hrtime.bigint() - begin) / 1e6);
    const used = process.cpuUsage(cpu);
    cpus.push((used.user + used.system) / 1e3);
    if (again !== answer) answer += ' THEN ' + again;
  }
  console.log([median(walls).toFixed(1), median(cpus).toFixed(1), answer].join('\t'));
}

async function main([kind, folder, command, ...rest]) {
  const engine = await (kind === 'clickhouse' ? openClickhouse : openDuckdb)(folder);
  if (command === 'load') {
    for (const pair of rest) await engine.load(...pair.split('='));
  } else if (command === 'run') {
    for (const file of rest) await engine.answer(fs.readFileSync(file, 'utf8'));
  } else {
    const [threads, rounds, ...files] = rest;
    for (const file of files) await measure(engine, Number(threads), Number(rounds), file);
  }
  engine.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`${process.argv[2]}: ${error.message}`);
  process.exit(1);
});
