// What the program of a peer does, as commands: see programs/protocol.py.

const CHUNK = 5_000;
const TELL_MILLISECONDS = 50;
const WARM_UPS = 3;

const now = () => process.hrtime.bigint();
const seconds = (started) => Number(now() - started) / 1e9;
const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Args of the size common in practice: some 150 bytes of JSON. */
const errand = (number, isStamped = false) => ({
  number,
  user: "user-0000000000000000",
  note: "n".repeat(90),
  is_stamped: isStamped,
});

/** Runs the command of the command line on a peer that is opened with the DSN and the most connections it may need. */
export async function main(open) {
  const [dsn, command, ...rest] = process.argv.slice(2);
  const numbers = rest.map(Number);
  const peer = await open(dsn, command === "single" ? numbers[1] : 4, command);
  await commands[command](peer, ...numbers);
  await peer.close();
  process.exit(0);
}

const commands = {
  install: (peer) => peer.install(),
  many: (peer, count) => many(peer, count, false),
  later: (peer, count) => many(peer, count, true),

  async single(peer, count, tasks) {
    const writer = async (some) => {
      for (let number = 0; number < some; number++) await peer.storeOne(errand(number));
    };
    const all = (some) => Promise.all(Array.from({ length: tasks }, () => writer(some)));
    await all(WARM_UPS);
    const started = now();
    await all(Math.floor(count / tasks));
    console.log(seconds(started));
  },

  async drip(peer, count, milliseconds) {
    for (let number = 0; number < count; number++) {
      console.log(number, now().toString());
      await peer.storeOne(errand(number, true));
      await rest(milliseconds);
    }
  },

  async work(peer) {
    let done = 0;
    let told = 0;
    const ran = (args) => {
      done++;
      if (args.is_stamped) console.log("start", args.number, now().toString());
    };
    const teller = setInterval(() => {
      if (done !== told) console.log(now().toString(), (told = done));
    }, TELL_MILLISECONDS);
    await peer.work(ran);
    console.error("worker is running");
    process.stdin.resume();
    await new Promise((resolve) => process.stdin.once("end", resolve));
    clearInterval(teller);
  },
};

async function many(peer, count, isLater) {
  const chunks = [];
  for (let start = 0; start < count; start += CHUNK) {
    chunks.push(Array.from({ length: Math.min(CHUNK, count - start) }, (_, n) => errand(start + n)));
  }
  const started = now();
  for (const chunk of chunks) await peer.storeMany(chunk, isLater);
  console.log(seconds(started));
}
