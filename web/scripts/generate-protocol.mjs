// Writes src/wire/protocol.ts from schemas/protocol.json, the JSON Schema that the hub's own types give.
// With --check it writes nothing and fails when the file is not what it would write.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../schemas/protocol.json", import.meta.url));
const target = fileURLToPath(new URL("../src/wire/protocol.ts", import.meta.url));
const HEAD = "// Generated from schemas/protocol.json by scripts/generate-protocol.mjs. Do not edit.\n";

/** The TypeScript type of a schema; unions of tagged objects become unions of object types. */
export function typeOf(schema) {
  if (schema === true || schema === undefined) return "unknown";
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    const { $ref: _, ...rest } = schema;
    return rest.properties ? `${name} & ${objectOf(rest)}` : name;
  }
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const union = schema.oneOf ?? schema.anyOf;
  if (union) {
    const parts = [...new Set(union.map(typeOf))];
    // One word per variant, each with its own description.
    const joined =
      parts.length > 1
        ? parts.map((part) => (part.includes(" | ") ? `(${part})` : part)).join(" | ")
        : parts[0];
    return schema.properties ? `(${joined}) & ${objectOf(schema)}` : joined;
  }
  if (schema.allOf)
    return schema.allOf
      .map(typeOf)
      .map((part) => (part.includes(" | ") ? `(${part})` : part))
      .join(" & ");
  if (Array.isArray(schema.type)) {
    return [
      ...new Set(schema.type.map((type) => (type === "null" ? "null" : typeOf({ ...schema, type })))),
    ].join(" | ");
  }
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array": {
      const item = typeOf(schema.items);
      return item.includes(" ") ? `readonly (${item})[]` : `readonly ${item}[]`;
    }
    case "object":
      return objectOf(schema);
    default:
      return schema.properties ? objectOf(schema) : "unknown";
  }
}

function objectOf(schema) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const optional = !required.has(name);
    // An absent field is left out, never null.
    const type = optional ? typeOf(property).replace(/ \| null\b|\bnull \| /, "") : typeOf(property);
    return `readonly ${/^\w+$/.test(name) ? name : JSON.stringify(name)}${optional ? "?" : ""}: ${type};`;
  });
  if (fields.length === 0)
    return schema.additionalProperties ? "Readonly<Record<string, unknown>>" : "Record<string, never>";
  return `{ ${fields.join(" ")} }`;
}

/** The whole file: one exported type per definition, by name. */
export function protocolFile(schema) {
  const definitions = schema.$defs ?? schema.definitions ?? {};
  const types = Object.keys(definitions)
    .sort()
    .map((name) => {
      const { description, ...rest } = definitions[name];
      const comment = description
        ? `/** ${description.replace(/\s+/g, " ").replaceAll("*/", "* /")} */\n`
        : "";
      return `${comment}export type ${name} = ${typeOf(rest)};\n`;
    });
  return `${HEAD}\n${types.join("\n")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = protocolFile(JSON.parse(await readFile(source, "utf8")));
  if (process.argv.includes("--check")) {
    if ((await readFile(target, "utf8")) !== wanted) {
      console.error("src/wire/protocol.ts is stale: run `npm run protocol`");
      process.exit(1);
    }
  } else {
    await writeFile(target, wanted);
  }
}
