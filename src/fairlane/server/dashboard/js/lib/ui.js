// The one place that imports the libraries. Pages and components import from here.

import htm from "htm";
import { h } from "preact";
import { base } from "./base.js";

export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export { Fragment, render } from "preact";
export {
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";

// Links name paths of ours without the base path; here they get it.
const element = (type, props, ...children) =>
  h(type, type === "a" && props?.href?.startsWith("/") ? { ...props, href: base + props.href } : props, ...children);

/** Markup as a tagged template. Its values become text or properties, never markup. */
export const html = htm.bind(element);

/** Class names joined, without the falsy ones. */
export const classes = (...names) => names.filter(Boolean).join(" ");
