// Shows the OpenAPI document as a page. Inserts everything as text.
import { base } from "./lib/base.js";

const byId = (id) => document.getElementById(id);

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function nameOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `list of ${nameOf(schema.items ?? {})}`;
  const limits = ["minimum", "maximum", "minLength", "maxLength", "maxItems", "pattern", "format"]
    .filter((limit) => limit in schema)
    .map((limit) => `${limit} ${schema[limit]}`);
  return [schema.type ?? "any JSON", ...limits].join(", ");
}

function table(headings, rows) {
  const body = element("tbody");
  for (const cells of rows) body.append(element("tr", "", ...cells.map((cell) => element("td", String(cell ?? "")))));
  const head = element("thead", "", element("tr", "", ...headings.map((heading) => element("th", heading))));
  const box = element("div", "", element("table", "", head, body));
  box.className = "scrolls";
  box.tabIndex = 0; // a keyboard must reach what scrolls
  return box;
}

function contentOf(holder) {
  return Object.entries(holder?.content ?? {})
    .map(([media, { schema }]) => `${media}: ${nameOf(schema ?? {})}`)
    .join("; ");
}

function showOperation(path, method, operation) {
  const label = element("span", method.toUpperCase());
  label.className = `method ${method}`;
  const summary = element("summary", "", label, element("code", path), element("span", operation.summary));
  const box = element("details", "", summary);
  if (operation.description) box.append(element("p", operation.description));
  if (operation.parameters.length) {
    box.append(
      table(
        ["Parameter", "In", "Type"],
        operation.parameters.map(({ name, in: place, schema }) => [name, place, nameOf(schema)]),
      ),
    );
  }
  if (operation.requestBody) box.append(element("p", `Body: ${contentOf(operation.requestBody)}`));
  const answers = Object.entries(operation.responses);
  box.append(
    table(
      ["Status", "Meaning", "Content", "Headers"],
      answers.map(([status, answer]) => [
        status,
        answer.description,
        contentOf(answer),
        Object.keys(answer.headers ?? {}).join(", "),
      ]),
    ),
  );
  return box;
}

function showSchema(name, schema) {
  const box = element("details", "", element("summary", name), element("p", schema.description));
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length) {
    box.append(
      table(
        ["Field", "Type", "Default"],
        fields.map(([field, of]) => [
          field,
          nameOf(of),
          required.has(field) ? "required" : "default" in of ? JSON.stringify(of.default) : (of.description ?? ""),
        ]),
      ),
    );
  } else {
    box.append(element("p", nameOf(schema)));
  }
  return box;
}

const response = await fetch(`${base}/openapi.json`);
const api = await response.json();
byId("about").textContent = api.info.description;
const bySubject = new Map();
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const [subject] = operation.tags;
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), showOperation(path, method, operation)]);
  }
}
byId("operations").replaceChildren(
  ...[...bySubject].map(([subject, operations]) => element("section", "", element("h2", subject), ...operations)),
);
byId("schemas").append(...Object.entries(api.components.schemas).map(([name, schema]) => showSchema(name, schema)));
