// JSON as it was sent: numbers keep every digit, objects their order and repeated keys. No recursion, so that deep
// nesting cannot exhaust the stack.

const SIMPLE = { t: ["true", true], f: ["false", false], n: ["null", null] };
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * The tree of a valid JSON text. A node is {kind, start, end}, where the text from `start` to `end` is its source, and
 * kind is "object" (with `entries`: [[key, node]]), "array" (with `items`: [node]), "string", "number" or "word" (with
 * `value`; of a number its digits as they were). Raises SyntaxError for what is no JSON.
 */
export function parseTree(text) {
  JSON.parse(text); // what follows relies on the text being valid
  const open = []; // containers around the present place
  let at = 0;
  let key = null;
  const skip = () => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };
  for (;;) {
    skip();
    let node = leaf(text, at) ?? container(text, at);
    at = node.end ?? at + 1;
    const into = open.at(-1);
    if (into) into.items ? into.items.push(node) : into.entries.push([key, node]);
    if (node.end === undefined) open.push(node);
    for (;;) {
      skip();
      const inside = open.at(-1);
      if (!inside) return node;
      if (text[at] === "," || text[at] === inside.close) {
        if (text[at++] === ",") skip();
        else {
          inside.end = at;
          node = open.pop();
          continue;
        }
      }
      if (inside.entries) {
        const name = leaf(text, at);
        key = name.value;
        at = name.end;
        skip();
        at++; // the colon
      }
      break;
    }
  }
}

function container(text, start) {
  if (text[start] === "{") return { kind: "object", start, close: "}", entries: [] };
  return { kind: "array", start, close: "]", items: [] };
}

function leaf(text, start) {
  const first = text[start];
  if (first === "{" || first === "[") return null;
  if (first === '"') {
    const end = endOfString(text, start);
    return { kind: "string", start, end, value: JSON.parse(text.slice(start, end)) };
  }
  if (first in SIMPLE) {
    const [source, value] = SIMPLE[first];
    return { kind: "word", start, end: start + source.length, value };
  }
  NUMBER.lastIndex = start;
  const [value] = NUMBER.exec(text);
  return { kind: "number", start, end: start + value.length, value };
}

function endOfString(text, start) {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    let before = at;
    while (text[before - 1] === "\\") before--;
    if ((at - before) % 2 === 0) return at + 1;
  }
}

/** How many values a container holds. */
export const sizeOf = (node) => (node.entries ?? node.items ?? []).length;

/** A container's values: [[key or index, node]]. */
export const childrenOf = (node) => node.entries ?? node.items.map((item, i) => [i, item]);

/** The tree's text laid out over lines, each number as it was. */
export function layOut(text, root) {
  const out = [];
  const todo = [[root, ""]];
  while (todo.length) {
    const [part, indent] = todo.pop();
    if (typeof part === "string") {
      out.push(part);
    } else if (!sizeOf(part)) {
      out.push(part.close ? (part.entries ? "{}" : "[]") : text.slice(part.start, part.end));
    } else {
      const deeper = `${indent}  `;
      const children = childrenOf(part);
      out.push(part.entries ? "{" : "[");
      todo.push([`\n${indent}${part.close}`]);
      for (let i = children.length - 1; i >= 0; i--) {
        const [key, child] = children[i];
        todo.push([child, deeper], [`${i ? "," : ""}\n${deeper}${part.entries ? `${JSON.stringify(key)}: ` : ""}`]);
      }
    }
  }
  return out.join("");
}
