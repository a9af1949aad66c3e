import { type core, z } from "zod";
import { optimizerSchema } from "../../spec/schema.js";
import type { Path } from "./source.js";

/** Keys that a mapping at this place may have. */
export function knownKeys(path: Path): string[] {
  const objects = schemasAt(path).filter((schema) => schema instanceof z.ZodObject);
  return [...new Set(objects.flatMap(({ shape }) => Object.keys(shape)))];
}

/** Words that may stand at this place. */
export function knownWords(path: Path): string[] {
  const words = schemasAt(path).filter((schema) => schema instanceof z.ZodEnum);
  return words.flatMap(({ options }) => options.map(String));
}

/** What a value at this place may be: one schema, or each branch of a union. */
function schemasAt(path: Path): core.$ZodType[] {
  return path.reduce<core.$ZodType[]>(
    (schemas, part) => schemas.flatMap((schema) => children(schema, part)).flatMap(branches),
    branches(optimizerSchema),
  );
}

function children(schema: core.$ZodType, part: string | number): core.$ZodType[] {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, part) ? [schema.shape[part]] : [];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  return schema instanceof z.ZodArray ? [schema.element] : [];
}

function branches(schema: core.$ZodType): core.$ZodType[] {
  if (schema instanceof z.ZodOptional) return branches(schema.unwrap());
  return schema instanceof z.ZodUnion ? schema.options.flatMap(branches) : [schema];
}
