// The one place that imports the libraries. Pages and components import from here.

import htm from "htm";
import { h } from "preact";

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

/** Markup as a tagged template. Its values become text or properties, never markup. */
export const html = htm.bind(h);

/** Class names joined, without the falsy ones. */
export const classes = (...names) => names.filter(Boolean).join(" ");
