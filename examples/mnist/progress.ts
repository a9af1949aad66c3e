import cliProgress from "cli-progress";
import type { Watcher } from "./training.js";

const REFRESH_MILLISECONDS = 100;

/** Shows how a training comes along. */
export interface Progress {
  readonly watch: Watcher;
  stop(): void;
}

/** A bar on a terminal, and elsewhere a line an epoch. */
export function showProgress(name: string, stepsPerEpoch: number): Progress {
  return process.stderr.isTTY ? showBar(name) : showLines(name, stepsPerEpoch);
}

function showBar(name: string): Progress {
  const bar = new cliProgress.SingleBar(
    {
      format: `${name.padEnd(17)} {bar} {value}/{total} steps, loss {loss}`,
      stream: process.stderr,
      barsize: 30,
      clearOnComplete: true,
      hideCursor: true,
    },
    cliProgress.Presets.shades_classic,
  );
  let shown = 0;
  return {
    watch(step, steps, loss) {
      if (step === 1) bar.start(steps, 0, { loss: "" });
      bar.update(step, { loss: loss.toFixed(3) });
      // A bar redraws on a timer, which steps that never wait would hold back.
      if (performance.now() - shown < REFRESH_MILLISECONDS) return;
      bar.render();
      shown = performance.now();
    },
    stop() {
      bar.stop();
    },
  };
}

function showLines(name: string, stepsPerEpoch: number): Progress {
  return {
    watch(step, steps, loss) {
      if (step % stepsPerEpoch !== 0) return;
      const [epoch, epochs] = [step / stepsPerEpoch, steps / stepsPerEpoch];
      process.stderr.write(`${name.padEnd(17)} epoch ${epoch}/${epochs}, training loss ${loss.toFixed(3)}\n`);
    },
    stop() {},
  };
}
