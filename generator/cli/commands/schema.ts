import { z } from "zod";
import { optimizerSchema } from "../../../spec/schema.js";
import type { Options } from "../options.js";
import { writeFiles } from "../output/files.js";

/** The JSON Schema that editors complete and check specs with, on stdout or in a file. */
export async function schema(options: Options): Promise<number> {
  const emitted = z.toJSONSchema(optimizerSchema, {
    io: "input",
    override: ({ jsonSchema }) => dropImpliedBounds(jsonSchema),
  });
  const text = `${JSON.stringify(emitted, null, 2)}\n`;
  const path = options.one("out");
  if (path === undefined) process.stdout.write(text);
  else writeFiles([{ path, data: text }]);
  return 0;
}

/** zod bounds every integer by what a JavaScript number holds, which tells a reader nothing. */
function dropImpliedBounds(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
}
