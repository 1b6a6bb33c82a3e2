// pg-boss: two workers with batches of 2,000, fetching on while batches come back full; a queue with NOTIFY.

import { PgBoss } from "pg-boss";
import { main } from "./protocol.mjs";

const QUEUE = "errand";

await main(async (connectionString, connections, command) => {
  const boss = new PgBoss({
    connectionString,
    max: Math.max(connections, 10),
    migrate: command === "install",
    supervise: false,
    schedule: false,
    useListenNotify: true,
  });
  boss.on("error", () => {});
  await boss.start();
  return {
    install: () => boss.createQueue(QUEUE, { notify: true }),
    async storeMany(args, isLater) {
      const startAfter = isLater ? 86_400 : undefined;
      await boss.insert(QUEUE, args.map((data) => ({ data, startAfter })));
    },
    async storeOne(args) {
      await boss.send(QUEUE, args);
    },
    async work(ran) {
      const options = { batchSize: 2_000, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
      await boss.work(QUEUE, options, async (jobs) => {
        for (const job of jobs) ran(job.data);
      });
    },
    close: () => boss.stop({ graceful: true, timeout: 5_000 }),
  };
});
