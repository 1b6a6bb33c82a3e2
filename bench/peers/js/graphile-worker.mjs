// graphile-worker: 24 jobs at a time, a local queue of 1,000, completions in batches: the best of four settings tried.

import { Logger, makeWorkerUtils, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { main } from "./protocol.mjs";

const logger = new Logger(() => () => {});
const tomorrow = () => new Date(Date.now() + 86_400_000);

await main(async (dsn, connections) => {
  const pgPool = new pg.Pool({ connectionString: dsn, max: Math.max(connections, 10) });
  pgPool.on("error", () => {});
  pgPool.on("connect", (client) => client.on("error", () => {}));
  let utils;
  let runner;
  const store = async () => (utils ??= await makeWorkerUtils({ pgPool, logger }));
  return {
    install: () => runMigrations({ pgPool, logger }),
    async storeMany(args, isLater) {
      const runAt = isLater ? tomorrow() : undefined;
      await (await store()).addJobs(args.map((payload) => ({ identifier: "errand", payload, runAt })));
    },
    async storeOne(args) {
      await (await store()).addJob("errand", args);
    },
    async work(ran) {
      runner = await run({
        pgPool,
        taskList: { errand: async (payload) => ran(payload) },
        noHandleSignals: true,
        preset: {
          worker: {
            concurrentJobs: 24,
            pollInterval: 1_000,
            localQueue: { size: 1_000 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
        logger,
      });
    },
    async close() {
      await runner?.stop();
      await utils?.release();
    },
  };
});
