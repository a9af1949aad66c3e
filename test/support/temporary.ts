import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * One folder for all that tests leave: workers are ended from outside, so what their processes would remove at their own end
 * stays.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "lowbit-test-"));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
