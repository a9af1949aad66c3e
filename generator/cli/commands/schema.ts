import { z } from "zod";
import { optimizerSchema } from "../../../spec/schema.js";
import type { Options } from "../options.js";
import { writeFiles } from "../output/files.js";

/** The JSON Schema that editors complete and check specs with, on stdout or in a file. */
export async function schema(options: Options): Promise<number> {
  const text = `${JSON.stringify(z.toJSONSchema(optimizerSchema, { io: "input" }), null, 2)}\n`;
  const path = options.one("out");
  if (path === undefined) process.stdout.write(text);
  else writeFiles([{ path, data: text }]);
  return 0;
}
