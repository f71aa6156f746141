// JSON as it was sent: numbers keep every digit, objects their order and repeated keys. No recursion, so that deep
// nesting cannot exhaust the stack.

const WORDS = { t: ["true", true], f: ["false", false], n: ["null", null] };
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

/** Why a text is no JSON, and `at` which character. */
export class JsonFault extends Error {
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

/**
 * The tree of a JSON text. A node is {kind, start, end}, where the text from `start` to `end` is its source, and kind is
 * "object" (with `entries`: [[key, node]]), "array" (with `items`: [node]), "string", "number" or "word" (with `value`;
 * of a number its digits as they were). Raises JsonFault.
 */
export function parseTree(text) {
  const open = []; // containers around the present place
  const reader = new Reader(text);
  let key = null;
  for (;;) {
    let node = reader.value();
    const into = open.at(-1);
    if (into) into.items ? into.items.push(node) : into.entries.push([key, node]);
    if (node.end === undefined) open.push(node); // a container, of which only the bracket is read
    for (;;) {
      const inside = open.at(-1);
      if (!inside) {
        reader.end();
        return node;
      }
      const first = !sizeOf(inside);
      if (reader.takes(inside.close)) {
        node = open.pop();
        node.end = reader.at;
        continue;
      }
      if (!first && !reader.takes(",")) throw reader.unexpected(`"," or "${inside.close}"`);
      if (inside.entries) key = reader.key();
      break;
    }
  }
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  skip() {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = SPACE.lastIndex;
    return this.text[this.at];
  }

  takes(character) {
    if (this.skip() !== character) return false;
    this.at++;
    return true;
  }

  unexpected(wanted) {
    const found = this.skip();
    return new JsonFault(
      found === undefined ? `it ends where ${wanted} should follow` : `${wanted} should be here`,
      this.at,
    );
  }

  /** The next value; of a container only its beginning. */
  value() {
    const first = this.skip();
    const start = this.at;
    if (first === '"') return { kind: "string", start, value: this.string(), end: this.at };
    if (first === "{" || first === "[") {
      this.at++;
      return first === "{"
        ? { kind: "object", start, close: "}", entries: [] }
        : { kind: "array", start, close: "]", items: [] };
    }
    const [word, value] = WORDS[first] ?? [];
    if (word && this.text.startsWith(word, start)) {
      this.at += word.length;
      return { kind: "word", start, value, end: this.at };
    }
    NUMBER.lastIndex = start;
    const [digits] = NUMBER.exec(this.text) ?? [];
    if (!digits) throw this.unexpected("a value");
    this.at += digits.length;
    return { kind: "number", start, value: digits, end: this.at };
  }

  key() {
    if (this.skip() !== '"') throw this.unexpected("a name in double quotes");
    const key = this.string();
    if (!this.takes(":")) throw this.unexpected('":"');
    return key;
  }

  string() {
    const start = this.at;
    for (let at = start + 1; ; at++) {
      at = this.text.indexOf('"', at);
      if (at < 0) throw new JsonFault("this string does not end", start);
      let before = at;
      while (this.text[before - 1] === "\\") before--;
      if ((at - before) % 2 === 0) {
        this.at = at + 1;
        break;
      }
    }
    try {
      return JSON.parse(this.text.slice(start, this.at));
    } catch {
      throw new JsonFault("this string has a line break, or an escape that JSON does not know", start);
    }
  }

  end() {
    if (this.skip() !== undefined) throw new JsonFault("nothing more should follow", this.at);
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
